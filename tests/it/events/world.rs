//! A gateway with one customer, an app, and a Redis; and the assertion that all tests use: the stream has
//! exactly the events of the feed.

use std::collections::BTreeMap;
use std::time::Duration;

use redis::streams::StreamRangeReply;
use serde_json::{Value, json};
use support::gateway::{App, Gateway, Settings};
use support::http::{Feed, Scim};
use support::postgres::Postgres;
use support::redis::Redis;
use support::wait::until;

/// The limit of every wait; nothing is measured by it.
pub const PATIENCE: Duration = Duration::from_mins(1);

#[derive(Debug, Clone, Copy)]
pub enum Backend {
    /// SQLite in the gateway's folder.
    Sqlite,
    /// A database of the shared PostgreSQL cluster.
    Postgres,
}

/// Settings for a database and a Redis.
pub async fn settings(backend: Backend, redis: Option<&Redis>) -> Settings {
    let database = match backend {
        Backend::Sqlite => None,
        Backend::Postgres => Some(Postgres::shared().await.database().await),
    };
    Settings {
        database,
        redis: redis.map(Redis::url),
        ..Settings::default()
    }
}

/// One customer's advisors, one app.
pub struct World {
    pub gateway: Gateway,
    pub redis: Redis,
    pub scim: Scim,
    pub app: App,
    pub feed: Feed,
}

impl World {
    /// Starts all of it.
    pub async fn start(backend: Backend) -> Self {
        let redis = Redis::start().await;
        let gateway = Gateway::start(settings(backend, Some(&redis)).await).await;
        Self::around(gateway, redis)
    }

    /// A customer and an app for a running gateway.
    pub fn around(gateway: Gateway, redis: Redis) -> Self {
        let app = gateway.app("booking");
        Self::of(gateway, redis, app)
    }

    /// A customer for a running gateway that has its app.
    pub fn of(gateway: Gateway, redis: Redis, app: App) -> Self {
        let scim = Scim::new(&gateway.directory("contoso", "advisors"));
        let feed = Feed::new(&app);
        Self {
            gateway,
            redis,
            scim,
            app,
            feed,
        }
    }

    /// Creates people `from..to`, eight at a time; each answer must be 201.
    pub async fn create(&self, range: std::ops::Range<u32>) -> Vec<String> {
        create(&self.scim, range).await
    }

    /// Waits until the stream ends where the feed ends, then compares them entry by entry.
    pub async fn mirrored(&self) -> Vec<(u64, Value)> {
        mirrored(&self.redis, &self.feed, &self.app).await
    }

    /// The reasons of `/health/ready` why events are not delivered.
    pub async fn degraded(&self) -> String {
        let url = format!("{}/health/ready", self.gateway.admin_url());
        let answer = support::http::send(support::http_client().get(url))
            .await
            .expect(200);
        answer.body["degraded"].to_string()
    }
}

/// Creates people with these numbers in a directory, eight at a time; returns their ids.
pub async fn create(scim: &Scim, range: std::ops::Range<u32>) -> Vec<String> {
    use futures_util::StreamExt as _;
    futures_util::stream::iter(range)
        .map(|n| async move { person(scim, n).await })
        .buffered(8)
        .collect()
        .await
}

pub async fn person(scim: &Scim, n: u32) -> String {
    let more = json!({"name": {"givenName": "Mette", "familyName": format!("Holm {n}")}});
    scim.create(&format!("object-{n}"), &format!("person{n}@contoso.dk"), more)
        .await
        .expect(201)
        .id()
}

pub async fn rename(scim: &Scim, id: &str, name: &str) {
    scim.patch_ops(
        id,
        json!([{"op": "Replace", "path": "displayName", "value": name}]),
    )
    .await
    .expect(200);
}

/// The entries of an app's stream: position → fields. Panics if an id is not a position.
pub async fn entries(redis: &Redis, app: &App) -> BTreeMap<u64, BTreeMap<String, String>> {
    // Reading a whole stream takes long on a busy machine.
    let patient = redis::AsyncConnectionConfig::new()
        .set_connection_timeout(Some(PATIENCE))
        .set_response_timeout(Some(PATIENCE));
    let client = redis::Client::open(redis.url()).expect("an address");
    let mut connection = client
        .get_multiplexed_async_connection_with_config(&patient)
        .await
        .expect("connect to Redis");
    let reply: StreamRangeReply = redis::cmd("XRANGE")
        .arg(&app.stream)
        .arg("-")
        .arg("+")
        .query_async(&mut connection)
        .await
        .expect("XRANGE");
    let position = |id: &str| id.strip_suffix("-0").and_then(|text| text.parse().ok());
    reply
        .ids
        .into_iter()
        .map(|entry| {
            let fields = entry.map.iter().map(|(name, value)| {
                (
                    name.clone(),
                    redis::from_redis_value(value.clone()).expect("fields are texts"),
                )
            });
            (
                position(&entry.id).unwrap_or_else(|| panic!("{} is no position", entry.id)),
                fields.collect(),
            )
        })
        .collect()
}

/// Waits until a stream ends where its feed ends; then every entry must be the feed's event at that position,
/// byte for byte, from 1 to the head. Returns the events.
pub async fn mirrored(redis: &Redis, feed: &Feed, app: &App) -> Vec<(u64, Value)> {
    settled(feed).await;
    until("the stream to end where the feed ends", PATIENCE, || async {
        let last = entries(redis, app).await.into_keys().next_back().unwrap_or(0);
        (last == feed.head().await).then_some(())
    })
    .await;
    let (stream, events) = (entries(redis, app).await, feed.all().await);
    assert_eq!(stream.len(), events.len(), "as many entries as events");
    for ((position, fields), (pos, event)) in stream.iter().zip(&events) {
        assert_eq!(position, pos);
        let carried: Value = serde_json::from_str(&fields["ce"]).expect("ce is JSON");
        assert_eq!(&carried, event, "at {pos}");
        for (field, member) in [
            ("t", "type"),
            ("ten", "tenantid"),
            ("k", "source"),
            ("q", "sequence"),
        ] {
            assert_eq!(event[member], fields[field], "{field} at {pos}");
        }
    }
    contiguous(&events);
    events
}

/// Waits until every committed event has its position: the head does not change over two polls of the
/// stamper.
pub async fn settled(feed: &Feed) {
    until("the feed to stand still", PATIENCE, || async {
        let before = feed.head().await;
        tokio::time::sleep(Duration::from_millis(600)).await;
        (feed.head().await == before).then_some(())
    })
    .await;
}

/// Waits until the feed has at least so many events.
pub async fn until_head(feed: &Feed, head: u64) {
    until("the feed to hold all events", PATIENCE, || async {
        (feed.head().await >= head).then_some(())
    })
    .await;
}

/// Positions count from 1 without a gap, and each revision of an identity follows the one before.
pub fn contiguous(events: &[(u64, Value)]) {
    let mut revisions: BTreeMap<&str, u64> = BTreeMap::new();
    for (index, (position, event)) in events.iter().enumerate() {
        assert_eq!(*position, index as u64 + 1, "positions have no gaps");
        let source = event["source"].as_str().expect("source");
        let revision = event["data"]["revision"].as_u64().expect("revision");
        let before = revisions.insert(source, revision).unwrap_or(0);
        assert!(revision > before, "{source} at {position}");
        assert_eq!(
            event["data"]["previousRevision"], before,
            "{source} at {position}"
        );
    }
}
