//! The time from the answer to a change at one instance until a reader at another one has it, by long poll, at 50 changes a second
//! (PostgreSQL).

use crate::plan::Plan;
use crate::report::{Bar, Row, Side, say};
use crate::rows::delivery::{send, subject_id};
use crate::samples::percentile_ms;
use crate::site::Site;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;
use support::gateway::Settings;
use support::http::Feed;
use support::postgres::Postgres;

/// Changes a second, and the duration.
const RATE: u32 = 50;
const SECONDS: u32 = 60;

pub async fn run(plan: &Plan) -> Vec<Row> {
    say("commit at one instance to long poll at another one");
    let settings = Settings {
        database: Some(Postgres::shared().await.database().await),
        ..plan.settings()
    };
    let site = Arc::new(Site::start(settings).await);
    let mut app = site.gateway.app("booking");
    let other = site.gateway.twin().await;
    app.feed_url = app.feed_url.replace(&site.gateway.url(), &other.url());
    let reader = tokio::spawn(read(Feed::new(&app), (RATE * SECONDS) as usize));
    let sent = send(&site, RATE, SECONDS).await;
    let seen = reader.await.expect("the reader");

    let after_answer: Vec<_> = sent
        .iter()
        .map(|(id, (_, answered))| seen[id].saturating_duration_since(*answered))
        .collect();
    vec![Row {
        what: format!("commit at one instance -> long poll at another, p99 at {RATE} changes/s, PostgreSQL"),
        unit: "ms",
        ours: Side::single(
            "from the answer (after the commit) to the page",
            percentile_ms(&after_answer, 99),
        ),
        theirs: None,
        bar: Bar::Below(50.0),
        notes: vec![format!(
            "p50 {:.1} ms, highest {:.1} ms, over {} changes",
            percentile_ms(&after_answer, 50),
            percentile_ms(&after_answer, 100),
            sent.len()
        )],
    }]
}

/// Reads the feed until `total` events were seen; returns the time of each identity's.
async fn read(feed: Feed, total: usize) -> HashMap<String, Instant> {
    let (mut after, mut seen) = (0, HashMap::new());
    while seen.len() < total {
        let page = feed.page(after, 500, 25).await.expect(200);
        let now = Instant::now();
        let events = page.body["events"].as_array().expect("events");
        seen.extend(events.iter().map(|entry| (subject_id(&entry["event"]), now)));
        after = page.body["next"].as_u64().expect("next");
    }
    seen
}
