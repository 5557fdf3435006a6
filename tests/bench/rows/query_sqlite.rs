//! The authenticated match query on SQLite, in a directory of 1,000 and in one of 100,000, beside a bare actix-web route.

use crate::load::{Make, closed_loop, expect};
use crate::plan::Plan;
use crate::report::{Bar, Row, Side, say};
use crate::site::{Site, user_name};
use crate::wire::Connection;
use crate::{bare, seed};
use sqlx::ConnectOptions;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

pub async fn run(plan: &Plan) -> Vec<Row> {
    say("match query on SQLite, beside a bare route: seeding");
    let small = prepared(plan, 1_000).await;
    let large = prepared(plan, plan.large).await;
    // The gateway's default: one worker a processor.
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    let bare = bare::start(workers).await;
    let request = small.find(&user_name(&seed::key(0)));
    let plain: Make = Arc::new(move |_| vec![(request.clone(), 200)]);
    let (finds_small, finds_large) = (small.finds(1_000), large.finds(plan.large));
    let next = Arc::new(AtomicU64::new(0));
    say("match query on SQLite: measuring");
    let mut rates = [Vec::new(), Vec::new(), Vec::new()];
    for round in 0..=plan.rounds {
        let slice = if round == 0 {
            Duration::from_secs(1)
        } else {
            plan.slice
        };
        let measured = [
            closed_loop(bare.address, slice, &next, &plain).await.rate,
            closed_loop(small.address, slice, &small.next, &finds_small)
                .await
                .rate,
            closed_loop(large.address, slice, &large.next, &finds_large)
                .await
                .rate,
        ];
        if round > 0 {
            for (rates, rate) in rates.iter_mut().zip(measured) {
                rates.push(rate);
            }
        }
    }
    drop((finds_small, finds_large));
    let mut large = Arc::into_inner(large).expect("nobody asks any more");
    #[expect(clippy::cast_precision_loss, reason = "KiB of one process")]
    let held = large.gateway.process().resident_kib() as f64 / 1024.0;
    let [route, small, large] = rates;
    let row = |size: &str, ours: &[f64]| Row {
        what: format!("userName eq on SQLite, {size} identities"),
        unit: "queries/s",
        ours: Side::median("usher serve, 32 connections", ours),
        theirs: Some(Side::median(
            "bare actix-web route, as many workers, 600 bytes",
            &route,
        )),
        bar: Bar::RatioAtLeast(0.2),
        notes: Vec::new(),
    };
    let memory = Row {
        what: format!("memory after the queries, SQLite, {} identities", plan.large),
        unit: "MiB",
        ours: Side::single("usher serve", held),
        theirs: None,
        bar: Bar::None,
        notes: Vec::new(),
    };
    let size = same_whatever_the_size("SQLite", &small, &large);
    vec![row("1 k", &small), row("100 k", &large), size, memory]
}

/// The row that compares a large directory with a small one.
pub fn same_whatever_the_size(database: &str, small: &[f64], large: &[f64]) -> Row {
    Row {
        what: format!("userName eq on {database}, 100 k beside 1 k"),
        unit: "queries/s",
        ours: Side::median("usher serve, 100 k identities", large),
        theirs: Some(Side::median("usher serve, 1 k identities", small)),
        bar: Bar::RatioAtLeast(0.9),
        notes: Vec::new(),
    }
}

async fn prepared(plan: &Plan, count: u32) -> Arc<Site> {
    let mut site = Site::start(plan.settings()).await;
    let mut connection = Connection::open(site.address).await.expect("connect");
    expect(&mut connection, &site.create(seed::TEMPLATE), 201).await;
    drop(connection);
    site.gateway.terminate();
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(site.sqlite_file());
    let mut database = options.connect().await.expect("open the database file");
    seed::sqlite(&mut database, seed::IDENTITY, count).await;
    sqlx::Connection::close(database).await.expect("close");
    site.gateway.restart().await;
    site.warm().await;
    let mut connection = Connection::open(site.address).await.expect("connect");
    let body = expect(&mut connection, &site.find(&user_name(&seed::key(0))), 200).await;
    assert!(
        String::from_utf8_lossy(&body).contains(&seed::key(0)),
        "the seeded people are not found"
    );
    Arc::new(site)
}
