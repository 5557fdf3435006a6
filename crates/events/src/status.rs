//! The status of feeds and Redis, for readiness, metrics and `usher feed list`: numbers and texts, never data
//! of identities.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError, RwLock};

use chrono::{DateTime, Utc};
use domain::feed::{Epoch, FeedState};
use domain::id::{AppId, DirectoryId};
use domain::position::Position;
use serde::Serialize;

/// The progress of a consumer group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GroupStatus {
    /// The name of the group.
    pub group: String,
    /// Everything up to this position is acknowledged.
    pub acknowledged: Position,
    /// The last position that the queue delivered to it, acknowledged or not.
    pub delivered: Position,
    /// When the oldest event that it has not acknowledged was committed; `None` when there is none.
    pub waiting_since: Option<DateTime<Utc>>,
}

impl GroupStatus {
    /// The age of the oldest event that it has not acknowledged, in whole seconds; 0 when there is none.
    pub fn lag_seconds(&self, now: DateTime<Utc>) -> i64 {
        self.waiting_since
            .map_or(0, |since| (now - since).num_seconds().max(0))
    }
}

/// The status of one feed, as it stands in the database: the same on every instance.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct FeedStatus {
    /// The name of the app.
    pub app: String,
    /// What its relay does.
    pub state: FeedState,
    /// Why it does not run, or what was lost although it does; for the operator.
    pub why: Option<String>,
    /// Since when it is in that state.
    pub since: Option<DateTime<Utc>>,
    /// The history that its positions belong to; `None` before the first look at the database.
    pub epoch: Option<Epoch>,
    /// The newest stamped position.
    pub head: Position,
    /// The newest position in Redis.
    pub published: Position,
    /// Its consumer groups.
    pub groups: Vec<GroupStatus>,
    /// How often this instance filled the stream again, because Redis had lost entries of it.
    pub rewinds: u64,
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
    /// Directories that kept this instance from writing a page of a snapshot, each with the reason, until one could be written.
    pub snapshot_errors: BTreeMap<DirectoryId, String>,
}

impl Snapshot {
    /// The reasons why events are not delivered, as texts for `/health/ready`; empty if they are. SCIM works
    /// meanwhile.
    pub fn troubles(&self) -> Vec<String> {
        let stamper = self.stamper_error.iter().map(|error| format!("stamper: {error}"));
        let snapshots = self.snapshot_errors.values();
        let snapshots = snapshots.map(|error| format!("snapshots: {error}"));
        let mut troubles: Vec<String> = stamper.chain(snapshots).collect();
        if self.redis.as_ref().is_some_and(|redis| !redis.reachable) {
            troubles.push("Redis does not answer; events wait in the database".to_owned());
        } else {
            // If Redis answers with refusals (full, no disk), it refuses every feed: one entry is enough.
            let retrying = |feed: &&FeedStatus| feed.state == FeedState::Retrying;
            let refusals: BTreeSet<&String> = self
                .feeds
                .values()
                .filter(retrying)
                .filter_map(|feed| feed.why.as_ref())
                .collect();
            troubles.extend(
                refusals
                    .into_iter()
                    .map(|error| format!("{error}; events wait in the database")),
            );
        }
        troubles.extend(self.feeds.values().filter_map(|feed| {
            let why = match feed.state {
                FeedState::Http | FeedState::Running => feed.why.as_deref()?,
                FeedState::Paused | FeedState::Parked => feed.why.as_deref().unwrap_or("does not move"),
                FeedState::Retrying => return None,
            };
            Some(format!("feed {}: {why}", feed.app))
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
            feed.why = Some("the key holds a string".to_owned());
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
                feed.why = Some("Redis is full".to_owned());
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
