//! The epoch and the state of an app's feed (ADR 0039).

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

use crate::environment::Environment;
use crate::tenant::Slug;

/// The key of the stream of an app's feed in Redis, `usher:{production:booking}:s00`: its only shard.
pub fn stream_key(environment: Environment, app: &Slug) -> String {
    format!("usher:{{{environment}:{app}}}:s00")
}

/// The history that a feed's positions belong to. It changes when the database came back older than what consumers have read:
/// what has another epoch must not be compared by position. Written `3-5f0c9a72b3d4`; consumers compare it as text.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Epoch {
    /// From 1; a later epoch of the same feed has a greater number.
    pub number: i64,
    /// Random digits: two epochs that were begun apart from each other differ, though their number is the same.
    pub mark: String,
}

/// A text that is no epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an epoch is a number, a hyphen and hexadecimal digits, as in 3-5f0c9a72b3d4")]
pub struct EpochError;

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.number, self.mark)
    }
}

impl FromStr for Epoch {
    type Err = EpochError;

    fn from_str(text: &str) -> Result<Self, EpochError> {
        let (number, mark) = text.split_once('-').ok_or(EpochError)?;
        let is_mark = (1..=32).contains(&mark.len()) && mark.bytes().all(|byte| byte.is_ascii_hexdigit());
        let number: i64 = number.parse().map_err(|_| EpochError)?;
        if number < 1 || !is_mark {
            return Err(EpochError);
        }
        Ok(Self {
            number,
            mark: mark.to_owned(),
        })
    }
}

impl Serialize for Epoch {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// What the relay of a feed does, as it last noted in the database: the same for every instance and command.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Default,
    strum::Display,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
    Serialize,
)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum FeedState {
    /// The deployment has no Redis: the feed is read over HTTP.
    #[default]
    Http,
    /// Events go to Redis as they are committed.
    Running,
    /// Redis or the database failed; the relay retries.
    Retrying,
    /// A group's unacknowledged entries have reached the limit; further events wait in the database.
    Paused,
    /// The stream's key holds something that the gateway did not create; an operator must act.
    Parked,
}

impl FeedState {
    /// Every state.
    pub const ALL: &[Self] = <Self as strum::VariantArray>::VARIANTS;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_epoch_reads_back_and_garbage_does_not() {
        let epoch: Epoch = "3-5f0c9a72b3d4".parse().expect("an epoch");
        assert_eq!((epoch.number, epoch.mark.as_str()), (3, "5f0c9a72b3d4"));
        assert_eq!(epoch.to_string(), "3-5f0c9a72b3d4");
        for garbage in ["", "3", "-", "3-", "0-aa", "x-aa", "3-xyz", "3-aa-bb"] {
            assert_eq!(garbage.parse::<Epoch>(), Err(EpochError), "{garbage}");
        }
    }
}
