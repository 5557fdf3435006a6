//! What an operator may decide about events. Read from `usher.toml` by the binary; here they are plain values.

use std::fmt;
use std::time::Duration;

use domain::environment::Environment;

/// Settings of the feed side.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The deployment's environment; part of every stream key.
    pub environment: Environment,
    /// The Redis queue; `None` leaves the feeds readable over HTTP only.
    pub redis: Option<RedisSettings>,
    /// How long at the latest until a change committed by another process is seen. Wake-ups within this process are
    /// immediate; this poll is the truth they hint at
    /// (`docs/background/feeds.md`, "Wake-ups").
    pub poll: Duration,
    /// How long events stay readable after they were stamped.
    pub retention: Duration,
}

impl Settings {
    /// Poll every 250 ms, keep 30 days, no Redis.
    pub const fn new(environment: Environment) -> Self {
        Self {
            environment,
            redis: None,
            poll: Duration::from_millis(250),
            retention: Duration::from_secs(30 * 24 * 3600),
        }
    }
}

/// Settings of the Redis queue.
#[derive(Clone)]
pub struct RedisSettings {
    /// `redis://` or `rediss://`; may hold a password and is never shown.
    pub url: String,
    /// How long Redis may keep silent before its connection is given up.
    pub response_timeout: Duration,
    /// How many of the newest entries a stream keeps though all groups acknowledged them, for replay.
    pub keep_entries: i64,
    /// How many entries a stream may hold that a group has not acknowledged. Beyond it the relay waits; the events
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
