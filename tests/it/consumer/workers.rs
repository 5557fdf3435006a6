//! Several workers of one group: who is killed or stuck costs time, and the tables equal the directory.

use super::{FakeFeed, STREAM, advisor, append_in, beside, event, group, until_pending_is_empty};
use serde_json::Value;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;
use support::process::{Folder, Process, Spec};
use support::redis::Redis;

/// Of one advisor: its last sequence, and its name; none after its deletion.
type Directory = BTreeMap<String, (u64, Option<String>)>;

/// The position whose entry the stream loses; nothing later is about the same advisor.
const LOST: u64 = 399;

struct Workers {
    folder: Folder,
    args: Vec<String>,
}

impl Workers {
    fn new(feed: &FakeFeed, redis: &Redis) -> Self {
        let folder = Folder::new("usher-workers-");
        let database = folder.join("booking.db").display().to_string();
        let args = [
            "--feed",
            &redis.url(),
            "--http-feed",
            &feed.url,
            "--stream",
            STREAM,
            "--credential",
            super::CREDENTIAL,
        ];
        let more = ["--database", &database, "--claim-after", "2", "--worker"];
        let args = args.iter().chain(&more).map(|word| (*word).to_owned()).collect();
        Self { folder, args }
    }

    fn start(&self, name: &str) -> Process {
        let mut args = self.args.clone();
        args.push(name.to_owned());
        Process::start(&Spec {
            program: &support::programs::booking(),
            args: &args,
            dir: self.folder.path(),
            log: &self.folder.join(&format!("{name}.log")),
            env: &[],
            user: None,
            end: "KILL",
        })
    }

    /// SIGSTOP at a moment at which the process does not hold the lock of the shared file, which nobody would take from it.
    async fn stop_between_transactions(&self, process: &Process) {
        let options = SqliteConnectOptions::new()
            .filename(self.folder.join("booking.db"))
            .busy_timeout(Duration::from_secs(2));
        let mut connection = options.connect().await.expect("the shared file");
        for _ in 0..20 {
            process.signal("STOP");
            if let Ok(lock) = connection.begin_with("BEGIN IMMEDIATE").await {
                return lock.rollback().await.expect("roll back");
            }
            process.signal("CONT");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("it is always in a transaction");
    }

    fn tables(&self) -> Directory {
        let dump = support::booking::dump(Path::new(&self.folder.join("booking.db")));
        let rows = dump["advisors"].as_array().expect("advisors");
        let row = |row: &Value| {
            let name = row["displayName"].as_str().map(str::to_owned);
            let sequence = row["sequence"].as_u64().unwrap_or_default();
            (
                row["id"].as_str().unwrap_or_default().to_owned(),
                (sequence, name),
            )
        };
        rows.iter().map(row).collect()
    }
}

/// Position and sequence are the same number. Every eleventh event after the first hundred deletes somebody.
fn change(position: u64) -> Value {
    let id = format!("i{}", position % 40);
    if position > 100 && position.is_multiple_of(11) {
        event(
            "deleted",
            &id,
            position,
            serde_json::json!({"id": id, "externalId": id}),
        )
    } else {
        event("updated", &id, position, advisor(&id, &format!("v{position}")))
    }
}

/// What the events make of the tables, one by one in their order.
fn directory(events: &[Value]) -> Directory {
    let mut directory = Directory::new();
    for event in events {
        let part = if event["data"]["record"].is_null() {
            "tombstone"
        } else {
            "record"
        };
        let id = event["data"][part]["id"].as_str().expect("an id").to_owned();
        let sequence = event["sequence"]
            .as_str()
            .and_then(|text| text.parse().ok())
            .expect("a sequence");
        let name = event["data"][part]["displayName"].as_str().map(str::to_owned);
        directory.insert(id, (sequence, name));
    }
    directory
}

/// The entry is pending for the worker that was killed, and an operator's hand has deleted it from the stream.
async fn append_and_lose(redis: &Redis, epoch: &str, event: &Value) {
    let script = "redis.call('XADD', KEYS[1], ARGV[1], 'ce', ARGV[2], 'e', ARGV[3])
        redis.call('XCLAIM', KEYS[1], 'booking', 'three', 0, ARGV[1], 'FORCE')
        return redis.call('XDEL', KEYS[1], ARGV[1])";
    let id = format!("{LOST}-0");
    redis
        .command(&["EVAL", script, "1", STREAM, &id, &event.to_string(), epoch])
        .await;
}

async fn all_delivered(redis: &Redis, head: usize) {
    let wanted = format!("{head}-0");
    support::wait::until("all to be delivered", Duration::from_mins(1), || async {
        redis
            .command(&["XINFO", "GROUPS", STREAM])
            .await
            .contains(&wanted)
            .then_some(())
    })
    .await;
    until_pending_is_empty(redis).await;
}

#[tokio::test]
async fn three_workers_one_killed_and_one_stuck_end_with_the_directory() {
    let redis = Redis::start().await;
    let events: Vec<Value> = (1..=400).map(change).collect();
    let feed = FakeFeed::start(&events).await;
    feed.day("tell 100").await;
    beside(&redis, &feed.epoch).await;
    group(&redis).await;
    let workers = Workers::new(&feed, &redis);
    let one = workers.start("one");
    support::wait::until("a snapshot", Duration::from_mins(1), || async {
        one.log().contains("the snapshot is stored").then_some(())
    })
    .await;
    let (two, mut three) = (workers.start("two"), workers.start("three"));
    feed.day("tell 300").await;
    for (position, event) in (1..).zip(&events) {
        if position == LOST {
            append_and_lose(&redis, &feed.epoch, event).await;
        } else {
            append_in(&redis, &feed.epoch, position, event).await;
        }
        match position {
            150 => workers.stop_between_transactions(&two).await,
            200 => three.kill9(),
            _ => {}
        }
        if position % 50 == 0 {
            // Entries that the killed one had in hand, as far as Redis knows.
            redis
                .command(&[
                    "XREADGROUP",
                    "GROUP",
                    "booking",
                    "three",
                    "COUNT",
                    "5",
                    "STREAMS",
                    STREAM,
                    ">",
                ])
                .await;
        }
    }
    // The stuck one's entries are taken over: it need not come back. When it does, it does no harm.
    all_delivered(&redis, 400).await;
    two.signal("CONT");
    all_delivered(&redis, 400).await;
    assert_eq!(workers.tables(), directory(&events));
    assert!(
        !two.log().contains("taking a snapshot"),
        "one snapshot was enough"
    );

    // An older database: one of the two that are left takes a snapshot, and both go on in the new epoch.
    let epoch = feed.day("epoch 300").await;
    redis.command(&["DEL", STREAM]).await;
    beside(&redis, &epoch).await;
    redis
        .command(&["XGROUP", "CREATE", STREAM, "booking", "280-0", "MKSTREAM"])
        .await;
    for (position, event) in (1..).zip(&events[..300]).skip(250) {
        append_in(&redis, &epoch, position, event).await;
    }
    feed.day("tell 60").await;
    for (position, event) in (1..).zip(&events[..360]).skip(300) {
        append_in(&redis, &epoch, position, event).await;
    }
    all_delivered(&redis, 360).await;
    let alive = |tables: Directory| -> Directory {
        tables
            .into_iter()
            .filter(|(_, (_, name))| name.is_some())
            .collect()
    };
    assert_eq!(alive(workers.tables()), alive(directory(&events[..360])));
}
