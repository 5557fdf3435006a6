//! The time from the answer to a change until the change can be read in Redis, at 500 changes a second.

use crate::load::expect;
use crate::plan::Plan;
use crate::report::{Bar, Row, Side, say};
use crate::samples::percentile_ms;
use crate::site::Site;
use crate::wire::Connection;
use redis::streams::{StreamRangeReply, StreamReadReply};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use support::gateway::Settings;
use support::postgres::Postgres;
use support::redis::Redis;

/// Changes a second, the duration, and the number of connections.
const RATE: u32 = 500;
const SECONDS: u32 = 12;
const SENDERS: u32 = 64;

pub async fn run(plan: &Plan) -> Vec<Row> {
    let database = Postgres::shared().await.database().await;
    vec![
        measure("PostgreSQL", Some(database), plan).await,
        measure("SQLite", None, plan).await,
    ]
}

async fn measure(name: &str, database: Option<support::postgres::Database>, plan: &Plan) -> Row {
    say(&format!("commit to Redis, {name}"));
    let redis = Redis::start().await;
    let settings = Settings {
        database,
        redis: Some(redis.url()),
        ..plan.settings()
    };
    let site = Arc::new(Site::start(settings).await);
    let app = site.gateway.app("booking");
    wait_for_stream(&site, &redis, &app.stream).await;
    let last = last_id(&redis, &app.stream).await;

    let total = RATE * SECONDS;
    let (url, stream) = (redis.url(), app.stream.clone());
    let reader = tokio::task::spawn_blocking(move || read(&url, &stream, &last, total as usize));
    let sent = send(&site, RATE, SECONDS).await;
    let seen = reader.await.expect("the reader");

    let (mut after_answer, mut after_sending) = (Vec::new(), Vec::new());
    for (id, (sending, answered)) in &sent {
        let seen = seen
            .get(id)
            .unwrap_or_else(|| panic!("the event of {id} is not in Redis"));
        after_answer.push(seen.saturating_duration_since(*answered));
        after_sending.push(seen.saturating_duration_since(*sending));
    }
    Row {
        what: format!("commit -> readable in Redis, p99 at {RATE} changes/s, {name}"),
        unit: "ms",
        ours: Side::single(
            "from the answer (after the commit) to XREAD",
            percentile_ms(&after_answer, 99),
        ),
        theirs: None,
        bar: Bar::Below(250.0),
        notes: vec![
            format!(
                "p50 {:.1} ms, over {} changes",
                percentile_ms(&after_answer, 50),
                sent.len()
            ),
            format!(
                "from sending the request: p50 {:.1} ms, p99 {:.1} ms",
                percentile_ms(&after_sending, 50),
                percentile_ms(&after_sending, 99)
            ),
        ],
    }
}

/// Creates people at a steady rate; returns for each identity's id the times of sending and answer.
pub async fn send(site: &Arc<Site>, rate: u32, seconds: u32) -> HashMap<String, (Instant, Instant)> {
    let start = tokio::time::Instant::now() + Duration::from_millis(200);
    let mut tasks = Vec::new();
    for sender in 0..SENDERS {
        let site = Arc::clone(site);
        tasks.push(tokio::spawn(async move {
            let mut connection = Connection::open(site.address).await.expect("connect");
            let mut sent = Vec::new();
            let mut tick = sender;
            while tick < rate * seconds {
                tokio::time::sleep_until(start + Duration::from_secs(1) * tick / rate).await;
                let key = site.next.fetch_add(1, Ordering::Relaxed).to_string();
                let begin = Instant::now();
                let body = expect(&mut connection, &site.create(&key), 201).await;
                sent.push((id(&body), (begin, Instant::now())));
                tick += SENDERS;
            }
            sent
        }));
    }
    let mut all = HashMap::new();
    for task in tasks {
        all.extend(task.await.expect("a sender"));
    }
    all
}

fn id(body: &[u8]) -> String {
    let body: serde_json::Value = serde_json::from_slice(body).expect("JSON");
    body["id"].as_str().expect("an id").to_owned()
}

/// The id of the identity that an event is about.
pub fn subject_id(event: &serde_json::Value) -> String {
    let subject = event["subject"].as_str().expect("a subject");
    subject.rsplit('/').next().unwrap_or_default().to_owned()
}

/// Reads the stream until `total` events were seen; returns the time of each identity's.
fn read(url: &str, stream: &str, last: &str, total: usize) -> HashMap<String, Instant> {
    let client = redis::Client::open(url).expect("a URL");
    let mut connection = client.get_connection().expect("connect to Redis");
    let (mut last, mut seen) = (last.to_owned(), HashMap::new());
    let end = Instant::now() + Duration::from_secs(u64::from(SECONDS) + 60);
    while seen.len() < total && Instant::now() < end {
        let reply: StreamReadReply = redis::cmd("XREAD")
            .arg(&["COUNT", "1000", "BLOCK", "200", "STREAMS", stream, &last])
            .query::<Option<StreamReadReply>>(&mut connection)
            .expect("XREAD")
            .unwrap_or_default();
        let now = Instant::now();
        for entry in reply.keys.into_iter().flat_map(|key| key.ids) {
            let event: String = entry.get("ce").expect("a field ce");
            let event: serde_json::Value = serde_json::from_str(&event).expect("JSON");
            seen.insert(subject_id(&event), now);
            last = entry.id;
        }
    }
    seen
}

/// The relay polls for new feeds: it knows this one after the first change.
async fn wait_for_stream(site: &Site, redis: &Redis, stream: &str) {
    let mut connection = Connection::open(site.address).await.expect("connect");
    expect(&mut connection, &site.create("first"), 201).await;
    support::wait::until("the first event in Redis", Duration::from_secs(30), || async {
        let mut connection = redis.connection().await;
        let length: i64 = redis::cmd("XLEN")
            .arg(stream)
            .query_async(&mut connection)
            .await
            .ok()?;
        (length > 0).then_some(())
    })
    .await;
}

async fn last_id(redis: &Redis, stream: &str) -> String {
    let mut connection = redis.connection().await;
    let newest: StreamRangeReply = redis::cmd("XREVRANGE")
        .arg(&[stream, "+", "-", "COUNT", "1"])
        .query_async(&mut connection)
        .await
        .expect("XREVRANGE");
    newest
        .ids
        .first()
        .map_or_else(|| "0".to_owned(), |entry| entry.id.clone())
}
