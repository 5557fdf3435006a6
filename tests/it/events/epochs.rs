//! Whose a stream is (ADR 0039): a renewed feed, an older database, another deployment, a stream of an earlier version.

use sqlx::Connection as _;
use support::gateway::{Gateway, Settings};

use super::world::{Backend, PATIENCE, World, entries, until_head};
use support::wait::until;

/// The key of the hash beside the stream.
fn companion(world: &World) -> String {
    world.app.stream.replace(":s00", ":feed")
}

/// A field of that hash.
pub async fn named(world: &World, field: &str) -> String {
    let mut connection = world.redis.connection().await;
    let found: Option<String> = redis::cmd("HGET")
        .arg(companion(world))
        .arg(field)
        .query_async(&mut connection)
        .await
        .expect("HGET");
    found.unwrap_or_default()
}

/// Changes the gateway's SQLite database.
pub async fn change(world: &World, statement: &'static str) {
    let mut database = sqlx::SqliteConnection::connect(&world.gateway.database_url())
        .await
        .expect("the database");
    sqlx::query(statement)
        .execute(&mut database)
        .await
        .expect("changed");
}

async fn renew(world: &World) {
    change(
        world,
        "UPDATE feed SET epoch_number = epoch_number + 1, epoch_mark = 'abcdef012345', epoch_start = head",
    )
    .await;
}

async fn until_epoch(world: &World, begins: &str) -> String {
    until("the stream's epoch", PATIENCE, || async {
        let epoch = named(world, "epoch").await;
        epoch.starts_with(begins).then_some(epoch)
    })
    .await
}

/// Twenty events in the stream.
async fn filled() -> World {
    let world = World::start(Backend::Sqlite).await;
    world.create(0..20).await;
    until_head(&world.feed, 20).await;
    assert_eq!(world.mirrored().await.len(), 20);
    world
}

/// The stream has every event, in this epoch.
async fn filled_in(world: &World, epoch: &str) {
    world.mirrored().await;
    for (position, entry) in entries(&world.redis, &world.app).await {
        assert_eq!(entry["e"], epoch, "at {position}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renewed_feed_fills_its_stream_again_and_the_group_goes_on_where_it_was() {
    let world = filled().await;
    let first = until_epoch(&world, "1-").await;
    filled_in(&world, &first).await;
    world.feed.ack("booking", 7).await.expect(200);
    renew(&world).await;
    let second = until_epoch(&world, "2-").await;
    filled_in(&world, &second).await;
    let groups = world.redis.command(&["XINFO", "GROUPS", &world.app.stream]).await;
    assert!(groups.contains("7-0"), "{groups}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_of_a_later_epoch_renews_the_feed_above_it() {
    let world = filled().await;
    let hash = companion(&world);
    world
        .redis
        .command(&["HSET", &hash, "epoch", "5-0123456789ab"])
        .await;
    let epoch = until_epoch(&world, "6-").await;
    filled_in(&world, &epoch).await;
    assert!(world.gateway.log().contains("the database is older"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_of_ours_that_the_database_never_had_renews_the_feed() {
    let world = filled().await;
    let (stream, epoch) = (world.app.stream.clone(), named(&world, "epoch").await);
    let event = r#"{"id":"evt_of_a_lost_history"}"#;
    world
        .redis
        .command(&["XADD", &stream, "21-0", "ce", event, "e", &epoch])
        .await;
    let second = until_epoch(&world, "2-").await;
    filled_in(&world, &second).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_event_at_the_streams_end_renews_the_feed() {
    let mut world = filled().await;
    let (stream, epoch) = (world.app.stream.clone(), named(&world, "epoch").await);
    world.gateway.kill9();
    let event = r#"{"id":"evt_of_a_lost_history"}"#;
    for words in [
        &["XDEL", &stream, "20-0"][..],
        &["XSETID", &stream, "19-0"],
        &["XADD", &stream, "20-0", "ce", event, "e", &epoch],
    ] {
        world.redis.command(words).await;
    }
    world.gateway.restart().await;
    let second = until_epoch(&world, "2-").await;
    filled_in(&world, &second).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_deployments_stream_is_left_alone_until_the_feed_is_renewed() {
    let world = filled().await;
    let hash = companion(&world);
    world
        .redis
        .command(&["HSET", &hash, "deployment", "somebody"])
        .await;
    until("the feed to be parked", PATIENCE, || async {
        world
            .degraded()
            .await
            .contains("another deployment (somebody)")
            .then_some(())
    })
    .await;
    world.create(20..25).await;
    until_head(&world.feed, 25).await;
    assert_eq!(entries(&world.redis, &world.app).await.len(), 20);
    assert_eq!(named(&world, "deployment").await, "somebody");
    // An epoch that no operator began takes nothing over.
    let present = world.feed.page(0, 1, 0).await.expect(200).body["epoch"].clone();
    let ahead = format!(
        "{}?after=99&epoch={}",
        world.app.feed_url,
        present.as_str().expect("an epoch")
    );
    let ahead = support::http_client()
        .get(ahead)
        .bearer_auth(&world.app.credential);
    support::http::send(ahead).await.expect(409);
    world.redis.scripts_ran(3).await;
    assert_eq!(entries(&world.redis, &world.app).await.len(), 20);
    assert_eq!(named(&world, "deployment").await, "somebody");
    world.gateway.cli(&["feed", "renew", "booking"]);
    let third = until_epoch(&world, "3-").await;
    filled_in(&world, &third).await;
    assert_ne!(named(&world, "deployment").await, "somebody");
    // The app has nothing of the new epoch before it has read a snapshot, and its operator is told so.
    until("readiness to say so", PATIENCE, || async {
        let degraded = world.degraded().await;
        degraded
            .contains("the app has not read a snapshot since")
            .then_some(())
    })
    .await;
    super::snapshot::pages(&world.app, 500, None).await;
    until("readiness to have no complaint", PATIENCE, || async {
        (world.degraded().await == "[]").then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_of_an_earlier_version_is_taken_as_it_is() {
    let mut world = filled().await;
    let (stream, hash) = (world.app.stream.clone(), companion(&world));
    world.gateway.kill9();
    world.redis.command(&["DEL", &hash]).await;
    world
        .redis
        .command(&["XGROUP", "DELCONSUMER", &stream, "booking", "usher-relay"])
        .await;
    // Delivered and acknowledged while no relay ran.
    for words in [
        &[
            "XREADGROUP",
            "GROUP",
            "booking",
            "one",
            "COUNT",
            "2",
            "STREAMS",
            &stream,
            ">",
        ][..],
        &["XACK", &stream, "booking", "1-0", "2-0"],
    ] {
        world.redis.command(words).await;
    }
    world.gateway.restart().await;
    let epoch = until_epoch(&world, "1-").await;
    filled_in(&world, &epoch).await;
    let listed = world.gateway.cli(&["feed", "list"]);
    assert_eq!(listed[0]["groups"][0]["acknowledged"], 2);
    let consumers = world
        .redis
        .command(&["XINFO", "CONSUMERS", &stream, "booking"])
        .await;
    assert!(consumers.contains("usher-relay"), "{consumers}");
}

/// Both have the same deployment, and neither can know which one is the right one.
#[tokio::test(flavor = "multi_thread")]
async fn a_restored_copy_that_runs_beside_the_original_makes_one_of_them_wait() {
    let world = filled().await;
    let copy = world.gateway.folder().join("copy.db");
    world.gateway.cli(&["backup", copy.to_str().expect("a path")]);
    let mut other = Gateway::start(Settings {
        redis: Some(world.redis.url()),
        ..Settings::default()
    })
    .await;
    other.kill9();
    let data = other.folder().join("usher-data");
    for ending in ["", "-wal", "-shm", "-identity"] {
        // Not every one of them is there.
        let _ = std::fs::remove_file(data.join(format!("usher.db{ending}")));
    }
    std::fs::copy(&copy, data.join("usher.db")).expect("the copy");
    other.restart().await;
    let waits = async |gateway: &Gateway| {
        let url = format!("{}/health/ready", gateway.admin_url());
        let ready = support::http::send(support::http_client().get(url)).await;
        ready.text.contains("another database fills it too")
    };
    until("one of them to wait", PATIENCE, || async {
        (waits(&world.gateway).await || waits(&other).await).then_some(())
    })
    .await;
    let settled = named(&world, "epoch").await;
    world.redis.scripts_ran(6).await;
    assert_eq!(
        named(&world, "epoch").await,
        settled,
        "they go on emptying the stream"
    );
}
