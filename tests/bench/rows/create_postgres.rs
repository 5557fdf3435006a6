//! Creation on PostgreSQL: match query + POST with event and log, 32 connections, beside pgbench committing the same
//! rows by the same statements to the same server.

use crate::capture::{self, Statement};
use crate::load::{closed_loop, expect};
use crate::pgbench::{Script, Vary};
use crate::plan::Plan;
use crate::report::{Bar, Row, Side, say};
use crate::samples::percentile_ms;
use crate::site::{Site, user_name};
use crate::wire::Connection;
use std::sync::Arc;
use std::time::Duration;
use support::gateway::Settings;
use support::postgres::Postgres;

/// The person of the capture.
const CAPTURED: &str = "capture000000";

/// Runs it.
pub async fn run(plan: &Plan) -> Vec<Row> {
    say("create on PostgreSQL, beside pgbench");
    let postgres = Postgres::shared().await;
    let database = postgres.database().await;
    let site = Arc::new(
        Site::start(Settings {
            database: Some(database.clone()),
            ..plan.settings()
        })
        .await,
    );
    let mut admin = postgres.admin(&database.name).await;
    let (statements, id) = captured(&site, &mut admin).await;
    let vary = [
        // Long enough to be a UUID's last group; an identity's own place in each index, as the gateway's have.
        Vary {
            from: id,
            to: "('00000000-0000-7000-8000-' || lpad(:k::text, 12, '0'))::uuid".to_owned(),
        },
        Vary {
            from: CAPTURED.to_owned(),
            to: ":k::text".to_owned(),
        },
    ];
    let number = "\\set k :base + :client_id * 1000000 + :n";
    let mut script = Script::new(&database.app_url, &statements, number, &vary);
    // The same again with an app: its feed's positions are written meanwhile, which pgbench has nothing to compare with.
    let told = Settings {
        database: Some(postgres.database().await),
        ..plan.settings()
    };
    let told = Arc::new(Site::start(told).await);
    told.gateway.app("booking");
    let sides = [(&site, site.creates()), (&told, told.creates())];

    let (mut plain, mut with_app, mut theirs, mut times) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for round in 0..=plan.rounds {
        let slice = if round == 0 {
            Duration::from_secs(2)
        } else {
            plan.slice
        };
        let pgbench = script.run(slice);
        let done = closed_loop(site.address, slice, &site.next, &sides[0].1).await;
        let also = closed_loop(told.address, slice, &told.next, &sides[1].1).await;
        // The first round fills caches and prepares statements.
        if round > 0 {
            theirs.push(pgbench);
            plain.push(done.rate);
            with_app.push(also.rate);
            times.extend(done.times);
        }
    }
    let theirs = Side::median("pgbench -M prepared -c 32 -j 2, the same statements", &theirs);
    let notes = vec![
        format!(
            "{} statements a person on both sides, as PostgreSQL's log showed them; both commit with fsync",
            script.statements()
        ),
        format!(
            "a person (both requests): p50 {:.1} ms, p99 {:.1} ms",
            percentile_ms(&times, 50),
            percentile_ms(&times, 99)
        ),
        "the load generator's and the gateway's own work shares the processors with PostgreSQL".to_owned(),
    ];
    vec![
        Row {
            what: "create on PostgreSQL, 32 connections".to_owned(),
            unit: "people/s",
            ours: Side::median("usher serve: GET by userName, then POST", &plain),
            theirs: Some(theirs.clone()),
            bar: Bar::RatioAtLeast(0.7),
            notes,
        },
        Row {
            what: "the same while an app's feed is written".to_owned(),
            unit: "people/s",
            ours: Side::median("usher serve, stamping each event for one app", &with_app),
            theirs: Some(theirs),
            bar: Bar::None,
            notes: vec!["pgbench writes no positions: for information".to_owned()],
        },
    ]
}

/// The statements of one match query and one creation, and the new identity's id.
async fn captured(site: &Site, admin: &mut sqlx::PgConnection) -> (Vec<Statement>, String) {
    let mut connection = Connection::open(site.address).await.expect("connect");
    let tenant = sqlx::query_scalar("SELECT id::text FROM tenant")
        .fetch_one(&mut *admin)
        .await
        .expect("a tenant");
    let marks = [site.token_id().to_owned(), tenant];
    let statements = capture::observe(admin, &marks, async {
        expect(&mut connection, &site.find(&user_name(CAPTURED)), 200).await;
        expect(&mut connection, &site.create(CAPTURED), 201).await;
    })
    .await;
    let commits = statements
        .iter()
        .filter(|statement| statement.sql.to_uppercase().starts_with("COMMIT"))
        .count();
    assert!(
        statements.len() >= 4 && commits <= 1,
        "these are not the statements of one creation: {statements:#?}"
    );
    let id = sqlx::query_scalar("SELECT id::text FROM identity WHERE user_name_key LIKE '%' || $1 || '%'")
        .bind(CAPTURED)
        .fetch_one(admin)
        .await
        .expect("the new identity");
    (statements, id)
}
