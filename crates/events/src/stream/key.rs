//! Stream keys and entry ids: `usher:{production:booking}:s00` and `9121-0` (`docs/background/feeds.md`, "Keys").

use std::fmt;

use domain::environment::Environment;
use domain::feed::stream_key;
use domain::position::Position;
use domain::tenant::Slug;

/// The key of an app's stream. The braces are the hash tag of Redis Cluster: all keys of a feed live in one slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamKey(String);

impl StreamKey {
    /// The only shard of an app's feed.
    pub fn new(environment: Environment, app: &Slug) -> Self {
        Self(stream_key(environment, app))
    }

    /// The key of the hash beside the stream, `usher:{production:booking}:feed`: whose the stream is (ADR 0039).
    pub fn companion(&self) -> String {
        format!("{}feed", self.0.trim_end_matches("s00"))
    }

    /// The key as sent to Redis.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for StreamKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An entry id. Those of the gateway are `position-0`; any other was added by another writer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct EntryId {
    /// The part before the hyphen.
    pub position: Position,
    /// The part after the hyphen; 0 in ids of the gateway.
    pub part: u64,
}

impl EntryId {
    /// The id of a position, with the second part 0.
    pub const fn at(position: Position) -> Self {
        Self { position, part: 0 }
    }

    /// Parses `position-part`; a position beyond the range of `i64` becomes `i64::MAX`.
    pub fn parse(text: &str) -> Option<Self> {
        let (position, part) = text.split_once('-')?;
        let position: u64 = position.parse().ok()?;
        Some(Self {
            position: Position::new(i64::try_from(position).unwrap_or(i64::MAX))?,
            part: part.parse().ok()?,
        })
    }
}

impl fmt::Display for EntryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.position, self.part)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_names_environment_and_app_in_one_hash_slot() {
        let app = "booking".parse().expect("a slug");
        assert_eq!(
            StreamKey::new(Environment::Production, &app).as_str(),
            "usher:{production:booking}:s00"
        );
        assert_eq!(
            StreamKey::new(Environment::Production, &app).companion(),
            "usher:{production:booking}:feed"
        );
    }

    #[test]
    fn an_entry_id_reads_back_and_garbage_does_not() {
        let at = |number| EntryId::at(Position::new(number).expect("from 0"));
        assert_eq!(EntryId::parse("9121-0"), Some(at(9121)));
        assert_eq!(
            EntryId::parse("1763791234567-3"),
            Some(EntryId {
                part: 3,
                ..at(1_763_791_234_567)
            })
        );
        assert_eq!(EntryId::parse("18446744073709551615-0"), Some(at(i64::MAX)));
        for garbage in ["", "1", "-", "1-", "-1-0", "a-0"] {
            assert_eq!(EntryId::parse(garbage), None, "{garbage}");
        }
        assert_eq!(at(7).to_string(), "7-0");
    }
}
