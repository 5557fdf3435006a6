//! The reference consumer and its booking service against a real Redis, without a gateway: the test writes
//! the stream as the relay does, so that it can produce each fault.

use serde_json::{Value, json};
use std::time::Duration;
use support::booking::Booking;
use support::gateway::App;
use support::redis::Redis;

const STREAM: &str = "usher:{test:booking}:s00";

fn app() -> App {
    App {
        name: "booking".to_owned(),
        credential: "none".to_owned(),
        feed_url: "http://127.0.0.1:9/feeds/booking/events".to_owned(), // no server listens there
        stream: STREAM.to_owned(),
        redis_user: None,
    }
}

fn event(word: &str, id: &str, sequence: u64, record: Value) -> Value {
    let part = if word == "deleted" { "tombstone" } else { "record" };
    json!({
        "specversion": "1.0", "id": format!("{id}-{sequence}"), "type": format!("usher.identity.{word}.v1"),
        "source": format!("urn:usher:test:t1:advisors:{id}"), "sequence": format!("{sequence:020}"),
        "tenantid": "t1", "directoryid": "d1", "profile": "advisors",
        "data": {"tenant": {"name": "contoso"}, part: record},
    })
}

fn advisor(id: &str, name: &str) -> Value {
    json!({"id": id, "externalId": id, "userName": format!("{id}@contoso.dk"), "displayName": name, "active": true})
}

async fn append(redis: &Redis, position: u64, event: &Value) {
    let (id, ce) = (format!("{position}-0"), event.to_string());
    redis
        .command(&[
            "XADD", STREAM, &id, "ce", &ce, "t", "x", "ten", "t1", "k", "k", "q", "1",
        ])
        .await;
}

async fn group(redis: &Redis) {
    redis
        .command(&["XGROUP", "CREATE", STREAM, "booking", "0", "MKSTREAM"])
        .await;
}

async fn until_pending_is_empty(redis: &Redis) {
    support::wait::until("all to be acknowledged", Duration::from_secs(20), || async {
        let answer = redis.command(&["XPENDING", STREAM, "booking"]).await;
        answer.contains("int(0)").then_some(())
    })
    .await;
}

#[tokio::test]
async fn events_are_applied_by_sequence_and_a_deletion_is_never_revived() {
    let redis = Redis::start().await;
    group(&redis).await;
    append(&redis, 1, &event("created", "a", 1, advisor("a", "Mette"))).await;
    append(&redis, 2, &event("updated", "a", 3, advisor("a", "Mette Holm"))).await;
    append(&redis, 3, &event("updated", "a", 2, advisor("a", "too late"))).await;
    append(&redis, 4, &event("created", "b", 1, advisor("b", "Bo"))).await;
    append(
        &redis,
        5,
        &event(
            "deleted",
            "b",
            2,
            json!({"id": "b", "externalId": "b", "userName": "b@contoso.dk"}),
        ),
    )
    .await;
    append(&redis, 6, &event("updated", "b", 1, advisor("b", "revived"))).await;
    append(
        &redis,
        7,
        &json!({"type": "usher.identity.created.v1", "broken": true}),
    )
    .await;
    append(&redis, 8, &event("praised", "a", 9, advisor("a", "unknown type"))).await;
    let booking = Booking::over_redis(&app(), &redis.url());
    booking.caught_up(8).await;
    let dump = booking.dump();
    let rows = dump["advisors"].as_array().unwrap();
    assert_eq!(rows.len(), 2);
    assert_eq!(
        (rows[0]["displayName"].as_str(), rows[0]["sequence"].as_u64()),
        (Some("Mette Holm"), Some(3))
    );
    assert_eq!(
        (rows[1]["deleted"].as_bool(), rows[1]["active"].as_bool()),
        (Some(true), Some(false))
    );
    assert_eq!(
        (&rows[1]["displayName"], rows[1]["sequence"].as_u64()),
        (&Value::Null, Some(2))
    );
    assert_eq!(dump["rejected"][0][0], 7);
    until_pending_is_empty(&redis).await;
}

#[tokio::test]
async fn killed_at_any_moment_it_goes_on_where_it_was() {
    let redis = Redis::start().await;
    group(&redis).await;
    let mut booking = Booking::over_redis(&app(), &redis.url());
    let mut position = 0;
    for round in 0..12_u64 {
        for _ in 0..40 {
            position += 1;
            let id = format!("i{}", position % 50);
            append(
                &redis,
                position,
                &event("updated", &id, position, advisor(&id, &format!("v{position}"))),
            )
            .await;
        }
        tokio::time::sleep(Duration::from_millis(7 * (round % 5))).await;
        booking.restart();
    }
    booking.caught_up(position).await;
    until_pending_is_empty(&redis).await;
    let dump = booking.dump();
    let rows = dump["advisors"].as_array().unwrap();
    assert_eq!(rows.len(), 50);
    for row in rows {
        assert_eq!(
            row["displayName"],
            format!("v{}", row["sequence"]),
            "the last version of each"
        );
        assert!(row["sequence"].as_u64().unwrap() > position - 50);
    }
}

#[tokio::test]
async fn no_stream_no_group_a_wiped_and_a_silent_redis_are_waited_out() {
    let mut redis = Redis::start().await;
    let booking = Booking::over_redis(&app(), &redis.url());
    support::wait::until("the wait to be logged", Duration::from_secs(20), || async {
        booking.log().contains("no consumer group").then_some(())
    })
    .await;
    group(&redis).await;
    append(&redis, 1, &event("created", "a", 1, advisor("a", "one"))).await;
    booking.caught_up(1).await;
    // Everything is lost; the relay would write it again and create the group.
    redis.wipe().await;
    group(&redis).await;
    append(&redis, 1, &event("created", "a", 1, advisor("a", "one"))).await;
    append(&redis, 2, &event("updated", "a", 2, advisor("a", "two"))).await;
    booking.caught_up(2).await;
    redis.pause();
    tokio::time::sleep(Duration::from_secs(2)).await;
    redis.resume();
    append(&redis, 3, &event("updated", "a", 3, advisor("a", "three"))).await;
    booking.caught_up(3).await;
    assert_eq!(booking.dump()["advisors"][0]["displayName"], "three");
}

#[tokio::test]
async fn a_hole_is_never_jumped_and_is_filled_from_the_stream_itself_when_it_can_be() {
    let redis = Redis::start().await;
    group(&redis).await;
    for position in [1, 2, 3] {
        append(
            &redis,
            position,
            &event("updated", "a", position, advisor("a", &format!("v{position}"))),
        )
        .await;
    }
    // Another consumer of the group read the first entries, and stopped.
    redis
        .command(&[
            "XREADGROUP",
            "GROUP",
            "booking",
            "stranger",
            "COUNT",
            "2",
            "STREAMS",
            STREAM,
            ">",
        ])
        .await;
    let booking = Booking::over_redis(&app(), &redis.url());
    booking.caught_up(3).await;
    until_pending_is_empty(&redis).await;
    // Position 4 is missing: 5 must wait.
    append(&redis, 5, &event("updated", "a", 5, advisor("a", "v5"))).await;
    support::wait::until("the hole to be logged", Duration::from_secs(20), || async {
        booking.log().contains("positions are missing").then_some(())
    })
    .await;
    assert_eq!(booking.dump()["position"], 3);
    assert_eq!(booking.dump()["advisors"][0]["displayName"], "v3");
}

#[tokio::test]
async fn sigterm_ends_it_gracefully() {
    let redis = Redis::start().await;
    group(&redis).await;
    append(&redis, 1, &event("created", "a", 1, advisor("a", "one"))).await;
    let mut booking = Booking::over_redis(&app(), &redis.url());
    booking.caught_up(1).await;
    assert!(booking.terminate().success());
}
