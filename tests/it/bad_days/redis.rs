//! Faults of Redis, and what people do to it by hand.

use std::time::Duration;

use super::day::{Day, Kept, bad_day};

#[tokio::test(flavor = "multi_thread")]
async fn redis_is_killed() {
    bad_day(Kept::Sqlite, async |day| {
        day.redis.kill9();
        tokio::time::sleep(Duration::from_millis(500)).await;
        day.redis.restart().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_is_wiped() {
    bad_day(Kept::Postgres, async |day| {
        day.redis.command(&["FLUSHALL"]).await;
        day.streams_grow().await;
        day.redis.wipe().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_loses_the_end_of_its_log() {
    bad_day(Kept::Sqlite, async |day| {
        day.streams_grow().await;
        assert!(
            day.redis.truncate_aof_tail(20_000).await,
            "there was something to cut"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_comes_back_older() {
    bad_day(Kept::Sqlite, async |day| {
        let copy = day.redis.copy();
        day.streams_grow().await;
        day.redis.restore(&copy).await;
    })
    .await;
}

/// The consumers are away, events come, and somebody does this to the streams; nothing of it is an acknowledgement.
async fn meddled(kept: Kept, with: impl AsyncFn(&Day, &str, &str)) {
    bad_day(kept, async |day| {
        day.stop_consumers();
        day.streams_grow().await;
        for app in day.redis_apps() {
            with(day, &app.stream, &app.name).await;
        }
        // Groups that move are looked at every half second, others every five.
        for _ in 0..6 {
            tokio::time::sleep(Duration::from_secs(1)).await;
            day.nothing_is_applied_that_no_consumer_has();
        }
        day.start_consumers();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_is_trimmed_before_it_was_read() {
    meddled(Kept::Sqlite, async |day, stream, _| {
        day.redis.command(&["XTRIM", stream, "MAXLEN", "=", "3"]).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn entries_are_deleted_before_they_were_read() {
    meddled(Kept::Sqlite, async |day, stream, _| {
        let ids = last_ids(day, stream, 12).await;
        for id in ids.iter().step_by(2) {
            day.redis.command(&["XDEL", stream, id]).await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consumer_is_removed_with_what_it_had_not_finished() {
    meddled(Kept::Sqlite, async |day, stream, group| {
        let read = [
            "XREADGROUP",
            "GROUP",
            group,
            "stranger",
            "COUNT",
            "20",
            "STREAMS",
            stream,
            ">",
        ];
        day.redis.command(&read).await;
        day.redis
            .command(&["XGROUP", "DELCONSUMER", stream, group, "stranger"])
            .await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_is_set_to_the_end_of_its_stream() {
    meddled(Kept::Postgres, async |day, stream, group| {
        day.redis.command(&["XGROUP", "SETID", stream, group, "$"]).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_is_destroyed() {
    meddled(Kept::Sqlite, async |day, stream, group| {
        day.redis.command(&["XGROUP", "DESTROY", stream, group]).await;
    })
    .await;
}

/// The ids of a stream's last entries, the newest first.
async fn last_ids(day: &Day, stream: &str, count: usize) -> Vec<String> {
    let entries: redis::streams::StreamRangeReply = redis::cmd("XREVRANGE")
        .arg(stream)
        .arg("+")
        .arg("-")
        .arg("COUNT")
        .arg(count)
        .query_async(&mut day.redis.connection().await)
        .await
        .expect("XREVRANGE");
    entries.ids.into_iter().map(|entry| entry.id).collect()
}
