//! Positions without gaps and revisions in order, in any race.

use std::sync::atomic::{AtomicBool, Ordering};

use super::world::{Backend, World, contiguous, create, mirrored, rename, settings, until_head};
use support::gateway::Gateway;
use support::http::{Feed, Scim};
use support::redis::Redis;

async fn concurrent_writers(backend: Backend) {
    let world = World::start(backend).await;
    let rooms = Scim::new(&world.gateway.directory("fabrikam", "rooms"));
    let (ids, _) = tokio::join!(world.create(0..60), create(&rooms, 0..60));
    let changes = ids.iter().map(|id| async {
        for name in ["Mette Holm-Bach", "Mette Bach", "M. Bach"] {
            rename(&world.scim, id, name).await;
        }
    });
    futures_util::future::join_all(changes).await;
    until_head(&world.feed, 60 + 60 + 3 * 60).await;
    let events = world.mirrored().await;
    assert_eq!(events.len(), 60 + 60 + 3 * 60, "one event a change");
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_writers_make_contiguous_positions_on_sqlite() {
    concurrent_writers(Backend::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_writers_make_contiguous_positions_on_postgres() {
    concurrent_writers(Backend::Postgres).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_instances_stamp_and_relay_one_feed_without_gap_or_repetition() {
    let redis = Redis::start().await;
    let gateway = Gateway::start(settings(Backend::Postgres, Some(&redis)).await).await;
    let world = World::around(gateway, redis);
    let twin = world.gateway.twin().await;
    let there = Scim::at(
        &world.scim.base.replace(&world.gateway.url(), &twin.url()),
        world.scim.authorization.clone(),
    );
    tokio::join!(world.create(0..100), create(&there, 100..200));
    until_head(&world.feed, 200).await;
    assert_eq!(world.mirrored().await.len(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_races_the_writers_never_sees_a_gap() {
    let world = World::start(Backend::Postgres).await;
    let done = AtomicBool::new(false);
    let reader = async {
        let (mut after, mut seen) = (0, Vec::new());
        while !done.load(Ordering::Relaxed) || after < world.feed.head().await {
            let answer = world.feed.page(after, 7, 1).await.expect(200);
            for entry in answer.body["events"].as_array().expect("events") {
                after = entry["pos"].as_u64().expect("pos");
                seen.push((after, entry["event"].clone()));
            }
        }
        seen
    };
    let writer = async {
        world.create(0..200).await;
        until_head(&world.feed, 200).await;
        done.store(true, Ordering::Relaxed);
    };
    let (seen, ()) = tokio::join!(reader, writer);
    assert_eq!(seen.len(), 200);
    contiguous(&seen);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_app_gets_the_history_and_its_own_stream() {
    let world = World::start(Backend::Sqlite).await;
    world.create(0..30).await;
    until_head(&world.feed, 30).await;
    let late = world.gateway.app("reporting");
    let feed = Feed::new(&late);
    until_head(&feed, 30).await;
    world.create(30..40).await;
    until_head(&feed, 40).await;
    assert_eq!(mirrored(&world.redis, &feed, &late).await.len(), 40);
    assert_eq!(
        world.mirrored().await.len(),
        40,
        "the first app's stream is untouched by the second"
    );
}
