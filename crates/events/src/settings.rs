//! The settings of events. The binary reads them from `usher.toml`; in this crate they are plain values.

use std::fmt;
use std::time::Duration;

use domain::environment::Environment;

/// The settings of stamper, relay and feeds.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The environment of the deployment; part of every stream key.
    pub environment: Environment,
    /// The Redis queue; `None` if feeds are read over HTTP only.
    pub redis: Option<RedisSettings>,
    /// The longest delay until a change committed by another process is seen. Wake-ups within this process
    /// are immediate but only hints; this poll is what guarantees delivery (`docs/background/feeds.md`,
    /// "Wake-ups").
    pub poll: Duration,
}

impl Settings {
    /// Poll every 250 ms, no Redis.
    pub const fn new(environment: Environment) -> Self {
        Self {
            environment,
            redis: None,
            poll: Duration::from_millis(250),
        }
    }
}

/// Settings of the Redis queue.
#[derive(Clone)]
pub struct RedisSettings {
    /// `redis://` or `rediss://`; may hold a password and is never shown.
    pub url: String,
    /// The longest wait for an answer of Redis before its connection is dropped.
    pub response_timeout: Duration,
    /// The number of newest entries that a stream keeps for replay, though all groups acknowledged them.
    pub keep_entries: i64,
    /// The most entries of a stream that a group has not acknowledged. Beyond it the relay waits; the events
    /// stay in the database and in the HTTP feed.
    pub max_unacknowledged: i64,
}

impl RedisSettings {
    /// Time-out 2 s, 100,000 entries kept, 1,000,000 unacknowledged.
    pub const fn new(url: String) -> Self {
        Self {
            url,
            response_timeout: Duration::from_secs(2),
            keep_entries: 100_000,
            max_unacknowledged: 1_000_000,
        }
    }
}

impl fmt::Debug for RedisSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisSettings")
            .field("url", &"(hidden)")
            .field("response_timeout", &self.response_timeout)
            .field("keep_entries", &self.keep_entries)
            .field("max_unacknowledged", &self.max_unacknowledged)
            .finish()
    }
}
