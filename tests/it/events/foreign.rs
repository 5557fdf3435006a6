//! Data of another program under the gateway's key: not changed, reported clearly, and no other feed is
//! affected.

use super::world::{Backend, PATIENCE, World, mirrored, until_head};
use support::http::Feed;
use support::wait::until;

async fn parked_over(world: &World, words: &str) {
    until("the feed to be parked", PATIENCE, || async {
        world.degraded().await.contains(words).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_of_another_type_parks_its_feed_and_no_other() {
    let world = World::start(Backend::Sqlite).await;
    world.redis.command(&["DEL", &world.app.stream]).await;
    world.redis.command(&["SET", &world.app.stream, "precious"]).await;
    let other = world.gateway.app("reporting");
    world.create(0..20).await;
    parked_over(&world, "feed booking: the key holds something that is no stream").await;
    let feed = Feed::new(&other);
    until_head(&feed, 20).await;
    assert_eq!(mirrored(&world.redis, &feed, &other).await.len(), 20);
    let kept = world.redis.command(&["GET", &world.app.stream]).await;
    assert!(kept.contains("precious"), "it was not touched: {kept}");
    world.redis.command(&["DEL", &world.app.stream]).await;
    assert_eq!(
        world.mirrored().await.len(),
        20,
        "it goes on by itself once the key is free"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_that_the_gateway_never_wrote_parks_the_feed() {
    let world = World::start(Backend::Sqlite).await;
    world.create(0..5).await;
    until_head(&world.feed, 5).await;
    world.mirrored().await;
    world
        .redis
        .command(&["XADD", &world.app.stream, "*", "ce", "{}"])
        .await;
    world.create(5..10).await;
    parked_over(&world, "which this database never gave out").await;
    world.redis.command(&["DEL", &world.app.stream]).await;
    assert_eq!(world.mirrored().await.len(), 10);
}
