//! Creation on PostgreSQL: match query + POST with event and log, 32 connections, beside a pgbench script
//! with a query without a result and an insert of the same three rows.

use crate::beside::{Beside, Words, slice};
use crate::least::Least;
use crate::load::{closed_loop, expect};
use crate::pgbench::NAME;
use crate::plan::Plan;
use crate::report::{Bar, Row, Side, say};
use crate::samples::percentile_ms;
use crate::seed;
use crate::site::Site;
use crate::wire::Connection;
use std::sync::Arc;
use support::gateway::Settings;
use support::postgres::Postgres;

pub async fn run(plan: &Plan) -> Vec<Row> {
    say("create on PostgreSQL, beside pgbench");
    let site = Arc::new(started(plan).await);
    // The same again with an app: the positions of its feed are written meanwhile, which pgbench has no
    // equivalent for.
    let app_site = Arc::new(started(plan).await);
    app_site.gateway.app("booking");
    // A database of its own without a gateway, which would stamp the events meanwhile.
    let mut theirs = started(plan).await;
    let mut connection = Connection::open(theirs.address).await.expect("connect");
    expect(&mut connection, &theirs.create(seed::TEMPLATE), 201).await;
    let script = Least::of(&theirs).await.create();
    theirs.gateway.terminate();

    let mut beside = Beside::new(&site, site.creates(), script).await;
    let (creates, mut with_app) = (app_site.creates(), Vec::new());
    for round in 0..=plan.rounds {
        beside.round(plan, round).await;
        let also = closed_loop(app_site.address, slice(plan, round), &app_site.next, &creates).await;
        if round > 0 {
            with_app.push(also.rate);
        }
    }
    let words = Words {
        what: "create on PostgreSQL, 32 connections",
        unit: "people/s",
        one: "person",
        ours: "usher serve: GET by userName, then POST",
    };
    let notes = vec![
        "pgbench: a select that finds nobody, a statement that inserts three rows; both commit with fsync"
            .to_owned(),
        format!(
            "a person (both requests): p50 {:.1} ms, p99 {:.1} ms",
            percentile_ms(&beside.times, 50),
            percentile_ms(&beside.times, 99)
        ),
        "the load generator's and the gateway's own work shares the processors with PostgreSQL".to_owned(),
    ];
    let mut rows = beside.rows(words, Bar::RatioAtLeast(0.5), notes);
    rows.push(Row {
        what: "the same while an app's feed is written".to_owned(),
        unit: "people/s",
        ours: Side::median("usher serve, stamping each event for one app", &with_app),
        theirs: Some(Side::median(NAME, &beside.theirs)),
        bar: Bar::None,
        notes: vec!["pgbench writes no positions: for information".to_owned()],
    });
    rows
}

async fn started(plan: &Plan) -> Site {
    Site::start(Settings {
        database: Some(Postgres::shared().await.database().await),
        ..plan.settings()
    })
    .await
}
