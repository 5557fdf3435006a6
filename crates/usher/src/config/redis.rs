//! The Redis queue; without `redis.url` feeds are read over HTTP only.

use std::time::Duration;

use events::RedisSettings;

use super::values::{ConfigError, Key, Values, contradiction};

/// The keys of this section.
pub const KEYS: &[Key] = &[
    Key {
        name: "redis.url",
        default: "",
        meaning: "`redis://user:password@host:6379/` or `rediss://…` (TLS); adds the Redis queue. Redis 7.0 or later; which rights the user needs is in `docs/operations.md`",
    },
    Key {
        name: "redis.url_file",
        default: "",
        meaning: "a file that holds `redis.url`, for passwords",
    },
    Key {
        name: "redis.response_timeout_ms",
        default: "2000",
        meaning: "milliseconds Redis may keep silent before the connection is given up",
    },
    Key {
        name: "redis.keep_entries",
        default: "100000",
        meaning: "acknowledged entries a stream keeps for replay",
    },
    Key {
        name: "redis.max_unacknowledged",
        default: "1000000",
        meaning: "entries a stream may hold that a group has not acknowledged; beyond it they wait in the database",
    },
];

/// Reads the section.
///
/// # Errors
/// An address that is none, numbers out of bounds, or settings for a Redis that is not there.
pub fn read(values: &Values) -> Result<Option<RedisSettings>, ConfigError> {
    let Some(url) = values.secret("redis.url")? else {
        let lonely = KEYS.iter().find(|key| values.origin(key.name).is_some());
        return match lonely {
            Some(key) => Err(contradiction(
                key.name,
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
    let mut redis = RedisSettings::new(url);
    redis.response_timeout =
        Duration::from_millis(values.number("redis.response_timeout_ms", 2_000, (100, 60_000))?);
    redis.keep_entries = signed(values.number("redis.keep_entries", 100_000, (0, 1_000_000_000))?);
    redis.max_unacknowledged =
        signed(values.number("redis.max_unacknowledged", 1_000_000, (1_000, 1_000_000_000))?);
    Ok(Some(redis))
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
