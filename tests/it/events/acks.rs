//! Acknowledgements: those of the stream's group and those over HTTP are stored in one place, which operators
//! see and trimming uses.

use super::world::{Backend, PATIENCE, World, entries, until_head};
use support::gateway::Gateway;
use support::redis::Redis;
use support::wait::until;

#[tokio::test(flavor = "multi_thread")]
async fn what_a_group_acknowledged_in_redis_is_seen_by_operators() {
    let world = World::start(Backend::Sqlite).await;
    world.create(0..20).await;
    until_head(&world.feed, 20).await;
    world.mirrored().await;
    let stream = &world.app.stream;
    let read = [
        "XREADGROUP",
        "GROUP",
        "booking",
        "one",
        "COUNT",
        "20",
        "STREAMS",
        stream,
        ">",
    ];
    world.redis.command(&read).await;
    // All delivered, 1 to 17 acknowledged without 9: the group is at 8.
    for position in (1..=17).filter(|position| *position != 9) {
        world
            .redis
            .command(&["XACK", stream, "booking", &format!("{position}-0")])
            .await;
    }
    let acknowledged = |position: u64| {
        let world = &world;
        async move {
            let remembered = world.feed.ack("booking", 0).await.expect(200);
            (remembered.body["pos"].as_u64() == Some(position)).then_some(())
        }
    };
    until("the oldest pending entry to count", PATIENCE, || acknowledged(8)).await;
    world.redis.command(&["XACK", stream, "booking", "9-0"]).await;
    until("the rest to be collected", PATIENCE, || acknowledged(17)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn acknowledged_entries_are_trimmed_and_others_never() {
    let redis = Redis::start().await;
    let mut settings = super::world::settings(Backend::Sqlite, Some(&redis)).await;
    settings
        .more
        .push(("redis.keep_entries".to_owned(), "5".to_owned()));
    settings
        .more
        .push(("redis.max_unacknowledged".to_owned(), "1000".to_owned()));
    let world = World::around(Gateway::start(settings).await, redis);
    world.create(0..1030).await;
    until_head(&world.feed, 1030).await;
    let ends = || async {
        let positions: Vec<u64> = entries(&world.redis, &world.app).await.into_keys().collect();
        (positions.first().copied(), positions.last().copied())
    };
    until("the stream to be as long as it may be", PATIENCE, || async {
        (ends().await == (Some(1), Some(1000))).then_some(())
    })
    .await;
    until("operators to be told", PATIENCE, || async {
        world
            .degraded()
            .await
            .contains("has not acknowledged since position 0")
            .then_some(())
    })
    .await;
    world.feed.ack("booking", 940).await.expect(200);
    until(
        "the stream to go on, trimmed below what is acknowledged",
        PATIENCE,
        || async { (ends().await == (Some(941), Some(1030))).then_some(()) },
    )
    .await;
    world.feed.ack("booking", 1030).await.expect(200);
    until("the newest to be kept for replay", PATIENCE, || async {
        (ends().await == (Some(1026), Some(1030))).then_some(())
    })
    .await;
}
