//! From outbox to feeds: contiguous positions, order, no loss, with any number of stampers.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use domain::feed::Epoch;
use domain::id::AppId;
use domain::position::Position;
use serde_json::json;
use store::{FeedEvent, SaveOutcome};

use super::world::{World, position, worlds};

fn contiguous(events: &[FeedEvent]) -> bool {
    events
        .iter()
        .map(|event| event.position.number())
        .eq(1..=i64::try_from(events.len()).unwrap())
}

/// Writers change their own people while several stampers race (ADR 0003: a cursor lost 30 % here).
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn racing_stampers_lose_nothing_and_keep_each_identitys_order() {
    for world in worlds().await {
        let home = world.home("contoso").await;
        let apps = [world.app("booking").await, world.app("billing").await];
        let world = Arc::new(world);
        let writing = Arc::new(AtomicBool::new(true));
        let stampers: Vec<_> = (0..3)
            .map(|_| {
                let (world, writing) = (Arc::clone(&world), Arc::clone(&writing));
                tokio::spawn(async move {
                    while writing.load(Ordering::Relaxed) {
                        world.store.stamp(7).await.unwrap();
                    }
                })
            })
            .collect();
        let writers: Vec<_> = (0..8)
            .map(|number| {
                let (world, home) = (Arc::clone(&world), home.clone());
                tokio::spawn(async move {
                    let name = format!("p{number}");
                    let mut person = world.people(&home, &[&name]).await.remove(0);
                    for step in 0..15 {
                        let next = world.changed(
                            &person,
                            json!({"userName": name, "displayName": step.to_string()}),
                        );
                        assert_eq!(world.save(&home, &person, &next).await, SaveOutcome::Done);
                        person = next;
                    }
                })
            })
            .collect();
        for writer in writers {
            writer.await.unwrap();
        }
        writing.store(false, Ordering::Relaxed);
        for stamper in stampers {
            stamper.await.unwrap();
        }
        world.stamp_all().await;
        for app in &apps {
            let events = world.feed(app).await;
            assert_eq!(
                events.len(),
                8 * 16,
                "{}: nothing is lost, nothing twice",
                world.name()
            );
            assert!(contiguous(&events), "{}", world.name());
            let mut last: HashMap<&str, &str> = HashMap::new();
            for event in &events {
                let before = last.insert(&event.source, &event.sequence);
                assert!(
                    before < Some(event.sequence.as_str()),
                    "{}: {} out of order",
                    world.name(),
                    event.source
                );
            }
            assert_eq!(
                world.store.feed(app.id).await.unwrap().unwrap().head,
                position(128)
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_feed_begins_with_everything_the_outbox_holds() {
    for world in worlds().await {
        let home = world.home("contoso").await;
        world.people(&home, &["a", "b", "c"]).await;
        // Stamped before there was any feed.
        assert_eq!(world.store.stamp(500).await.unwrap().stamped, 3);
        world.people(&home, &["d"]).await;
        let booking = world.app("booking").await;
        world.people(&home, &["e"]).await;
        world.stamp_all().await;
        let events = world.feed(&booking).await;
        assert!(contiguous(&events), "{}", world.name());
        let names: Vec<_> = events
            .iter()
            .map(|event| {
                let body: serde_json::Value = serde_json::from_str(&event.body).unwrap();
                assert_eq!(body["source"], event.source.as_str());
                assert_eq!(body["sequence"], event.sequence.as_str());
                assert_eq!(body["type"], event.event_type.as_str());
                body["data"]["record"]["userName"].as_str().unwrap().to_owned()
            })
            .collect();
        assert_eq!(names, ["a", "b", "c", "d", "e"], "{}", world.name());
    }
}

/// Apps are created while people are written and stamped: each feed has every event, in any race.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_feed_made_under_load_misses_nothing() {
    for world in worlds().await {
        let home = world.home("contoso").await;
        let names: Vec<String> = (0..120).map(|number| format!("p{number}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let (writing, stamping) = (AtomicBool::new(true), AtomicBool::new(true));
        let ((), (), apps) = tokio::join!(
            async {
                let halves = names.split_at(60);
                tokio::join!(world.people(&home, halves.0), world.people(&home, halves.1));
                writing.store(false, Ordering::Relaxed);
            },
            async {
                while writing.load(Ordering::Relaxed) || stamping.load(Ordering::Relaxed) {
                    world.store.stamp(5).await.unwrap();
                }
            },
            async {
                let mut apps = Vec::new();
                for number in 0..5 {
                    apps.push(world.app(&format!("app{number}")).await);
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
                stamping.store(false, Ordering::Relaxed);
                apps
            }
        );
        world.stamp_all().await;
        for app in &apps {
            let events = world.feed(app).await;
            assert_eq!(events.len(), 120, "{} {}", world.name(), app.name);
            assert!(contiguous(&events), "{}", world.name());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_knows_the_head_also_when_it_is_empty() {
    for world in worlds().await {
        let home = world.home("contoso").await;
        let booking = world.app("booking").await;
        let page = |after: i64, limit| {
            let store = world.store.clone();
            async move {
                store
                    .feed_page(booking.id, position(after), limit)
                    .await
                    .unwrap()
                    .unwrap()
            }
        };
        let empty = page(0, 10).await;
        assert_eq!(
            (empty.events.len(), empty.ends.head, empty.ends.oldest),
            (0, position(0), position(1))
        );
        world.people(&home, &["a", "b", "c"]).await;
        let lag = world.store.outbox_lag().await.unwrap();
        assert_eq!(
            (lag.unstamped, lag.oldest.is_some()),
            (3, true),
            "{}",
            world.name()
        );
        let stamped = world.store.stamp(2).await.unwrap();
        assert_eq!(
            (stamped.stamped, stamped.heads),
            (2, vec![(booking.id, position(2))])
        );
        world.stamp_all().await;
        assert_eq!(
            world.store.outbox_lag().await.unwrap(),
            store::OutboxLag::default()
        );
        let second = page(1, 1).await;
        assert_eq!(
            (second.events[0].position, second.ends.head),
            (position(2), position(3))
        );
        let end = page(3, 1).await;
        assert_eq!(
            (end.events.len(), end.ends.head, end.ends.oldest),
            (0, position(3), position(1))
        );
        assert_eq!(end.ends.epoch, empty.ends.epoch);
        let none = AppId::from_uuid(uuid::Uuid::nil());
        assert_eq!(
            world.store.feed_page(none, Position::START, 1).await.unwrap(),
            None
        );
        world.store.set_published(booking.id, position(2)).await.unwrap();
        let feeds = world.store.feeds().await.unwrap();
        assert_eq!(
            (feeds.len(), feeds[0].head, feeds[0].published),
            (1, position(3), position(2)),
            "{}",
            world.name()
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_never_goes_back() {
    for world in worlds().await {
        let booking = world.app("booking").await;
        let home = world.home("contoso").await;
        world.people(&home, &["a", "b", "c", "d", "e"]).await;
        world.stamp_all().await;
        let epoch = world.store.feeds().await.unwrap()[0].epoch.clone();
        let (early, late) = (world.now(), world.now());
        let ack = async |group: &str, epoch: &Epoch, at: i64, when| {
            let place = (epoch, position(at));
            world.store.ack(booking.id, group, place, when).await.unwrap();
            world
                .store
                .set_delivered(booking.id, group, place, when)
                .await
                .unwrap();
        };
        ack("g", &epoch, 5, early).await;
        ack("g", &epoch, 3, late).await;
        ack("h", &epoch, 1, late).await;
        // What a promoted replica never gave out, and what was said of another history.
        ack("h", &epoch, 6, late).await;
        assert!(world.store.renew_feed(booking.id, &epoch, 0).await.unwrap());
        ack("h", &epoch, 4, late).await;
        ack("i", &epoch, 4, late).await;
        let acks = world.store.acks(booking.id).await.unwrap();
        let seen: Vec<_> = acks
            .iter()
            .map(|ack| {
                (
                    ack.group.as_str(),
                    ack.position.number(),
                    ack.delivered.number(),
                    ack.at,
                )
            })
            .collect();
        assert_eq!(seen, [("g", 5, 5, early), ("h", 1, 1, late)], "{}", world.name());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lease_has_one_holder_until_it_ends() {
    for world in worlds().await {
        let store = &world.store;
        let long = Duration::from_mins(1);
        assert!(
            store.lease("relay", "one", long).await.unwrap(),
            "{}",
            world.name()
        );
        assert!(!store.lease("relay", "two", long).await.unwrap());
        assert!(
            store.lease("relay", "one", Duration::ZERO).await.unwrap(),
            "renewed, to end at once"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
        assert!(
            store.lease("relay", "two", long).await.unwrap(),
            "{}",
            world.name()
        );
        store.release_lease("relay", "one").await.unwrap();
        assert!(
            !store.lease("relay", "one", long).await.unwrap(),
            "only the holder gives it back"
        );
        store.release_lease("relay", "two").await.unwrap();
        assert!(store.lease("relay", "one", long).await.unwrap());

        // As after the database's clock was set back an hour.
        assert!(store.lease("prune", "one", 60 * long).await.unwrap());
        assert!(
            store.lease("prune", "two", long).await.unwrap(),
            "{}: one has died, and nobody waits an hour for it",
            world.name()
        );
        assert!(!store.lease("prune", "one", long).await.unwrap());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pruning_keeps_what_a_queue_has_not_got() {
    for world in worlds().await {
        let home = world.home("contoso").await;
        let (http, redis) = (world.app("http").await, world.app("redis").await);
        world.people(&home, &["a", "b", "c"]).await;
        world.stamp_all().await;
        world.people(&home, &["unstamped"]).await;
        world.store.set_published(redis.id, position(2)).await.unwrap();
        let report = world.store.prune(world.now()).await.unwrap();
        assert_eq!((report.events, report.log), (2, 4), "{}", world.name());
        let positions = |events: Vec<FeedEvent>| {
            events
                .iter()
                .map(|event| event.position.number())
                .collect::<Vec<_>>()
        };
        assert_eq!(positions(world.feed(&redis).await), [3], "{}", world.name());
        assert_eq!(positions(world.feed(&http).await), [] as [i64; 0]);
        world.stamp_all().await;
        assert_eq!(
            positions(world.feed(&http).await),
            [4],
            "{}: positions are never reused",
            world.name()
        );
        assert_eq!(world.store.prune(world.now()).await.unwrap().events, 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_with_an_event_wakes_the_stamper() {
    for world in worlds().await {
        let home = world.home("contoso").await;
        let mut changed = world.store.changed();
        changed.mark_unchanged();
        world.people(&home, &["a"]).await;
        tokio::time::timeout(Duration::from_secs(10), changed.changed())
            .await
            .unwrap()
            .unwrap();
    }
}

/// Tasks above share [`World`]; this fails to compile if the store is no longer shareable.
const _: fn() = || {
    fn shared<T: Send + Sync>() {}
    shared::<World>();
};

/// Each instance hears of the positions that another one gives out, also after its connection was lost.
#[tokio::test(flavor = "multi_thread")]
async fn an_instance_hears_of_positions_that_another_one_gives_out() {
    let world = World::postgres().await;
    let home = world.home("contoso").await;
    let apps = [world.app("booking").await.id, world.app("signs").await.id];
    let other = store::Store::connect(&world.settings).await.unwrap();
    let mut told = other.listen_to_feed_heads().await.unwrap();
    let next = async |told: &mut store::FeedHeads| {
        let told = told.next();
        let mut heads = tokio::time::timeout(Duration::from_mins(1), told)
            .await
            .expect("told")
            .unwrap();
        heads.sort_unstable();
        heads
    };
    let both_at = |number| {
        let mut heads = apps.map(|app| (app, Position::new(number).unwrap()));
        heads.sort_unstable();
        heads
    };
    // Nothing to give out, nothing to tell.
    world.store.stamp(10).await.unwrap();
    world.people(&home, &["amy", "bob"]).await;
    world.store.stamp(10).await.unwrap();
    assert_eq!(next(&mut told).await, both_at(2));

    let name = &world.postgres.as_ref().unwrap().name;
    let super_url = &world.postgres.as_ref().unwrap().super_url;
    let mut admin = <sqlx::PgConnection as sqlx::Connection>::connect(super_url)
        .await
        .unwrap();
    let end = format!(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}' AND query LIKE 'LISTEN %'"
    );
    let ended = sqlx::Executor::fetch_all(&mut admin, sqlx::raw_sql(sqlx::AssertSqlSafe(end))).await;
    assert_eq!(ended.unwrap().len(), 1);
    let hears_again = tokio::spawn(async move { next(&mut told).await });
    for number in 3.. {
        world.people(&home, &[&format!("p{number}")]).await;
        world.store.stamp(10).await.unwrap();
        // What is told before it listens again is lost.
        tokio::time::sleep(Duration::from_millis(50)).await;
        if hears_again.is_finished() {
            break;
        }
        assert!(number < 200, "it does not listen again");
    }
    assert!(hears_again.await.unwrap()[0].1.number() > 2);
}
