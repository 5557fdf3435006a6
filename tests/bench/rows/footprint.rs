//! The idle gateway: memory after the start, and the time to `/health/ready` on a migrated database. Then its highest memory with
//! 10,000 directories in the database, while one of them has an initial cycle of 100,000 people.

use crate::load::closed_loop;
use crate::plan::Plan;
use crate::report::{Bar, Row, Side, say};
use crate::site::{Site, sqlite_file};
use crate::wire::Connection;
use sqlx::{ConnectOptions as _, Connection as _, Executor as _};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use support::gateway::Settings;
use support::postgres::Postgres;

/// People of the initial cycle.
const CYCLE: u64 = 100_000;
/// Starts of each kind.
const STARTS: usize = 10;

pub async fn run(plan: &Plan) -> Vec<Row> {
    let database = Postgres::shared().await.database().await;
    let postgres = Settings {
        database: Some(database),
        ..plan.settings()
    };
    let mut rows = Vec::new();
    for (name, settings) in [("SQLite", plan.settings()), ("PostgreSQL", postgres)] {
        say(&format!("start and idle memory, {name}"));
        let mut site = Site::start(settings).await;
        site.gateway.terminate();
        let (mut starts, mut memory) = (Vec::new(), Vec::new());
        for _ in 0..STARTS {
            let begin = Instant::now();
            site.gateway.start_without_waiting();
            ready(site.address).await;
            starts.push(begin.elapsed().as_secs_f64() * 1e3);
            tokio::time::sleep(Duration::from_millis(500)).await;
            memory.push(site.gateway.process().resident_kib() as f64 / 1024.0);
            site.gateway.terminate();
        }
        rows.push(row(&format!("start to ready, {name}"), "ms", 300.0, &starts));
        rows.push(row(&format!("idle memory, {name}"), "MiB", 40.0, &memory));
        let peak = cycle(site, name).await;
        let what = format!("highest memory, 10,000 directories and a cycle of 100,000, {name}");
        rows.push(row(&what, "MiB", 256.0, &[peak]));
    }
    rows
}

/// MiB at most. The other directories are only there: each request of theirs would pay for argon2 once.
async fn cycle(mut site: Site, name: &str) -> f64 {
    say(&format!("a cycle of 100,000 beside 10,000 directories, {name}"));
    if let Some(database) = site.gateway.database() {
        let mut connection = sqlx::PgConnection::connect(&database.super_url)
            .await
            .expect("connect");
        let sql = "WITH t AS (INSERT INTO tenant (id, name, created_at) \
                       SELECT gen_random_uuid(), 'more-' || n, n FROM generate_series(1, 10000) n RETURNING id) \
                       INSERT INTO directory (tenant_id, id, profile, provider, switch, created_at) \
                       SELECT id, gen_random_uuid(), 'people', 'entra', 'on', 0 FROM t";
        connection.execute(sql).await.expect("directories");
    } else {
        let file = sqlite_file(site.gateway.folder().path());
        let mut connection = sqlx::sqlite::SqliteConnectOptions::new()
            .filename(file)
            .connect()
            .await
            .expect("the file");
        let sql = "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 10000) \
                       INSERT INTO tenant (id, name, created_at) SELECT randomblob(16), 'more-' || n, n FROM n; \
                       INSERT INTO directory (tenant_id, id, profile, provider, switch, created_at) \
                       SELECT id, randomblob(16), 'people', 'entra', 'on', 0 FROM tenant WHERE name LIKE 'more-%'";
        connection.execute(sql).await.expect("directories");
    }
    site.gateway.start_without_waiting();
    ready(site.address).await;
    site.warm().await;
    let site = Arc::new(site);
    let (make, last) = (site.creates(), site.next.load(Ordering::Relaxed) + CYCLE);
    while site.next.load(Ordering::Relaxed) < last {
        closed_loop(site.address, Duration::from_secs(5), &site.next, &make).await;
    }
    drop(make);
    let mut site = Arc::into_inner(site).expect("the load has ended");
    site.gateway.process().peak_kib() as f64 / 1024.0
}

fn row(what: &str, unit: &'static str, limit: f64, slices: &[f64]) -> Row {
    Row {
        what: what.to_owned(),
        unit,
        ours: Side::median("usher serve, migrated database", slices),
        theirs: None,
        bar: Bar::Below(limit),
        notes: Vec::new(),
    }
}

async fn ready(address: SocketAddr) {
    let request = crate::wire::get("/health/ready", "none");
    let end = Instant::now() + Duration::from_secs(30);
    while Instant::now() < end {
        if let Ok(mut connection) = Connection::open(address).await
            && let Ok(answer) = connection.call(&request).await
            && answer.status == 200
        {
            return;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    panic!("the gateway is not ready after 30 s");
}
