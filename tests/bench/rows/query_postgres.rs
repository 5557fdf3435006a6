//! The authenticated match query on PostgreSQL, in a directory of 1,000 and in one of 100,000, beside pgbench reading the
//! same rows by the same statements.

use super::query_sqlite::same_whatever_the_size;
use crate::capture;
use crate::load::{closed_loop, expect};
use crate::pgbench::{Script, Vary};
use crate::plan::Plan;
use crate::report::{Bar, Row, Side, say};
use crate::seed;
use crate::site::{Site, user_name};
use crate::wire::Connection;
use std::sync::Arc;
use std::time::Duration;
use support::gateway::Settings;
use support::postgres::Postgres;

/// Runs it.
pub async fn run(plan: &Plan) -> Vec<Row> {
    say("match query on PostgreSQL, beside pgbench: seeding");
    let (small, mut small_script) = prepared(plan, 1_000).await;
    let (large, mut large_script) = prepared(plan, plan.large).await;
    let sides = [(&small, small.finds(1_000)), (&large, large.finds(plan.large))];
    say("match query on PostgreSQL: measuring");
    let mut rates = [Vec::new(), Vec::new(), Vec::new(), Vec::new()];
    // One round more than is counted: caches and prepared statements.
    for round in 0..=plan.rounds {
        let slice = if round == 0 {
            Duration::from_secs(2)
        } else {
            plan.slice
        };
        let measured = [
            small_script.run(slice),
            closed_loop(sides[0].0.address, slice, &small.next, &sides[0].1)
                .await
                .rate,
            large_script.run(slice),
            closed_loop(sides[1].0.address, slice, &large.next, &sides[1].1)
                .await
                .rate,
        ];
        if round > 0 {
            for (rates, rate) in rates.iter_mut().zip(measured) {
                rates.push(rate);
            }
        }
    }
    let [small_pgbench, small_usher, large_pgbench, large_usher] = rates;
    let row = |size: &str, ours: &[f64], theirs: &[f64], script: &Script| Row {
        what: format!("userName eq on PostgreSQL, {size} identities"),
        unit: "queries/s",
        ours: Side::median("usher serve, 32 connections", ours),
        theirs: Some(Side::median(
            "pgbench -M prepared -c 32 -j 2, the same statements",
            theirs,
        )),
        bar: Bar::RatioAtLeast(0.7),
        notes: vec![format!(
            "{} statements a query on both sides",
            script.statements()
        )],
    };
    vec![
        row("1 k", &small_usher, &small_pgbench, &small_script),
        row("100 k", &large_usher, &large_pgbench, &large_script),
        same_whatever_the_size("PostgreSQL", &small_usher, &large_usher),
    ]
}

async fn prepared(plan: &Plan, count: u32) -> (Arc<Site>, Script) {
    let postgres = Postgres::shared().await;
    let database = postgres.database().await;
    let site = Site::start(Settings {
        database: Some(database.clone()),
        ..plan.settings()
    })
    .await;
    let mut connection = Connection::open(site.address).await.expect("connect");
    expect(&mut connection, &site.create(seed::TEMPLATE), 201).await;
    let mut admin = postgres.admin(&database.name).await;
    seed::postgres(&mut admin, seed::IDENTITY, count).await;

    let tenant: String = sqlx::query_scalar("SELECT id::text FROM tenant")
        .fetch_one(&mut admin)
        .await
        .expect("a tenant");
    let marks = [site.token_id().to_owned(), tenant];
    let known = seed::key(0);
    let statements = capture::observe(&mut admin, &marks, async {
        let body = expect(&mut connection, &site.find(&user_name(&known)), 200).await;
        assert!(
            String::from_utf8_lossy(&body).contains(&known),
            "the seeded people are not found"
        );
    })
    .await;
    let number = format!("\\set k random(0, {})", count - 1);
    let vary = [Vary {
        from: known,
        to: "'copy' || lpad(:k::text, 6, '0')".to_owned(),
    }];
    let script = Script::new(&database.app_url, &statements, &number, &vary);
    (Arc::new(site), script)
}
