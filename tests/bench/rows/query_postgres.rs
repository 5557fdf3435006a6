//! The authenticated match query on PostgreSQL, in a directory of 1,000 and in one of 100,000, beside a
//! pgbench script that reads the same rows in one statement each.

use super::query_sqlite::same_whatever_the_size;
use crate::beside::{Beside, Words};
use crate::least::Least;
use crate::load::expect;
use crate::plan::Plan;
use crate::report::{Bar, Row, say};
use crate::seed;
use crate::site::{Site, user_name};
use crate::wire::Connection;
use std::sync::Arc;
use support::gateway::Settings;
use support::postgres::Postgres;

pub async fn run(plan: &Plan) -> Vec<Row> {
    say("match query on PostgreSQL, beside pgbench: seeding");
    let mut small = prepared(plan, 1_000).await;
    let mut large = prepared(plan, plan.large).await;
    say("match query on PostgreSQL: measuring");
    for round in 0..=plan.rounds {
        small.round(plan, round).await;
        large.round(plan, round).await;
    }
    let rows = |size: &str, beside: &Beside| {
        let words = Words {
            what: &format!("userName eq on PostgreSQL, {size}"),
            unit: "queries/s",
            one: "query",
            ours: "usher serve, 32 connections",
        };
        let notes = vec!["pgbench: one statement with the credential's check and the groups".to_owned()];
        beside.rows(words, Bar::RatioAtLeast(0.4), notes)
    };
    let mut all = rows("1 k", &small);
    all.extend(rows("100 k", &large));
    all.push(same_whatever_the_size("PostgreSQL", &small.ours, &large.ours));
    all
}

async fn prepared(plan: &Plan, count: u32) -> Beside {
    let postgres = Postgres::shared().await;
    let database = postgres.database().await;
    let mut admin = postgres.admin(&database.name).await;
    let site = Site::start(Settings {
        database: Some(database),
        ..plan.settings()
    })
    .await;
    let mut connection = Connection::open(site.address).await.expect("connect");
    expect(&mut connection, &site.create(seed::TEMPLATE), 201).await;
    seed::postgres(&mut admin, seed::IDENTITY, count).await;
    let known = seed::key(0);
    let body = expect(&mut connection, &site.find(&user_name(&known)), 200).await;
    assert!(
        String::from_utf8_lossy(&body).contains(&known),
        "the seeded people are not found"
    );
    let script = Least::of(&site).await.find(count);
    let site = Arc::new(site);
    Beside::new(&site, site.finds(count), script).await
}
