//! Redis absent, down, silent or full: SCIM works, and the stream is complete and in order afterwards.

use std::time::Duration;

use super::world::{Backend, PATIENCE, World, settings, until_head};
use support::disk::SmallDisk;
use support::gateway::Gateway;
use support::redis::Redis;
use support::wait::until;

#[tokio::test(flavor = "multi_thread")]
async fn redis_absent_at_the_start_holds_nothing_up() {
    let mut redis = Redis::start().await;
    redis.kill9();
    let gateway = Gateway::start(settings(Backend::Sqlite, Some(&redis)).await).await;
    let mut world = World::around(gateway, redis);
    world.create(0..40).await;
    until_head(&world.feed, 40).await;
    until("readiness to tell of Redis", PATIENCE, || async {
        world
            .degraded()
            .await
            .contains("Redis does not answer")
            .then_some(())
    })
    .await;
    world.redis.restart().await;
    assert_eq!(world.mirrored().await.len(), 40);
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_killed_in_between_loses_nothing() {
    let mut world = World::start(Backend::Sqlite).await;
    for round in 0..3_u32 {
        world.create(round * 60..round * 60 + 30).await;
        world.redis.kill9();
        world.create(round * 60 + 30..round * 60 + 60).await;
        world.redis.restart().await;
    }
    until_head(&world.feed, 180).await;
    assert_eq!(world.mirrored().await.len(), 180);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_redis_wedges_nothing() {
    let world = World::start(Backend::Sqlite).await;
    world.create(0..20).await;
    world.redis.pause();
    world.create(20..40).await;
    until_head(&world.feed, 40).await;
    until("the silence to be noticed", PATIENCE, || async {
        world
            .degraded()
            .await
            .contains("Redis does not answer")
            .then_some(())
    })
    .await;
    world.create(40..60).await;
    world.redis.resume();
    until_head(&world.feed, 60).await;
    // The commands in the frozen server's buffers are executed now; they must neither repeat nor omit an
    // event.
    assert_eq!(world.mirrored().await.len(), 60);
}

#[tokio::test(flavor = "multi_thread")]
async fn paused_clients_are_waited_out() {
    let world = World::start(Backend::Sqlite).await;
    world.create(0..10).await;
    world.redis.command(&["CLIENT", "PAUSE", "5000", "ALL"]).await;
    world.create(10..30).await;
    until_head(&world.feed, 30).await;
    until("the pause to end", PATIENCE, || async {
        let ping = redis::cmd("PING");
        ping.query_async::<String>(&mut world.redis.connection().await)
            .await
            .ok()
    })
    .await;
    assert_eq!(world.mirrored().await.len(), 30);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_redis_delays_the_stream_and_nothing_else() {
    let world = World::start(Backend::Sqlite).await;
    world.create(0..20).await;
    assert_eq!(world.mirrored().await.len(), 20);
    world.redis.maxmemory(1).await;
    world.create(20..60).await;
    until_head(&world.feed, 60).await;
    until("readiness to tell of the fullness", PATIENCE, || async {
        world.degraded().await.contains("Redis is full").then_some(())
    })
    .await;
    assert!(world.gateway.log().contains("Redis is full"));
    world.redis.maxmemory(0).await;
    assert_eq!(world.mirrored().await.len(), 60);
    until("the recovery to be told", PATIENCE, || async {
        world.gateway.log().contains("the relay goes on").then_some(())
    })
    .await;
    until("readiness to have no complaint", PATIENCE, || async {
        (world.degraded().await == "[]").then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_with_a_full_disk_is_reported_and_recovers() {
    let Some(disk) = SmallDisk::mount(16) else { return };
    let redis = Redis::start_on(disk.path()).await;
    let gateway = Gateway::start(settings(Backend::Sqlite, Some(&redis)).await).await;
    let world = World::around(gateway, redis);
    world.create(0..20).await;
    assert_eq!(world.mirrored().await.len(), 20);
    disk.fill(0);
    let mut n = 20;
    // The first writes after the disk is full still succeed, in memory.
    until("readiness to tell of it", PATIENCE, || {
        n += 10;
        let range = n - 10..n;
        let world = &world;
        async move {
            world.create(range).await;
            world
                .degraded()
                .await
                .contains("cannot write to its own disk")
                .then_some(())
        }
    })
    .await;
    disk.free();
    let all = u64::from(n);
    until_head(&world.feed, all).await;
    assert_eq!(world.mirrored().await.len() as u64, all);
    until("readiness to have no complaint", PATIENCE, || async {
        (world.degraded().await == "[]").then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_is_not_written_to_and_its_promotion_is_noticed() {
    let world = World::start(Backend::Sqlite).await;
    world.create(0..20).await;
    assert_eq!(world.mirrored().await.len(), 20);
    // A replica of a master that does not answer keeps its data and answers writes with READONLY.
    world.redis.command(&["REPLICAOF", "127.0.0.1", "1"]).await;
    world.create(20..40).await;
    until_head(&world.feed, 40).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    world.redis.command(&["REPLICAOF", "NO", "ONE"]).await;
    assert_eq!(world.mirrored().await.len(), 40);
}
