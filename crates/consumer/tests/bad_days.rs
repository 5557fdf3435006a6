//! Each bad day of a feed, from the consumer's side, over HTTP: the fake feed plays the gateway, and the tables must be the
//! expected ones in the end. No service is needed.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "the peer is part of the test: a surprise is a failure"
)]

mod tables;

#[path = "../examples/fake_feed"]
mod fake_feed {
    pub mod directory;
    pub mod feed;
    pub mod server;
}

use fake_feed::feed::{Day, FakeFeed};
use fake_feed::server::{Shared, serve};
use serde_json::Value;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tables::{Crash, Tables};
use usher_consumer::settings::CLAIM_AFTER;
use usher_consumer::{Feed, Place, Settings, Sharing};

/// The recorded events.
const ALL: u64 = 38;

fn recorded() -> Vec<Value> {
    let lines = include_str!("../examples/fake_feed/recorded.jsonl").lines();
    lines.map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn expected() -> Value {
    serde_json::from_str(include_str!("../examples/fake_feed/expected.json")).unwrap()
}

/// A fake feed that is served, with the settings to consume it.
struct World {
    feed: Shared,
    settings: Settings,
}

impl World {
    async fn new(days: &[Day]) -> Self {
        let mut feed = FakeFeed::new(recorded());
        for day in days {
            feed.happen(*day);
        }
        let feed: Shared = Arc::new(Mutex::new(feed));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/feeds/booking/events", listener.local_addr().unwrap());
        tokio::spawn(serve(
            listener,
            "booking".to_owned(),
            "s3cret".to_owned(),
            Arc::clone(&feed),
        ));
        let settings = Settings {
            feed: Feed::Http {
                url,
                credential: "s3cret".to_owned(),
            },
            group: "booking".to_owned(),
            consumer: "one".to_owned(),
            sharing: Sharing::OneReader,
            claim_after: CLAIM_AFTER,
        };
        Self { feed, settings }
    }

    fn happen(&self, days: &[Day]) {
        let mut feed = self.feed.lock().unwrap();
        for day in days {
            feed.happen(*day);
        }
    }

    fn asked(&self, beginning: &str) -> usize {
        let feed = self.feed.lock().unwrap();
        feed.asked
            .iter()
            .filter(|line| line.starts_with(beginning))
            .count()
    }

    /// Consumes until everything that was told is applied and acknowledged in the present epoch.
    async fn consume(&self, tables: &Tables) {
        let done = || {
            let feed = self.feed.lock().unwrap();
            let end = Place {
                epoch: feed.epoch(),
                position: feed.head(),
            };
            tables.place() == Some(end) && feed.acknowledged.last().copied().unwrap_or(0) == feed.head()
        };
        self.consume_until(tables, done).await;
    }

    async fn consume_until(&self, tables: &Tables, done: impl Fn() -> bool) {
        let stop = async {
            for _ in 0..3000 {
                if done() {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            panic!(
                "in vain: {:?}, asked {:?}",
                tables.place(),
                self.feed.lock().unwrap().asked
            );
        };
        let mut sink = tables.sink();
        usher_consumer::run(&self.settings, &mut sink, stop)
            .await
            .unwrap();
    }
}

/// A consumer that has applied the first `position` events, and the feed that it read.
async fn at(position: u64) -> (World, Tables) {
    let world = World::new(&[]).await;
    let tables = Tables::default();
    world.consume_until(&tables, || tables.place().is_some()).await;
    world.happen(&[Day::Tell(usize::try_from(position).unwrap())]);
    world.consume(&tables).await;
    assert_eq!(world.asked("snapshot"), 1);
    // The feed gets to know of the last request, which nobody waits for any more.
    tokio::time::sleep(Duration::from_millis(50)).await;
    (world, tables)
}

/// Everything that is recorded is told, and the tables are the expected ones.
async fn ends_well(world: &World, tables: &Tables) {
    world.happen(&[Day::Tell(usize::MAX)]);
    world.consume(tables).await;
    assert_eq!(tables.show(), expected());
}

#[tokio::test]
async fn events_alone_make_the_expected_tables() {
    let (world, tables) = at(ALL).await;
    assert_eq!(tables.show(), expected());
    assert_eq!(
        tables.applied(),
        (1..=ALL).collect::<Vec<_>>(),
        "in order, each once"
    );
    assert_eq!(world.asked("snapshot"), 1);
    assert!(world.asked("events after=0&limit=500&wait=25&epoch=1-") > 0);
}

#[tokio::test]
async fn a_snapshot_alone_makes_the_same_tables_page_by_page() {
    let world = World::new(&[Day::Tell(usize::MAX), Day::Page(2)]).await;
    let tables = Tables::default();
    world.consume(&tables).await;
    assert_eq!(tables.show(), expected());
    assert!(tables.applied().is_empty());
    assert!(world.asked("snapshot limit=500&cursor=") >= 3);
}

#[tokio::test]
async fn a_snapshot_at_any_position_and_the_events_after_it_make_the_same_tables() {
    // Not where a gateway never stands: its directory has all parts of a change, and tells no older revision after a newer one.
    let split = [13, 16, 17, 18];
    for position in (0..=ALL).filter(|position| !split.contains(position)) {
        let world = World::new(&[Day::Tell(usize::try_from(position).unwrap())]).await;
        let tables = Tables::default();
        world.consume(&tables).await;
        ends_well(&world, &tables).await;
    }
}

#[tokio::test]
async fn events_told_again_and_in_no_order_change_nothing() {
    let world = World::new(&[Day::Tell(4), Day::Repeat, Day::Shuffle]).await;
    let tables = Tables::default();
    world.consume(&tables).await;
    world.happen(&[Day::Tell(7)]);
    world.consume(&tables).await;
    ends_well(&world, &tables).await;
    assert_eq!(
        tables.applied(),
        (5..=ALL).collect::<Vec<_>>(),
        "each once, in order"
    );
}

#[tokio::test]
async fn a_position_past_retention_leads_to_a_snapshot() {
    for lost in [Day::Oldest(15), Day::Hole(15)] {
        let (world, tables) = at(5).await;
        world.happen(&[Day::Tell(15), lost]);
        world.consume(&tables).await;
        assert_eq!(world.asked("snapshot"), 2, "{lost:?}");
        ends_well(&world, &tables).await;
    }
}

#[tokio::test]
async fn what_is_older_than_the_feed_and_applied_long_ago_is_no_loss() {
    let (world, tables) = at(15).await;
    world.happen(&[Day::Oldest(10)]);
    ends_well(&world, &tables).await;
    assert_eq!(world.asked("snapshot"), 1);
}

#[tokio::test]
async fn an_older_history_in_a_new_epoch_replaces_the_tables() {
    for others in [0, 5, 12] {
        let (world, tables) = at(ALL).await;
        // The same length, a shorter and a longer one than what was read.
        world.happen(&[Day::Epoch(3), Day::Tell(others)]);
        world.consume(&tables).await;
        assert!(
            !tables.show().to_string().contains("room2@contoso.dk"),
            "what the older database does not have is removed"
        );
        assert!(tables.show().to_string().contains("Room 1"));
        ends_well(&world, &tables).await;
    }
}

#[tokio::test]
async fn a_consumer_that_is_ahead_of_the_feed_makes_it_begin_an_epoch() {
    let (world, tables) = at(5).await;
    let ahead = Place {
        epoch: world.feed.lock().unwrap().epoch(),
        position: 900,
    };
    tables.set_place(Some(ahead));
    ends_well(&world, &tables).await;
    assert!(tables.place().unwrap().epoch.starts_with("2-"));
}

#[tokio::test]
async fn a_false_alarm_costs_a_snapshot_and_nothing_else() {
    for status in [409, 410] {
        let (world, tables) = at(9).await;
        world.happen(&[Day::Refuse(status)]);
        ends_well(&world, &tables).await;
        assert_eq!(world.asked("snapshot"), 2);
    }
}

#[tokio::test]
async fn refusals_and_outages_are_waited_out() {
    let world = World::new(&[Day::Refuse(503), Day::Refuse(429), Day::Refuse(401)]).await;
    let tables = Tables::default();
    world.consume(&tables).await;
    world.happen(&[Day::Refuse(500), Day::Refuse(429), Day::Refuse(503)]);
    ends_well(&world, &tables).await;
    assert_eq!(tables.snapshots(), 1, "a page that failed is asked for again");
}

#[tokio::test]
async fn an_event_that_nobody_can_use_is_put_aside_and_the_others_go_on() {
    let (world, tables) = at(9).await;
    world.happen(&[Day::Poison]);
    ends_well(&world, &tables).await;
    assert_eq!(tables.rejected(), [10]);
    assert_eq!(tables.place().unwrap().position, ALL + 1);
}

#[tokio::test]
async fn a_store_that_cannot_store_gets_the_same_events_again_and_nothing_is_acknowledged_before() {
    let world = World::new(&[]).await;
    let tables = Tables::default();
    world.consume_until(&tables, || tables.place().is_some()).await;
    tables.crash(&[Crash::Apply, Crash::Apply]);
    world.happen(&[Day::Tell(5)]);
    world.consume(&tables).await;
    assert!(world.asked("events after=0") >= 3);
    assert_eq!(world.feed.lock().unwrap().acknowledged, [5]);
    ends_well(&world, &tables).await;
}

#[tokio::test]
async fn a_crash_within_a_snapshot_is_harmless() {
    let (world, tables) = at(ALL).await;
    world.happen(&[Day::Page(1), Day::Epoch(12)]);
    tables.crash(&[Crash::Page(3)]);
    let crashed = || tables.crashes_left() == 0;
    world.consume_until(&tables, crashed).await;
    // The process is gone in the middle of it: the tables are of two histories, and have no place.
    assert_eq!(tables.place(), None);
    ends_well(&world, &tables).await;
}

#[tokio::test]
async fn a_new_epoch_between_two_pages_begins_the_snapshot_anew() {
    let world = World::new(&[Day::Tell(20), Day::Page(1)]).await;
    let tables = Tables::default();
    tables.slow_pages(Duration::from_millis(50));
    world
        .consume_until(&tables, || world.asked("snapshot") >= 3)
        .await;
    assert_eq!(tables.place(), None);
    world.happen(&[Day::Epoch(4)]);
    ends_well(&world, &tables).await;
}

#[tokio::test]
async fn two_readers_of_one_store_do_no_harm() {
    let (world, tables) = at(3).await;
    let mut second = world.settings.clone();
    second.consumer = "two".to_owned();
    let other = tables.clone();
    let stop = async { tokio::time::sleep(Duration::from_secs(3)).await };
    let spare = tokio::spawn(async move {
        let mut sink = other.sink();
        usher_consumer::run(&second, &mut sink, stop).await.unwrap();
    });
    for _ in 0..12 {
        world.happen(&[Day::Tell(2)]);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    ends_well(&world, &tables).await;
    spare.await.unwrap();
    assert_eq!(
        tables.applied(),
        (1..=ALL).collect::<Vec<_>>(),
        "each once, in order"
    );
}

#[tokio::test]
async fn a_second_process_waits_for_the_snapshot_of_the_first() {
    let world = World::new(&[Day::Tell(5)]).await;
    let tables = Tables::default();
    // Another consumer has begun.
    tables.begin_as("another");
    world.consume_until(&tables, || tables.refused() >= 2).await;
    assert_eq!(world.asked("snapshot"), 0);
    tables.let_go();
    ends_well(&world, &tables).await;
}

#[test]
fn workers_share_no_http_feed() {
    let settings = Settings {
        feed: Feed::Http {
            url: "http://127.0.0.1:9/feeds/booking/events".to_owned(),
            credential: "c".to_owned(),
        },
        group: "booking".to_owned(),
        consumer: "one".to_owned(),
        sharing: Sharing::Workers,
        claim_after: CLAIM_AFTER,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let mut sink = Tables::default().sink();
    let refused = runtime.block_on(usher_consumer::run(&settings, &mut sink, std::future::pending()));
    let text = refused
        .expect_err("settings that contradict each other")
        .to_string();
    assert!(text.contains("one reader a group"), "{text}");
}

#[test]
fn the_recorded_events_have_every_type_and_every_difficulty() {
    let events = recorded();
    assert_eq!(events.len() as u64, ALL);
    let types: std::collections::BTreeSet<&str> = events
        .iter()
        .map(|event| event["type"].as_str().unwrap())
        .collect();
    for word in [
        "created",
        "updated",
        "deactivated",
        "reactivated",
        "deleted",
        "added",
        "removed",
    ] {
        assert!(
            types.contains(format!("usher.identity.{word}.v1").as_str()),
            "{word}"
        );
    }
    for word in [
        "created",
        "updated",
        "deleted",
        "members_changed",
        "added",
        "removed",
    ] {
        assert!(
            types.contains(format!("usher.group.{word}.v1").as_str()),
            "{word}"
        );
    }
    assert!(
        types.contains("usher.identity.praised.v1"),
        "one that nobody knows"
    );
}

#[test]
fn a_wiped_stream_is_written_anew_and_the_feed_stays_as_it_is() {
    let mut feed = FakeFeed::new(recorded());
    feed.happen(Day::Tell(5));
    let (stream, epoch) = (feed.stream(), feed.epoch());
    feed.happen("wipe".parse().expect("a day"));
    assert_ne!(feed.stream(), stream);
    assert_eq!((feed.epoch(), feed.head(), feed.after(2).count()), (epoch, 5, 3));
}
