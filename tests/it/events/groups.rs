//! Applied is what was acknowledged (ADR 0040): consumers that are removed, groups that are moved or made by hand, entries that
//! are gone before they were read.

use redis::streams::StreamReadReply;

use super::epochs::{change, named};
use super::world::{Backend, PATIENCE, World, entries, until_head};
use support::wait::until;

async fn filled() -> World {
    let world = World::start(Backend::Sqlite).await;
    world.create(0..20).await;
    until_head(&world.feed, 20).await;
    assert_eq!(world.mirrored().await.len(), 20);
    world
}

/// Reads as a consumer of the app's group; the ids.
async fn read(world: &World, consumer: &str) -> Vec<String> {
    let reply: Option<StreamReadReply> = redis::cmd("XREADGROUP")
        .arg("GROUP")
        .arg("booking")
        .arg(consumer)
        .arg("STREAMS")
        .arg(&world.app.stream)
        .arg(">")
        .query_async(&mut world.redis.connection().await)
        .await
        .expect("read");
    let keys = reply.map(|reply| reply.keys).unwrap_or_default();
    let ids = keys.into_iter().flat_map(|key| key.ids);
    ids.map(|entry| entry.id).collect()
}

async fn acknowledge(world: &World, ids: &[String]) {
    let _: u64 = redis::cmd("XACK")
        .arg(&world.app.stream)
        .arg("booking")
        .arg(ids)
        .query_async(&mut world.redis.connection().await)
        .await
        .expect("XACK");
}

fn acknowledged(world: &World) -> u64 {
    let listed = world.gateway.cli(&["feed", "list"]);
    listed[0]["groups"][0]["acknowledged"].as_u64().unwrap_or(0)
}

async fn until_acknowledged(world: &World, position: u64) {
    until("the acknowledgement to be collected", PATIENCE, || async {
        (acknowledged(world) == position).then_some(())
    })
    .await;
}

async fn until_degraded(world: &World, words: &str) {
    until(words, PATIENCE, || async {
        world.degraded().await.contains(words).then_some(())
    })
    .await;
}

async fn until_whole(world: &World) {
    until("readiness to have no complaint", PATIENCE, || async {
        (world.degraded().await == "[]").then_some(())
    })
    .await;
}

/// What `usher log list` says of the last event.
fn last_delivery(world: &World) -> serde_json::Value {
    let log = world.gateway.cli(&["log", "list", "--tenant", "contoso"]);
    log[0]["delivered"][0].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_removed_consumer_had_is_given_again_and_not_applied() {
    let world = filled().await;
    let ids = read(&world, "one").await;
    assert_eq!(ids.len(), 20);
    acknowledge(&world, &ids[..5]).await;
    until_acknowledged(&world, 5).await;
    let stream = world.app.stream.as_str();
    world
        .redis
        .command(&["XGROUP", "DELCONSUMER", stream, "booking", "one"])
        .await;
    until_degraded(&world, "what came after position 5 is given again").await;
    assert_eq!(acknowledged(&world), 5);
    let delivery = last_delivery(&world);
    assert_eq!(delivery["delivered"], true, "{delivery}");
    assert_eq!(delivery["appliedAt"], serde_json::Value::Null, "{delivery}");
    let again = read(&world, "two").await;
    assert_eq!(again, ids[5..]);
    acknowledge(&world, &again).await;
    until_acknowledged(&world, 20).await;
    until_whole(&world).await;
    assert!(last_delivery(&world)["appliedAt"].is_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consumer_that_is_removed_with_nothing_pending_changes_nothing() {
    let world = filled().await;
    let ids = read(&world, "one").await;
    acknowledge(&world, &ids).await;
    until_acknowledged(&world, 20).await;
    let stream = world.app.stream.as_str();
    world
        .redis
        .command(&["XGROUP", "DELCONSUMER", stream, "booking", "one"])
        .await;
    until("a look after that", PATIENCE, || async {
        (named(&world, "calls").await == "1/0").then_some(())
    })
    .await;
    world.create(20..25).await;
    until_head(&world.feed, 25).await;
    world.mirrored().await;
    let more = read(&world, "two").await;
    assert_eq!(more.len(), 5);
    acknowledge(&world, &more).await;
    until_acknowledged(&world, 25).await;
    assert_eq!(world.degraded().await, "[]");
    assert!(!world.gateway.log().contains("was set back"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_that_is_moved_or_made_by_hand_acknowledges_nothing() {
    let world = filled().await;
    let stream = world.app.stream.clone();
    let set_to = |id: &'static str| {
        let (redis, stream) = (&world.redis, &stream);
        async move { redis.command(&["XGROUP", "SETID", stream, "booking", id]).await }
    };
    set_to("15-0").await;
    until_degraded(&world, "moved by hand").await;
    assert_eq!(read(&world, "one").await.first().map(String::as_str), Some("1-0"));
    set_to("99-0").await;
    until_degraded(&world, "ahead of the stream's end").await;
    assert_eq!(read(&world, "one").await.first().map(String::as_str), Some("1-0"));
    let anew = "redis.call('XGROUP', 'DESTROY', KEYS[1], 'booking') \
                return redis.call('XGROUP', 'CREATE', KEYS[1], 'booking', '20-0')";
    world.redis.command(&["EVAL", anew, "1", &stream]).await;
    until_degraded(&world, "removed and made by hand").await;
    assert_eq!(acknowledged(&world), 0);
    let ids = read(&world, "one").await;
    assert_eq!(ids.len(), 20);
    acknowledge(&world, &ids).await;
    until_acknowledged(&world, 20).await;
    until_whole(&world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn entries_that_are_gone_before_they_were_read_are_filled_again() {
    let world = filled().await;
    let stream = world.app.stream.as_str();
    for words in [
        &["XTRIM", stream, "MINID", "11-0"][..],
        &["XDEL", stream, "7-0"],
        &["XTRIM", stream, "MAXLEN", "0"],
    ] {
        world.redis.command(words).await;
        until("the stream to be whole", PATIENCE, || async {
            (entries(&world.redis, &world.app).await.len() == 20).then_some(())
        })
        .await;
    }
    assert!(
        world
            .gateway
            .log()
            .contains("has not acknowledged are gone from the stream")
    );
    assert_eq!(read(&world, "one").await.len(), 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_follows_what_its_app_acknowledged_over_http() {
    let world = filled().await;
    world.feed.ack("booking", 12).await.expect(200);
    let stream = world.app.stream.as_str();
    until("the group to follow", PATIENCE, || async {
        let groups = world.redis.command(&["XINFO", "GROUPS", stream]).await;
        groups.contains("12-0").then_some(())
    })
    .await;
    assert_eq!(
        read(&world, "one").await.first().map(String::as_str),
        Some("13-0")
    );
    assert_eq!(world.degraded().await, "[]");
}

#[tokio::test(flavor = "multi_thread")]
async fn events_past_their_retention_are_a_loss_only_for_a_group_that_never_got_them() {
    let world = filled().await;
    let ids = read(&world, "one").await;
    acknowledge(&world, &ids[..12]).await;
    until_acknowledged(&world, 12).await;
    let stand = |len: usize| {
        let world = &world;
        async move {
            until("the stream to be filled again", PATIENCE, || async {
                (entries(&world.redis, &world.app).await.len() == len).then_some(())
            })
            .await;
        }
    };
    change(&world, "DELETE FROM feed_event WHERE pos <= 10").await;
    world.redis.command(&["FLUSHALL"]).await;
    stand(10).await;
    until_whole(&world).await;
    assert!(!world.gateway.log().contains("are past their retention"));
    change(&world, "DELETE FROM feed_event WHERE pos <= 15").await;
    world.redis.command(&["FLUSHALL"]).await;
    until_degraded(&world, "the events 13 to 15 are past their retention").await;
    until_degraded(&world, "the feed has begun another epoch").await;
    let epoch = world.feed.page(15, 1, 0).await.expect(200).body["epoch"].to_string();
    assert!(
        epoch.starts_with("\"2-"),
        "whoever reads on takes a snapshot: {epoch}"
    );
    stand(5).await;
    let mut rest = read(&world, "one").await;
    assert_eq!(rest.first().map(String::as_str), Some("16-0"));
    world.create(20..21).await;
    let next = until("the next event", PATIENCE, || async {
        let next = read(&world, "one").await;
        (!next.is_empty()).then_some(next)
    });
    rest.extend(next.await);
    until("it to be seen as delivered", PATIENCE, || async {
        (last_delivery(&world)["delivered"] == true).then_some(())
    })
    .await;
    assert_eq!(acknowledged(&world), 12, "what was lost was not acknowledged");
    acknowledge(&world, &rest).await;
    until_acknowledged(&world, 21).await;
    until_whole(&world).await;
}

/// Neither `NOACK` nor `LASTID` is an acknowledgement, although nothing is pending afterwards.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_read_without_pending_is_given_again_and_not_applied() {
    let world = filled().await;
    let ids = read(&world, "one").await;
    acknowledge(&world, &ids).await;
    until_acknowledged(&world, 20).await;
    until_whole(&world).await;
    let stream = world.app.stream.as_str();
    world.create(20..24).await;
    until_head(&world.feed, 24).await;
    assert_eq!(world.mirrored().await.len(), 24);
    let peek = [
        "XREADGROUP",
        "GROUP",
        "booking",
        "peek",
        "NOACK",
        "STREAMS",
        stream,
        ">",
    ];
    world.redis.command(&peek).await;
    until_degraded(&world, "moved without an acknowledgement").await;
    assert_eq!(acknowledged(&world), 20);
    let again = until("the events to be given again", PATIENCE, || async {
        let again = read(&world, "one").await;
        (!again.is_empty()).then_some(again)
    })
    .await;
    assert_eq!(again.len(), 4);
    acknowledge(&world, &again).await;
    until_acknowledged(&world, 24).await;
    until_whole(&world).await;
}
