//! The whole path: a customer's Entra provisions advisors and rooms, and a booking service ends with the same
//! data.
//!
//! On both databases, and over both ways to read a feed.

use serde_json::json;
use std::time::Duration;
use support::booking::{Booking, compare};
use support::gateway::{Gateway, Settings};
use support::http::{Feed, Scim};
use support::postgres::Postgres;
use support::redis::Redis;
use support::sim::Source;
use support::wait::until;

#[tokio::test]
async fn on_sqlite_over_the_http_feed() {
    cycles_reach_booking(Settings::default(), None).await;
}

#[tokio::test]
async fn on_sqlite_over_the_redis_queue() {
    let redis = Redis::start().await;
    let settings = Settings {
        redis: Some(redis.url()),
        ..Settings::default()
    };
    cycles_reach_booking(settings, Some(&redis)).await;
}

#[tokio::test]
async fn on_postgresql_over_the_http_feed() {
    let database = Postgres::shared().await.database().await;
    cycles_reach_booking(
        Settings {
            database: Some(database),
            ..Settings::default()
        },
        None,
    )
    .await;
}

#[tokio::test]
async fn on_postgresql_over_the_redis_queue() {
    let redis = Redis::start().await;
    let database = Postgres::shared().await.database().await;
    let settings = Settings {
        database: Some(database),
        redis: Some(redis.url()),
        ..Settings::default()
    };
    cycles_reach_booking(settings, Some(&redis)).await;
}

async fn cycles_reach_booking(settings: Settings, redis: Option<&Redis>) {
    let gateway = Gateway::start(settings).await;
    let app = gateway.app("booking");
    let booking = match redis {
        Some(redis) => Booking::over_redis(&app, &redis.url()),
        None => Booking::over_http(&app),
    };
    let sources = [
        ("contoso", Source::generate(25, 6, 1).await),
        ("fabrikam", Source::generate(20, 5, 2).await),
    ];
    let mut directories = Vec::new();
    for (tenant, source) in &sources {
        for profile in ["advisors", "rooms"] {
            directories.push((source, profile, gateway.directory(tenant, profile)));
        }
    }
    for day in 0..3_u64 {
        for (_, source) in &sources[..usize::from(day > 0) * 2] {
            source.mutate(12, day).await;
        }
        for (source, profile, directory) in &directories {
            let (status, summary) = source.cycle(profile, directory, &[]).await;
            assert_eq!(
                status,
                0,
                "day {day}, {profile}: {summary}\n{:?}",
                source.log(profile)
            );
        }
    }
    let feed = Feed::new(&app);
    feed.settled_head().await;
    let told = feed.all().await;
    let positions: Vec<u64> = told.iter().map(|(position, _)| *position).collect();
    assert_eq!(
        positions,
        (1..=told.len() as u64).collect::<Vec<_>>(),
        "contiguous from 1"
    );
    booking.caught_up(told.len() as u64).await;
    let sources: Vec<_> = sources
        .iter()
        .map(|(tenant, source)| (*tenant, source.file()))
        .collect();
    compare(&booking, &sources);
    // A cycle without changes sends no events.
    for (source, profile, directory) in &directories {
        assert_eq!(source.cycle(profile, directory, &[]).await.0, 0);
    }
    assert_eq!(feed.settled_head().await, told.len() as u64);
    let rows = gateway.cli(&["log", "list", "--tenant", "contoso", "--limit", "5"]);
    assert_eq!(rows.as_array().map(Vec::len), Some(5), "{rows}");
}

#[tokio::test]
async fn what_the_stream_has_lost_is_read_over_http() {
    let redis = Redis::start().await;
    let gateway = Gateway::start(Settings {
        redis: Some(redis.url()),
        ..Settings::default()
    })
    .await;
    let app = gateway.app("booking");
    let scim = Scim::new(&gateway.directory("contoso", "rooms"));
    for number in 1..=20 {
        scim.create(
            &format!("x{number}"),
            &format!("room-{number}@contoso.dk"),
            json!({}),
        )
        .await
        .expect(201);
    }
    until("the stream to be filled", Duration::from_secs(30), || async {
        (redis.command(&["XLEN", &app.stream]).await == "int(20)").then_some(())
    })
    .await;
    redis.command(&["XTRIM", &app.stream, "MINID", "15-0"]).await;
    let booking = Booking::over_redis(&app, &redis.url());
    booking.caught_up(20).await;
    assert_eq!(booking.dump()["rooms"].as_array().map(Vec::len), Some(20));
}
