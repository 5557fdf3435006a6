//! The status of feeds and Redis, for readiness, metrics and `usher feed list`: numbers and texts, never data
//! of identities.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError, RwLock};

use chrono::{DateTime, Utc};
use domain::id::AppId;
use domain::position::Position;
use serde::Serialize;

/// The state of a feed's relay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum FeedState {
    /// The deployment has no Redis: the feed is read over HTTP.
    #[default]
    Http,
    /// Another instance relays this feed.
    Standby,
    /// This instance relays the feed.
    Running,
    /// Redis or the database failed; the relay retries.
    Retrying,
    /// A group's unacknowledged entries have reached the limit; further events wait in the database.
    Paused,
    /// The stream's key holds something that the gateway did not create; an operator must act (`last_error`
    /// has the reason).
    Parked,
}

/// The progress of a consumer group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GroupStatus {
    /// The name of the group.
    pub group: String,
    /// Everything up to this position is acknowledged.
    pub acknowledged: Position,
}

/// The status of one feed.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct FeedStatus {
    /// The name of the app.
    pub app: String,
    /// The state of its relay.
    pub state: FeedState,
    /// The newest stamped position.
    pub head: Position,
    /// The newest position in Redis.
    pub published: Position,
    /// Its consumer groups as of the last maintenance; empty without Redis.
    pub groups: Vec<GroupStatus>,
    /// The number of times that Redis had lost its newest entries and they were sent again.
    pub rewinds: u64,
    /// The last failure of the database or of Redis. Its events are late, not lost.
    pub last_error: Option<String>,
}

impl FeedStatus {
    /// The number of stamped events that are not in Redis yet.
    pub const fn unpublished(&self) -> i64 {
        match self.state {
            FeedState::Http => 0,
            _ => self.head.since(self.published),
        }
    }
}

/// The Redis server as of the last connection.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct RedisStatus {
    /// Whether the last command was answered.
    pub reachable: bool,
    /// The server's version; `None` if it is not known.
    pub version: Option<String>,
    /// Configuration problems of the server, each with the change to make.
    pub warnings: Vec<String>,
}

/// The status of everything at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Snapshot {
    /// The feeds by app.
    pub feeds: BTreeMap<AppId, FeedStatus>,
    /// The Redis server; `None` if none is configured.
    pub redis: Option<RedisStatus>,
    /// The number of outbox rows without a position.
    pub unstamped: i64,
    /// The commit time of the oldest of them.
    pub oldest_unstamped: Option<DateTime<Utc>>,
    /// The reason why the last stamping failed; `None` after a success.
    pub stamper_error: Option<String>,
}

impl Snapshot {
    /// The reasons why events are not delivered, as texts for `/health/ready`; empty if they are. SCIM works
    /// meanwhile.
    pub fn troubles(&self) -> Vec<String> {
        let mut troubles: Vec<String> = self
            .stamper_error
            .iter()
            .map(|error| format!("stamper: {error}"))
            .collect();
        if self.redis.as_ref().is_some_and(|redis| !redis.reachable) {
            troubles.push("Redis does not answer; events wait in the database".to_owned());
        } else {
            // If Redis answers with refusals (full, no disk), it refuses every feed: one entry is enough.
            let retrying = |feed: &&FeedStatus| feed.state == FeedState::Retrying;
            let refusals: BTreeSet<&String> = self
                .feeds
                .values()
                .filter(retrying)
                .filter_map(|feed| feed.last_error.as_ref())
                .collect();
            troubles.extend(
                refusals
                    .into_iter()
                    .map(|error| format!("{error}; events wait in the database")),
            );
        }
        let stuck = |feed: &&FeedStatus| matches!(feed.state, FeedState::Paused | FeedState::Parked);
        troubles.extend(self.feeds.values().filter(stuck).map(|feed| {
            format!(
                "feed {}: {}",
                feed.app,
                feed.last_error.as_deref().unwrap_or("does not move")
            )
        }));
        troubles
    }
}

/// The shared status that the tasks write to.
#[derive(Debug, Clone, Default)]
pub(crate) struct StatusRegistry(Arc<RwLock<Snapshot>>);

impl StatusRegistry {
    /// A copy of the present status.
    pub fn snapshot(&self) -> Snapshot {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Changes the status under its lock.
    pub fn update(&self, change: impl FnOnce(&mut Snapshot)) {
        change(&mut self.0.write().unwrap_or_else(PoisonError::into_inner));
    }

    /// Changes the status of one feed, and adds it if it is absent.
    pub fn feed(&self, app: AppId, change: impl FnOnce(&mut FeedStatus)) {
        self.update(|snapshot| change(snapshot.feeds.entry(app).or_default()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readiness_names_the_feed_that_is_stuck_and_why() {
        let registry = StatusRegistry::default();
        let app = AppId::from_uuid(uuid::Uuid::nil());
        registry.feed(app, |feed| {
            feed.app = "booking".to_owned();
            feed.state = FeedState::Running;
        });
        assert!(registry.snapshot().troubles().is_empty());
        registry.feed(app, |feed| {
            feed.state = FeedState::Parked;
            feed.last_error = Some("the key holds a string".to_owned());
        });
        assert_eq!(
            registry.snapshot().troubles(),
            ["feed booking: the key holds a string"]
        );
    }

    #[test]
    fn a_redis_that_refuses_is_reported_once_and_a_silent_one_as_silent() {
        let registry = StatusRegistry::default();
        for n in 1..=2 {
            registry.feed(AppId::from_uuid(uuid::Uuid::from_u128(n)), |feed| {
                feed.state = FeedState::Retrying;
                feed.last_error = Some("Redis is full".to_owned());
            });
        }
        let reachable = |reachable| {
            registry.update(|snapshot| snapshot.redis.get_or_insert_default().reachable = reachable);
            registry.snapshot().troubles()
        };
        assert_eq!(reachable(true), ["Redis is full; events wait in the database"]);
        assert_eq!(
            reachable(false),
            ["Redis does not answer; events wait in the database"]
        );
    }
}
