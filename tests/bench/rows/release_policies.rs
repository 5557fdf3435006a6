//! The stamper beside release policies: the rate at which a backlog of committed events gets its positions in the feeds of ten more apps,
//! which see everything, or whose policies have to be asked.

use super::drain::pile_up;
use crate::base::{self, Kind};
use crate::load::expect;
use crate::plan::Plan;
use crate::report::{Bar, Row, Side, say};
use crate::seed;
use crate::site::Site;
use crate::wire::Connection;
use std::time::{Duration, Instant};
use support::gateway::{App, Settings};
use support::http::Feed;

/// Apps beside the one whose feed is looked at.
const APPS: u32 = 10;
/// Events of a backlog.
const BACKLOG: u32 = 4_000;

/// What the other apps see.
#[derive(Clone, Copy, Debug)]
enum Others {
    None,
    Everything,
    ByPolicy,
}

pub async fn run(plan: &Plan) -> Vec<Row> {
    base::on_both(async |kind| vec![row(plan, kind).await]).await
}

async fn row(plan: &Plan, kind: Kind) -> Row {
    say(&format!("stamping with release policies, {}", kind.name()));
    let alone = rate(plan, kind, Others::None).await;
    let (mut open, mut by_policy) = (Vec::new(), Vec::new());
    for _ in 0..plan.rounds.min(3) {
        open.push(rate(plan, kind, Others::Everything).await);
        by_policy.push(rate(plan, kind, Others::ByPolicy).await);
    }
    Row {
        what: format!("stamping for {APPS} apps with release policies, {}", kind.name()),
        unit: "events/s",
        ours: Side::median("each sees one profile and two fields", &by_policy),
        theirs: Some(Side::median("the same apps without a policy", &open)),
        bar: Bar::None,
        notes: vec![format!(
            "for one app alone {alone:.0} events/s; {BACKLOG} events, each of one directory, a new database each time"
        )],
    }
}

/// Events a second, from the first position that is seen to the last.
async fn rate(plan: &Plan, kind: Kind, others: Others) -> f64 {
    let database = kind.database().await;
    let site = Site::start(Settings {
        database: database.clone(),
        ..plan.settings()
    })
    .await;
    let app = site.gateway.app("booking");
    for number in 0..APPS {
        let name = format!("app-{number}");
        let policy = [
            "--profile",
            "advisors",
            "--field",
            "office",
            "--field",
            "displayName",
        ];
        let words: &[&str] = match others {
            Others::None => continue,
            Others::Everything => &[],
            Others::ByPolicy => &policy,
        };
        site.gateway.cli(&[&["app", "create", &name], words].concat());
    }
    let mut connection = Connection::open(site.address).await.expect("connect");
    expect(&mut connection, &site.create(seed::TEMPLATE), 201).await;
    let end = u64::from(BACKLOG) + 1;
    let ((), rate) = tokio::join!(pile_up(&site, database.as_ref(), BACKLOG), stamped(&app, end));
    rate
}

/// Waits until the feed's head is `end`; events a second from the first one seen on.
async fn stamped(app: &App, end: u64) -> f64 {
    let feed = Feed::new(app);
    let limit = Instant::now() + Duration::from_mins(2);
    let mut first: Option<(u64, Instant)> = None;
    loop {
        let (head, now) = (feed.head().await, Instant::now());
        if head > 1 && first.is_none() {
            first = Some((head, now));
        }
        if head >= end {
            let (from, begun) = first.expect("a first look");
            #[expect(clippy::cast_precision_loss, reason = "a backlog of thousands")]
            let events = (end - from) as f64;
            return events / (now - begun).as_secs_f64().max(1e-3);
        }
        assert!(now < limit, "the feed is at {head} of {end} after two minutes");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
