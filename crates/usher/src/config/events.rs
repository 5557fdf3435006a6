//! How events are kept and how soon they are seen.

use std::time::Duration;

use super::values::{ConfigError, Key, Values};

/// The keys of this section.
pub const KEYS: &[Key] = &[
    Key {
        name: "events.poll_ms",
        default: "250",
        meaning: "milliseconds until a change committed by another process is seen at the latest",
    },
    Key {
        name: "events.retention_days",
        default: "30",
        meaning: "days that events stay readable",
    },
];

/// The settings.
#[derive(Debug, Clone, Copy)]
pub struct Events {
    /// How often the outbox is looked at.
    pub poll: Duration,
    /// How long events stay readable.
    pub retention: Duration,
}

impl Events {
    /// Reads the section.
    ///
    /// # Errors
    /// Numbers out of bounds.
    pub fn read(values: &Values) -> Result<Self, ConfigError> {
        let days = values.number("events.retention_days", 30, (1, 3_650))?;
        Ok(Self {
            poll: Duration::from_millis(values.number("events.poll_ms", 250, (10, 60_000))?),
            retention: Duration::from_secs(days * 24 * 3_600),
        })
    }
}
