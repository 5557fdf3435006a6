//! Redis loses data: everything, or the newest entries. The relay notices and refills; groups are restored at
//! their positions.

use super::world::{Backend, PATIENCE, World, entries, until_head};
use support::wait::until;

/// Reads as the app's group and acknowledges; returns the last position.
async fn consume(world: &World, count: usize) -> u64 {
    let mut connection = world.redis.connection().await;
    let reply: redis::streams::StreamReadReply = redis::cmd("XREADGROUP")
        .arg("GROUP")
        .arg("booking")
        .arg("one")
        .arg("COUNT")
        .arg(count)
        .arg("STREAMS")
        .arg(&world.app.stream)
        .arg(">")
        .query_async(&mut connection)
        .await
        .expect("the gateway made the group");
    let ids: Vec<String> = reply
        .keys
        .iter()
        .flat_map(|key| key.ids.iter().map(|entry| entry.id.clone()))
        .collect();
    let acked: usize = redis::cmd("XACK")
        .arg(&world.app.stream)
        .arg("booking")
        .arg(&ids)
        .query_async(&mut connection)
        .await
        .expect("XACK");
    assert_eq!(acked, ids.len());
    ids.last()
        .and_then(|id| id.strip_suffix("-0")?.parse().ok())
        .unwrap_or(0)
}

async fn until_acknowledged(world: &World, position: u64) {
    until("the acknowledgement to be collected", PATIENCE, || async {
        let feeds = world.gateway.cli(&["feed", "list"]);
        (feeds[0]["groups"][0]["acknowledged"] == position).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wiped_redis_is_filled_again_though_nothing_new_happens() {
    let world = World::start(Backend::Sqlite).await;
    world.create(0..50).await;
    until_head(&world.feed, 50).await;
    assert_eq!(world.mirrored().await.len(), 50);
    world.redis.command(&["FLUSHALL"]).await;
    assert_eq!(world.mirrored().await.len(), 50);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wiped_redis_under_load_is_complete_and_in_order_afterwards() {
    let mut world = World::start(Backend::Postgres).await;
    world.create(0..50).await;
    world.redis.command(&["FLUSHALL"]).await;
    world.create(50..100).await;
    world.redis.wipe().await;
    world.create(100..150).await;
    until_head(&world.feed, 150).await;
    assert_eq!(world.mirrored().await.len(), 150);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_is_made_again_at_its_acknowledged_position() {
    let world = World::start(Backend::Sqlite).await;
    world.create(0..40).await;
    until_head(&world.feed, 40).await;
    world.mirrored().await;
    let acknowledged = consume(&world, 23).await;
    assert_eq!(acknowledged, 23);
    until_acknowledged(&world, 23).await;
    world.redis.command(&["FLUSHALL"]).await;
    world.mirrored().await;
    until("the group to be there again", PATIENCE, || async {
        let groups = world.redis.command(&["XINFO", "GROUPS", &world.app.stream]).await;
        groups.contains("booking").then_some(())
    })
    .await;
    let first: redis::streams::StreamReadReply = redis::cmd("XREADGROUP")
        .arg("GROUP")
        .arg("booking")
        .arg("two")
        .arg("COUNT")
        .arg(1)
        .arg("STREAMS")
        .arg(&world.app.stream)
        .arg(">")
        .query_async(&mut world.redis.connection().await)
        .await
        .expect("the group is back");
    assert_eq!(
        first.keys[0].ids[0].id, "24-0",
        "it goes on after what it had acknowledged"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tail_cut_off_the_append_only_file_is_sent_again() {
    let mut world = World::start(Backend::Sqlite).await;
    world.create(0..80).await;
    until_head(&world.feed, 80).await;
    world.mirrored().await;
    assert!(
        world.redis.truncate_aof_tail(60_000).await,
        "there was something to cut"
    );
    world.create(80..90).await;
    until_head(&world.feed, 90).await;
    assert_eq!(world.mirrored().await.len(), 90);
    assert_eq!(entries(&world.redis, &world.app).await.len(), 90);
}
