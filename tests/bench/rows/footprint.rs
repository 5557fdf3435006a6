//! The idle gateway: memory after the start, and the time to `/health/ready` on a migrated database.

use crate::plan::Plan;
use crate::report::{Bar, Row, Side, say};
use crate::site::Site;
use crate::wire::Connection;
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use support::gateway::Settings;
use support::postgres::Postgres;

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
            #[expect(clippy::cast_precision_loss, reason = "KiB of one process")]
            memory.push(site.gateway.process().resident_kib() as f64 / 1024.0);
            site.gateway.terminate();
        }
        rows.push(row(&format!("start to ready, {name}"), "ms", 300.0, &starts));
        rows.push(row(&format!("idle memory, {name}"), "MiB", 50.0, &memory));
    }
    rows
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
