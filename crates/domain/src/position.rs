//! Positions in an app's feed.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

/// The place of an event in an app's feed: 1, 2, 3 and so on, without gaps (ADR 0003).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize)]
#[serde(transparent)]
pub struct Position(i64);

/// A text that is no position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a position is a whole number from 0")]
pub struct PositionError;

impl Position {
    /// 0, before the first event.
    pub const START: Self = Self(0);

    /// `None` below 0.
    pub const fn new(number: i64) -> Option<Self> {
        if number < 0 { None } else { Some(Self(number)) }
    }

    /// The number, as databases and Redis keep it.
    pub const fn number(self) -> i64 {
        self.0
    }

    /// The position of the next event.
    #[must_use]
    pub const fn next(self) -> Self {
        self.forward(1)
    }

    /// The position `count` events later.
    #[must_use]
    pub const fn forward(self, count: i64) -> Self {
        Self(self.0.saturating_add(count))
    }

    /// The position `count` events earlier, [`Position::START`] at the lowest.
    #[must_use]
    pub fn back(self, count: i64) -> Self {
        Self(self.0.saturating_sub(count).max(0))
    }

    /// The number of events after `other` up to this position; negative if `other` is the later one.
    pub const fn since(self, other: Self) -> i64 {
        self.0 - other.0
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Position {
    type Err = PositionError;

    fn from_str(text: &str) -> Result<Self, PositionError> {
        let number = text
            .parse::<u64>()
            .ok()
            .and_then(|number| i64::try_from(number).ok());
        number.map(Self).ok_or(PositionError)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_is_a_whole_number_from_0() {
        assert_eq!("9121".parse().ok(), Position::new(9121));
        assert_eq!("0".parse(), Ok(Position::START));
        for text in ["", "-1", "-0", "1.5", "9223372036854775808"] {
            assert_eq!(text.parse::<Position>(), Err(PositionError), "{text}");
        }
        assert_eq!(Position::new(-1), None);
    }

    #[test]
    fn no_position_is_before_the_start() {
        let seven = Position(7);
        assert_eq!(
            (seven.next(), seven.back(2), seven.back(8)),
            (Position(8), Position(5), Position::START)
        );
        assert_eq!((seven.since(Position(3)), Position(3).since(seven)), (4, -4));
    }
}
