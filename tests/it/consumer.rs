//! The reference consumer and its booking service against a real Redis, without a gateway: the test writes
//! the stream as the relay does and the fake feed answers over HTTP, so that the test can produce each fault.

mod workers;

use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use support::booking::Booking;
use support::gateway::App;
use support::redis::Redis;

const STREAM: &str = "usher:{test:booking}:s00";
const BESIDE: &str = "usher:{test:booking}:feed";
const CREDENTIAL: &str = "none";

/// The fake feed, run as a program; ended on drop.
struct FakeFeed {
    process: Child,
    url: String,
    /// The first epoch that it told.
    epoch: String,
    _events: Option<tempfile::NamedTempFile>,
}

impl FakeFeed {
    /// Has these events, and tells none of them before [`FakeFeed::day`].
    async fn start(events: &[Value]) -> Self {
        let file = tempfile::NamedTempFile::new().expect("a file");
        let lines: Vec<String> = events.iter().map(Value::to_string).collect();
        std::fs::write(file.path(), lines.join("\n")).expect("write the events");
        let path = file.path().display().to_string();
        Self::run(&["--day", "tell 0", "--events", &path], Some(file)).await
    }

    /// Runs with these arguments; `events` is kept as long as it runs.
    async fn run(args: &[&str], events: Option<tempfile::NamedTempFile>) -> Self {
        support::init();
        let program: PathBuf = support::programs::booking().with_file_name("fake-feed");
        let mut process = Command::new(program)
            .args(["--credential", CREDENTIAL])
            .args(args)
            .stdout(Stdio::piped())
            .spawn()
            .expect("start the fake feed");
        let mut url = String::new();
        let out = process.stdout.take().expect("its output");
        BufReader::new(out).read_line(&mut url).expect("its address");
        let mut feed = Self {
            process,
            url: url.trim().to_owned(),
            epoch: String::new(),
            _events: events,
        };
        feed.epoch = feed.day("tell 0").await;
        feed
    }

    /// Lets something happen; gives the epoch after it.
    async fn day(&self, day: &str) -> String {
        let address = self.url.split("/feeds").next().expect("an address");
        let client = support::http_client();
        let answer = client
            .post(format!("{address}/fake"))
            .body(day.to_owned())
            .send()
            .await;
        let answer: Value = answer.expect("the fake feed").json().await.expect("JSON");
        answer["epoch"]
            .as_str()
            .unwrap_or_else(|| panic!("{day}: {answer}"))
            .to_owned()
    }

    fn app(&self) -> App {
        App {
            name: "booking".to_owned(),
            credential: CREDENTIAL.to_owned(),
            feed_url: self.url.clone(),
            stream: STREAM.to_owned(),
            redis_user: None,
        }
    }
}

impl Drop for FakeFeed {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Writes the hash beside the stream, as the relay does at an epoch's beginning.
async fn beside(redis: &Redis, epoch: &str) {
    redis
        .command(&["HSET", BESIDE, "epoch", epoch, "deployment", "d1"])
        .await;
}

fn event(word: &str, id: &str, sequence: u64, record: Value) -> Value {
    let part = if word == "deleted" { "tombstone" } else { "record" };
    json!({
        "specversion": "1.0", "id": format!("{id}-{sequence}"), "type": format!("usher.identity.{word}.v1"),
        "source": format!("urn:usher:test:t1:advisors:{id}"), "sequence": format!("{sequence:020}"),
        "subject": format!("/Users/{id}"),
        "tenantid": "t1", "directoryid": "d1", "profile": "advisors",
        "data": {"tenant": {"name": "contoso"}, part: record},
    })
}

fn advisor(id: &str, name: &str) -> Value {
    json!({"id": id, "externalId": id, "userName": format!("{id}@contoso.dk"), "displayName": name, "active": true})
}

async fn append(redis: &Redis, position: u64, event: &Value) {
    append_in(redis, "", position, event).await;
}

/// Without an epoch: as a gateway wrote it that did not know of epochs.
async fn append_in(redis: &Redis, epoch: &str, position: u64, event: &Value) {
    let (id, ce) = (format!("{position}-0"), event.to_string());
    let mut command = vec![
        "XADD", STREAM, &id, "ce", &ce, "t", "x", "ten", "t1", "k", "k", "q", "1",
    ];
    if !epoch.is_empty() {
        command.extend(["e", epoch]);
    }
    redis.command(&command).await;
}

async fn group(redis: &Redis) {
    redis
        .command(&["XGROUP", "CREATE", STREAM, "booking", "0", "MKSTREAM"])
        .await;
}

/// So many versions of one advisor.
fn versions(count: u64) -> Vec<Value> {
    let version = |sequence| event("updated", "a", sequence, advisor("a", &format!("v{sequence}")));
    (1..=count).map(version).collect()
}

fn names(dump: &Value) -> Vec<&str> {
    let rows = dump["advisors"].as_array().expect("advisors");
    rows.iter()
        .filter_map(|row| row["displayName"].as_str())
        .collect()
}

async fn snapshot_is_taken(booking: &Booking) {
    support::wait::until("a snapshot", Duration::from_mins(1), || async {
        booking.log().contains("the snapshot is stored").then_some(())
    })
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
    let feed = FakeFeed::start(&[]).await;
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
    let booking = Booking::over_redis(&feed.app(), &redis.url());
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
    let feed = FakeFeed::start(&[]).await;
    group(&redis).await;
    let mut booking = Booking::over_redis(&feed.app(), &redis.url());
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
    let feed = FakeFeed::start(&[]).await;
    let booking = Booking::over_redis(&feed.app(), &redis.url());
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
    let events = versions(5);
    let feed = FakeFeed::start(&events).await;
    group(&redis).await;
    let mut booking = Booking::over_redis(&feed.app(), &redis.url());
    snapshot_is_taken(&booking).await;
    booking.kill9();
    feed.day("tell 3").await;
    for (position, event) in (1..).zip(&events[..3]) {
        append(&redis, position, event).await;
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
    booking.restart();
    booking.caught_up(3).await;
    until_pending_is_empty(&redis).await;
    // Position 4 is missing, in the database too: 5 must wait.
    append(&redis, 5, &events[4]).await;
    support::wait::until("the hole to be logged", Duration::from_secs(20), || async {
        booking.log().contains("positions are missing").then_some(())
    })
    .await;
    assert_eq!(booking.dump()["position"], 3);
    assert_eq!(booking.dump()["advisors"][0]["displayName"], "v3");
}

#[tokio::test]
async fn pending_entries_that_the_stream_lost_are_applied_before_they_are_acknowledged() {
    let redis = Redis::start().await;
    let events: Vec<Value> = ["a", "b", "c"]
        .map(|id| event("created", id, 1, advisor(id, id)))
        .to_vec();
    let feed = FakeFeed::start(&events).await;
    group(&redis).await;
    let mut booking = Booking::over_redis(&feed.app(), &redis.url());
    snapshot_is_taken(&booking).await;
    booking.kill9();
    feed.day("tell 3").await;
    for (position, event) in (1..).zip(&events) {
        append(&redis, position, event).await;
    }
    // It read all of them, and was killed before it stored any; then an operator's hand deleted one.
    redis
        .command(&[
            "XREADGROUP",
            "GROUP",
            "booking",
            "booking",
            "STREAMS",
            STREAM,
            ">",
        ])
        .await;
    redis.command(&["XDEL", STREAM, "2-0"]).await;
    booking.restart();
    booking.caught_up(3).await;
    until_pending_is_empty(&redis).await;
    assert_eq!(names(&booking.dump()), ["a", "b", "c"]);
}

#[tokio::test]
async fn a_hole_that_nobody_keeps_any_more_leads_to_a_snapshot() {
    let redis = Redis::start().await;
    let ids = ["a", "b", "c", "d", "e"];
    let events: Vec<Value> = ids.map(|id| event("created", id, 1, advisor(id, id))).to_vec();
    let feed = FakeFeed::start(&events).await;
    group(&redis).await;
    let mut booking = Booking::over_redis(&feed.app(), &redis.url());
    snapshot_is_taken(&booking).await;
    booking.kill9();
    feed.day("tell 5").await;
    feed.day("hole 5").await;
    append(&redis, 5, &events[4]).await;
    booking.restart();
    booking.caught_up(5).await;
    until_pending_is_empty(&redis).await;
    assert_eq!(names(&booking.dump()), ids);
}

#[tokio::test]
async fn a_new_epoch_is_noticed_beside_the_stream_and_replaces_the_tables() {
    let redis = Redis::start().await;
    let ids = ["a", "b", "c"];
    let events: Vec<Value> = ids.map(|id| event("created", id, 1, advisor(id, id))).to_vec();
    let feed = FakeFeed::start(&events).await;
    beside(&redis, &feed.epoch).await;
    group(&redis).await;
    let booking = Booking::over_redis(&feed.app(), &redis.url());
    snapshot_is_taken(&booking).await;
    feed.day("tell 3").await;
    for (position, event) in (1..).zip(&events) {
        append_in(&redis, &feed.epoch, position, event).await;
    }
    booking.caught_up(3).await;
    // Another Redis' hash is no reason to give the tables up: the gateway still has this epoch.
    beside(&redis, "9-abc").await;
    support::wait::until("the wait to be logged", Duration::from_secs(20), || async {
        booking
            .log()
            .contains("waiting for the stream to follow")
            .then_some(())
    })
    .await;
    assert_eq!(names(&booking.dump()), ids);
    // The database comes back with the first event only, and the relay begins the stream anew.
    let epoch = feed.day("epoch 1").await;
    redis.command(&["DEL", STREAM]).await;
    beside(&redis, &epoch).await;
    group(&redis).await;
    append_in(&redis, &epoch, 1, &events[0]).await;
    support::wait::until("the older state", Duration::from_secs(30), || async {
        (names(&booking.dump()) == ["a"]).then_some(())
    })
    .await;
    feed.day("tell 1").await;
    append_in(&redis, &epoch, 2, &events[1]).await;
    booking.caught_up(2).await;
    until_pending_is_empty(&redis).await;
    assert_eq!(names(&booking.dump()), ["a", "b"]);
}

#[tokio::test]
async fn sigterm_ends_it_gracefully() {
    let redis = Redis::start().await;
    let feed = FakeFeed::start(&[]).await;
    group(&redis).await;
    append(&redis, 1, &event("created", "a", 1, advisor("a", "one"))).await;
    let mut booking = Booking::over_redis(&feed.app(), &redis.url());
    booking.caught_up(1).await;
    assert!(booking.terminate().success());
}

/// Whoever has no gateway tries a consumer of the stream with the fake feed alone.
#[tokio::test(flavor = "multi_thread")]
async fn the_fake_feed_writes_a_stream_that_is_wiped_and_begins_epochs() {
    let redis = Redis::start().await;
    let feed = FakeFeed::run(&["--day", "tell 12", "--redis", &redis.url()], None).await;
    let booking = Booking::over_redis(&feed.app(), &redis.url());
    booking.caught_up(12).await;
    feed.day("wipe").await;
    feed.day("tell 6").await;
    booking.caught_up(18).await;
    let second = feed.day("epoch 9").await;
    assert_ne!(second, feed.epoch);
    feed.day("tell 38").await;
    booking.caught_up(38).await;
    let expected: Value = serde_json::from_str(include_str!(
        "../../crates/consumer/examples/fake_feed/expected.json"
    ))
    .expect("JSON");
    let dump = booking.dump();
    let names = |rows: &Value| -> Vec<Value> {
        let rows = rows.as_array().expect("rows").iter();
        rows.filter(|row| row["deleted"] != true)
            .map(|row| row["id"].clone())
            .collect()
    };
    let mut has = names(&dump["advisors"]);
    has.extend(names(&dump["rooms"]));
    let all: Vec<Value> = names(&expected["identities"]);
    assert!(!has.is_empty() && has.iter().all(|id| all.contains(id)), "{dump}");
}
