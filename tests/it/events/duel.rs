//! Two relays that both believe that they have the lease: one is frozen during a batch and continues long
//! after the other took over. The stream must be that of one relay.

use super::world::{Backend, PATIENCE, World, create, settings, until_head};
use support::gateway::Gateway;
use support::http::{Feed, Scim};
use support::redis::Redis;
use support::wait::until;

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_that_wakes_after_its_lease_moved_does_no_harm() {
    let redis = Redis::start().await;
    let gateway = Gateway::start(settings(Backend::Postgres, Some(&redis)).await).await;
    let mut world = World::around(gateway, redis);
    world.create(0..30).await;
    until_head(&world.feed, 30).await;
    world.mirrored().await;
    let twin = world.gateway.twin().await;
    let there = Scim::at(
        &world.scim.base.replace(&world.gateway.url(), &twin.url()),
        world.scim.authorization.clone(),
    );
    let mut app = world.app.clone();
    app.feed_url = app.feed_url.replace(&world.gateway.url(), &twin.url());
    let feed = Feed::new(&app);
    for round in 0..2_u32 {
        // Frozen during its work; the lease ends, the twin takes over.
        let first = 30 + round * 80;
        tokio::join!(create(&there, first..first + 40), async {
            world.gateway.process().signal("STOP");
        });
        create(&there, first + 40..first + 60).await;
        until("the twin to take over", PATIENCE, || async {
            let last = super::world::entries(&world.redis, &app)
                .await
                .into_keys()
                .next_back();
            (last == Some(feed.head().await)).then_some(())
        })
        .await;
        world.gateway.process().signal("CONT");
        create(&there, first + 60..first + 80).await;
    }
    until_head(&feed, 190).await;
    assert_eq!(super::world::mirrored(&world.redis, &feed, &app).await.len(), 190);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leader_that_is_killed_is_followed_by_another() {
    let redis = Redis::start().await;
    let gateway = Gateway::start(settings(Backend::Postgres, Some(&redis)).await).await;
    let mut world = World::around(gateway, redis);
    let twin = world.gateway.twin().await;
    let there = Scim::at(
        &world.scim.base.replace(&world.gateway.url(), &twin.url()),
        world.scim.authorization.clone(),
    );
    create(&there, 0..30).await;
    world.gateway.kill9();
    create(&there, 30..60).await;
    let mut app = world.app.clone();
    app.feed_url = app.feed_url.replace(&world.gateway.url(), &twin.url());
    let feed = Feed::new(&app);
    until_head(&feed, 60).await;
    assert_eq!(super::world::mirrored(&world.redis, &feed, &app).await.len(), 60);
}

/// The instance that fills the stream would look for itself a minute after its start.
#[tokio::test(flavor = "multi_thread")]
async fn a_change_at_one_instance_reaches_the_other_without_a_poll() {
    let redis = Redis::start().await;
    let mut settings = settings(Backend::Postgres, Some(&redis)).await;
    settings
        .more
        .push(("events.poll_ms".to_owned(), "60000".to_owned()));
    let gateway = Gateway::prepared(settings);
    let app = gateway.app("booking");
    let mut world = World::of(gateway, redis, app);
    world.gateway.restart().await;
    world.create(0..1).await;
    world.mirrored().await;
    let twin = world.gateway.twin().await;
    let there = Scim::at(
        &world.scim.base.replace(&world.gateway.url(), &twin.url()),
        world.scim.authorization.clone(),
    );
    create(&there, 1..20).await;
    until("the stream to have all", PATIENCE / 2, || async {
        let all = super::world::entries(&world.redis, &world.app).await;
        (all.len() == 20).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_relay_says_is_the_same_on_every_instance() {
    let redis = Redis::start().await;
    let gateway = Gateway::start(settings(Backend::Postgres, Some(&redis)).await).await;
    let world = World::around(gateway, redis);
    let twin = world.gateway.twin().await;
    world.create(0..10).await;
    until_head(&world.feed, 10).await;
    world.mirrored().await;
    let stream = world.app.stream.as_str();
    world.redis.command(&["SET", stream, "precious"]).await;
    let told = |words: &'static str| {
        let instances = [&world.gateway, &twin];
        async move {
            for gateway in instances {
                until("both to say it", PATIENCE, || async {
                    let degraded = gateway.readiness().await.body["degraded"].to_string();
                    degraded.contains(words).then_some(())
                })
                .await;
            }
        }
    };
    told("feed booking: the key holds something that is no stream").await;
    world.redis.command(&["DEL", stream]).await;
    told("[]").await;
    world.mirrored().await;
    for gateway in [&world.gateway, &twin] {
        let page = reqwest::get(format!("{}/metrics", gateway.admin_url())).await;
        let page = page.expect("an answer").text().await.expect("a text");
        let published = "usher_feed_published_pos{feed=\"booking\"";
        let line = page.lines().find(|line| line.starts_with(published));
        assert!(line.is_some_and(|line| line.ends_with(" 10")), "{line:?}");
    }
}
