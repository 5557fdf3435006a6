//! Fifty rounds of `kill -9` on each database, with the app and Redis killed as well: no answered change is
//! lost, each one has its event, feed positions are contiguous, and booking's tables equal the directory.
//!
//! [`recorder`] makes the load and records what was answered; [`oracle`] compares record, directory, feed and
//! booking at the end. The simulator runs its own cycles at the same time.

mod disk;
mod oracle;
mod recorder;

use std::sync::Arc;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use support::booking::Booking;
use support::gateway::{Gateway, Settings};
use support::http::{Feed, Scim};
use support::postgres::Postgres;
use support::redis::Redis;
use support::sim::Source;
use support::wait::until;

use recorder::Recorder;

const ROUNDS: u32 = 50;
/// Printed with every failure: the same number gives the same order of faults (not the same interleaving).
const SEED: u64 = 20_261_122;

/// What is killed with the gateway in this round.
enum Fault {
    Nothing,
    Booking,
    RedisKilled,
    RedisWiped,
    RedisTailCut,
}

fn fault(round: u32) -> Fault {
    match round % 10 {
        2 => Fault::Booking,
        4 => Fault::RedisKilled,
        6 => Fault::RedisWiped,
        8 => Fault::RedisTailCut,
        _ => Fault::Nothing,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_kills_lose_nothing_on_sqlite() {
    fifty_kills(Settings::default()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_kills_lose_nothing_on_postgresql() {
    let database = Postgres::shared().await.database().await;
    fifty_kills(Settings {
        database: Some(database),
        ..Settings::default()
    })
    .await;
}

async fn fifty_kills(settings: Settings) {
    let mut redis = Redis::start().await;
    let mut gateway = Gateway::start(Settings {
        redis: Some(redis.url()),
        ..settings
    })
    .await;
    let advisors = gateway.directory("contoso", "advisors");
    let rooms = gateway.directory("contoso", "rooms");
    let app = gateway.app("booking");
    let mut booking = Booking::over_redis(&app, &redis.url());

    let recorder = Arc::new(Recorder::new(Scim::new(&advisors), SEED));
    let load = recorder.clone().start(6);
    let source = Source::generate(0, 60, SEED).await;
    let mut random = StdRng::seed_from_u64(SEED);
    for round in 0..ROUNDS {
        if round % 10 == 9 {
            source.mutate(20, SEED + u64::from(round)).await;
        }
        let cycle = source.cycle("rooms", &rooms, &["--time-scale", "0"]);
        let death = async {
            // Random in time, but never before some changes were answered: the test must not be idle on a
            // slow machine.
            tokio::time::sleep(Duration::from_millis(random.random_range(20..500))).await;
            let enough = recorder.answered() + random.random_range(12..40);
            until("the load to get answers", Duration::from_mins(1), || async {
                (recorder.answered() >= enough).then_some(())
            })
            .await;
        };
        tokio::pin!(cycle, death);
        tokio::select! {
            _ = &mut cycle => death.await,
            () = &mut death => {}
        }
        gateway.kill9();
        match fault(round) {
            Fault::Nothing => {}
            Fault::Booking => booking.restart(),
            Fault::RedisKilled => {
                redis.kill9();
                redis.restart().await;
            }
            Fault::RedisWiped => redis.wipe().await,
            Fault::RedisTailCut => drop(redis.truncate_aof_tail(20_000).await),
        }
        gateway.restart().await;
    }
    recorder.stop();
    load.await.expect("the load ends by itself");
    assert!(
        recorder.answered() > 500,
        "only {} changes were answered: no load, no proof",
        recorder.answered()
    );
    assert!(
        recorder.unanswered() > 5,
        "only {} calls met a dying gateway",
        recorder.unanswered()
    );

    finish_the_simulators_cycle(&source, &rooms).await;
    let feed = Feed::new(&app);
    oracle::directory_is_what_was_answered(&Scim::new(&advisors), &recorder.people()).await;
    oracle::directory_is_the_source(&Scim::new(&rooms), &source.content()["rooms"]).await;
    let head = feed.settled_head().await;
    let events = feed.all().await;
    oracle::positions_are_contiguous(&events, head);
    oracle::each_revision_has_one_event(&events);
    for (profile, directory) in [("advisors", &advisors), ("rooms", &rooms)] {
        let listed = oracle::list(&Scim::new(directory)).await;
        oracle::feed_equals_the_directory(&events, profile, &listed);
    }
    booking.caught_up(head).await;
    let tables = booking.dump();
    for (profile, directory) in [("advisors", &advisors), ("rooms", &rooms)] {
        let listed = oracle::list(&Scim::new(directory)).await;
        oracle::booking_has_the_directory(&tables, profile, &listed);
    }
    oracle::stream_is_the_feed(&redis, &app.stream, &events).await;
}

/// Runs cycles until the simulator has nothing left to do; objects in escrow come back in later cycles.
async fn finish_the_simulators_cycle(source: &Source, rooms: &support::gateway::Directory) {
    let mut last = serde_json::Value::Null;
    for _ in 0..10 {
        let (status, summary) = source.cycle("rooms", rooms, &["--time-scale", "0"]).await;
        if status == 0 {
            return;
        }
        last = summary;
    }
    panic!("the simulator still has failures after ten cycles without faults: {last}");
}
