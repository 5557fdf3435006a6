//! Creation on SQLite with synchronous=FULL: the gateway's group commit beside one commit a request on the
//! same disk.

use crate::load::{closed_loop, expect, over};
use crate::plan::Plan;
use crate::report::{Bar, Row, Side, say};
use crate::samples::percentile_ms;
use crate::seed::{self, sqlite_columns};
use crate::site::{Site, sqlite_file};
use crate::wire::Connection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{AssertSqlSafe, ConnectOptions, SqliteConnection};
use std::sync::Arc;
use std::time::{Duration, Instant};

pub async fn run(plan: &Plan) -> Vec<Row> {
    say("create on SQLite, beside a commit a request");
    let site = Arc::new(Site::start(plan.settings()).await);
    let mut naive = Naive::start(plan).await;
    let make = site.creates();
    let (mut ours, mut theirs, mut alone, mut times) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    closed_loop(site.address, Duration::from_secs(1), &site.next, &make).await;
    for _ in 0..plan.rounds {
        theirs.push(naive.run(plan.slice).await);
        let done = closed_loop(site.address, plan.slice, &site.next, &make).await;
        ours.push(done.rate);
        times.extend(done.times);
        let done = over(1, site.address, plan.slice, &site.next, &make).await;
        alone.push(done.rate);
    }
    let grouped = Side::median("usher serve: GET by userName, then POST (group commit)", &ours);
    let same_path = Row {
        what: "the same beside one connection, whose commits nobody shares".to_owned(),
        unit: "people/s",
        ours: grouped.clone(),
        theirs: Some(Side::median("usher serve, 1 connection", &alone)),
        bar: Bar::None,
        notes: vec!["what sharing commits and processors gains on the very same path".to_owned()],
    };
    let bar = Row {
        what: "create on SQLite, synchronous=FULL, 32 connections".to_owned(),
        unit: "people/s",
        ours: grouped,
        theirs: Some(Side::median(
            "BEGIN IMMEDIATE, the same three INSERTs, COMMIT, in a loop",
            &theirs,
        )),
        bar: Bar::RatioAtLeast(5.0),
        notes: vec![
            format!(
                "a person (both requests): p50 {:.1} ms, p99 {:.1} ms",
                percentile_ms(&times, 50),
                percentile_ms(&times, 99)
            ),
            "the loop pays for no HTTP, no credential and no query, only for its commits".to_owned(),
        ],
    };
    vec![bar, same_path]
}

/// Repeatedly writes the rows of one creation, each time with a commit of its own.
struct Naive {
    connection: SqliteConnection,
    statements: Vec<String>,
    number: i64,
    // Keeps the folder with the file; the gateway itself is stopped.
    _site: Site,
}

impl Naive {
    async fn start(plan: &Plan) -> Self {
        let mut site = Site::start(plan.settings()).await;
        let mut connection = Connection::open(site.address).await.expect("connect");
        expect(&mut connection, &site.create(seed::TEMPLATE), 201).await;
        drop(connection);
        site.gateway.terminate();
        let mut connection = SqliteConnectOptions::new()
            .filename(sqlite_file(site.gateway.folder().path()))
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .pragma("temp_store", "memory")
            .connect()
            .await
            .expect("open the database file");
        let statements = vec![
            again(
                &mut connection,
                "identity",
                "user_name_key LIKE '%seed000000%'",
                &[],
            )
            .await,
            again(&mut connection, "outbox", "body LIKE '%seed000000%'", &["id"]).await,
            again(
                &mut connection,
                "provisioning_log",
                "user_name_key LIKE '%seed000000%'",
                &["id"],
            )
            .await,
        ];
        Self {
            connection,
            statements,
            number: 0,
            _site: site,
        }
    }

    /// Runs for a slice; returns commits a second.
    async fn run(&mut self, time: Duration) -> f64 {
        let (start, mut count) = (Instant::now(), 0.0);
        while start.elapsed() < time {
            self.number += 1;
            self.execute("BEGIN IMMEDIATE").await;
            for index in 0..self.statements.len() {
                let (sql, number) = (self.statements[index].clone(), self.number);
                let done = sqlx::query(AssertSqlSafe(sql))
                    .bind(number)
                    .execute(&mut self.connection)
                    .await;
                done.expect("insert");
            }
            self.execute("COMMIT").await;
            count += 1.0;
        }
        count / start.elapsed().as_secs_f64()
    }

    async fn execute(&mut self, sql: &'static str) {
        sqlx::query(sql).execute(&mut self.connection).await.expect(sql);
    }
}

/// An `INSERT … VALUES` of the selected row, its values as literals; the id and the unique name vary by `$1`.
async fn again(connection: &mut SqliteConnection, table: &str, which: &str, generated: &[&str]) -> String {
    let (mut names, mut values) = (Vec::new(), Vec::new());
    for (name, _) in sqlite_columns(connection, table).await {
        if generated.contains(&name.as_str()) {
            continue;
        }
        let sql = format!("SELECT quote({name}) FROM {table} WHERE {which} LIMIT 1");
        let literal: String = sqlx::query_scalar(AssertSqlSafe(sql))
            .fetch_one(&mut *connection)
            .await
            .expect("the row");
        values.push(match name.as_str() {
            "id" | "identity_id" => "CAST(printf('%016d', $1) AS blob)".to_owned(),
            "user_name_key" | "external_id" => format!("{literal} || $1"),
            _ => literal,
        });
        names.push(name);
    }
    format!(
        "INSERT INTO {table} ({}) VALUES ({})",
        names.join(", "),
        values.join(", ")
    )
}
