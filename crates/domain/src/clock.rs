//! Time and randomness as parameters, so that decisions can be repeated in tests.

use std::sync::LazyLock;
use std::time::{Duration, Instant};

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use uuid::{ContextV7, Timestamp, Uuid};

/// A source of wall-clock and monotonic time.
pub trait Clock: Send + Sync {
    /// The present time in UTC, cut to milliseconds: PostgreSQL keeps microseconds and SQLite nanoseconds, and
    /// `meta.lastModified` must not change between a write and the next read.
    fn now(&self) -> DateTime<Utc>;

    /// The time since a fixed moment of this process, to measure durations. It only grows, even when the machine's clock is
    /// set back.
    fn monotonic(&self) -> Duration;
}

/// Makes identifiers.
pub trait Ids: Send + Sync {
    /// A new UUIDv7; later calls of one process give greater values.
    fn next(&self) -> Uuid;
}

/// The machine's clock.
#[derive(Debug, Default, Clone, Copy)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> DateTime<Utc> {
        #[expect(
            clippy::disallowed_methods,
            reason = "the one place that reads the machine's clock"
        )]
        let now = Utc::now();
        now.duration_trunc(TimeDelta::milliseconds(1)).unwrap_or(now)
    }

    fn monotonic(&self) -> Duration {
        static BEGIN: LazyLock<Instant> = LazyLock::new(Instant::now);
        BEGIN.elapsed()
    }
}

/// UUIDv7 from the machine's clock and random source, monotonic within the process.
#[derive(Debug, Default)]
pub struct SystemIds {
    context: std::sync::Mutex<ContextV7>,
}

impl Ids for SystemIds {
    fn next(&self) -> Uuid {
        #[expect(
            clippy::disallowed_methods,
            reason = "the one place that makes random identifiers"
        )]
        let Ok(context) = self.context.lock() else {
            return Uuid::now_v7();
        };
        Uuid::new_v7(Timestamp::now(&*context))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_has_no_more_than_milliseconds() {
        assert_eq!(SystemClock.now().timestamp_subsec_nanos() % 1_000_000, 0);
    }

    #[test]
    fn ids_rise() {
        let ids = SystemIds::default();
        let made: Vec<Uuid> = (0..10_000).map(|_| ids.next()).collect();
        assert!(made.windows(2).all(|pair| pair[0] < pair[1]));
    }
}
