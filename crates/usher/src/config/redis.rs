//! The Redis queue; without `redis.url` feeds are read over HTTP only.

use std::path::PathBuf;
use std::time::Duration;

use events::RedisSettings;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use smart_default::SmartDefault;

use super::keys::KEYS;
use super::rules::number;
use super::values::{ConfigError, Values, contradiction};

/// The section as it is written.
#[derive(Serialize, Deserialize, JsonSchema, SmartDefault)]
#[serde(default, deny_unknown_fields)]
pub struct Redis {
    /// `redis://user:password@host:6379/` or `rediss://…` (TLS); adds the Redis queue. Redis 7.0 or later; which rights the user
    /// needs is in `docs/operations.md`
    url: Option<String>,
    /// a file that holds `redis.url`, for passwords
    url_file: Option<PathBuf>,
    /// milliseconds Redis may keep silent before the connection is given up
    #[serde(deserialize_with = "number::<100, 60_000, _, _>")]
    #[default(2_000)]
    response_timeout_ms: u64,
    /// acknowledged entries a stream keeps for replay
    #[serde(deserialize_with = "number::<0, 1_000_000_000, _, _>")]
    #[default(100_000)]
    keep_entries: i64,
    /// entries a stream may hold that a group has not acknowledged; beyond it they wait in the database
    #[serde(deserialize_with = "number::<1_000, 1_000_000_000, _, _>")]
    #[default(1_000_000)]
    max_unacknowledged: i64,
}

impl Redis {
    /// `None` without an address.
    ///
    /// # Errors
    /// An address of another kind of service, or settings for a Redis that is not there.
    pub fn settings(&self, values: &Values) -> Result<Option<RedisSettings>, ConfigError> {
        let Some(url) = values.secret("redis.url", self.url.as_ref(), self.url_file.as_deref())? else {
            let mut keys = KEYS.iter().filter(|key| key.name.starts_with("redis."));
            return match keys.find(|key| values.origin(&key.name).is_some()) {
                Some(key) => Err(contradiction(
                    &key.name,
                    "redis.url",
                    "it is about the Redis queue, which redis.url would add; set redis.url or leave the other out",
                )),
                None => Ok(None),
            };
        };
        let url = url.trim().to_owned();
        if !url.starts_with("redis://") && !url.starts_with("rediss://") {
            return Err(values.wrong("redis.url", "must begin with redis:// or rediss://"));
        }
        Ok(Some(RedisSettings {
            url,
            response_timeout: Duration::from_millis(self.response_timeout_ms),
            keep_entries: self.keep_entries,
            max_unacknowledged: self.max_unacknowledged,
        }))
    }
}
