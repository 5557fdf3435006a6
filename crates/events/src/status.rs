//! What the feed side knows of itself, for readiness, metrics and `usher feed list`: numbers and words, never data.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError, RwLock};

use chrono::{DateTime, Utc};
use domain::id::AppId;
use serde::Serialize;

/// What a feed's relay is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum FeedState {
    /// There is no Redis in this deployment: the feed is read over HTTP.
    #[default]
    Http,
    /// Another instance relays this feed.
    Standby,
    /// Relaying.
    Running,
    /// Redis or the database failed; trying again.
    Retrying,
    /// A group has not acknowledged for so long that the stream is full; the events wait in the database.
    Paused,
    /// The stream's key holds something that is not ours; an operator must look (`last_error` says at what).
    Parked,
}

/// How far a consumer group is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GroupStatus {
    /// The group's name.
    pub group: String,
    /// Everything up to this position is acknowledged.
    pub acknowledged: i64,
}

/// One feed.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct FeedStatus {
    /// The app's name.
    pub app: String,
    /// What its relay is doing.
    pub state: FeedState,
    /// The newest position stamped.
    pub head: i64,
    /// The newest position in Redis.
    pub published: i64,
    /// Its groups.
    pub groups: Vec<GroupStatus>,
    /// How often Redis had lost a tail that was sent again.
    pub rewinds: u64,
    /// Entries refused by the database's or Redis' faults are not lost, only late; this is the last such fault.
    pub last_error: Option<String>,
}

impl FeedStatus {
    /// Stamped and not yet in Redis.
    pub const fn unpublished(&self) -> i64 {
        match self.state {
            FeedState::Http => 0,
            _ => self.head.saturating_sub(self.published),
        }
    }
}

/// The Redis server as seen at the last connection.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct RedisStatus {
    /// Whether the last command was answered.
    pub reachable: bool,
    /// The server's version.
    pub version: Option<String>,
    /// What an operator should change about the server.
    pub warnings: Vec<String>,
}

/// Everything at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Snapshot {
    /// The feeds, by app.
    pub feeds: BTreeMap<AppId, FeedStatus>,
    /// The Redis server, when one is configured.
    pub redis: Option<RedisStatus>,
    /// Outbox rows without a position.
    pub unstamped: i64,
    /// When the oldest of them was committed.
    pub oldest_unstamped: Option<DateTime<Utc>>,
    /// Why the last stamping failed, until one succeeds.
    pub stamper_error: Option<String>,
}

impl Snapshot {
    /// What keeps events from leaving, in words for `/health/ready`; empty when nothing does. SCIM goes on meanwhile.
    pub fn troubles(&self) -> Vec<String> {
        let mut troubles: Vec<String> = self
            .stamper_error
            .iter()
            .map(|error| format!("stamper: {error}"))
            .collect();
        if self.redis.as_ref().is_some_and(|redis| !redis.reachable) {
            troubles.push("Redis does not answer; events wait in the database".to_owned());
        } else {
            // A Redis that answers and refuses (full, no disk) refuses every feed: once is enough.
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

/// The board the tasks write to.
#[derive(Debug, Clone, Default)]
pub(crate) struct StatusRegistry(Arc<RwLock<Snapshot>>);

impl StatusRegistry {
    /// A copy of everything.
    pub fn snapshot(&self) -> Snapshot {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Changes something.
    pub fn update(&self, change: impl FnOnce(&mut Snapshot)) {
        change(&mut self.0.write().unwrap_or_else(PoisonError::into_inner));
    }

    /// Changes one feed's line, making it when absent.
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
    fn a_redis_that_refuses_is_told_once_and_a_silent_one_as_silent() {
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
