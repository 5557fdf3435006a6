//! Which database.

use std::path::Path;
use std::time::Duration;

use super::values::{ConfigError, Key, Values};

/// The keys of this section.
pub const KEYS: &[Key] = &[
    Key {
        name: "database.url",
        default: "",
        meaning: "`sqlite://path/usher.db` or `postgres://role:password@host/database`; without it, SQLite in `data_dir`. On PostgreSQL `serve`, `migrate` and operators' commands each take a role of their own (`docs/operations.md`)",
    },
    Key {
        name: "database.url_file",
        default: "",
        meaning: "a file that holds `database.url`, for passwords",
    },
    Key {
        name: "database.max_connections",
        default: "32",
        meaning: "connections at most; on SQLite readers beside the one writer, never more than 8",
    },
    Key {
        name: "database.acquire_timeout_seconds",
        default: "5",
        meaning: "seconds a request waits for a connection before it is answered 503",
    },
];

/// The settings.
#[derive(Clone)]
pub struct Database {
    /// May hold a password: never shown as it is.
    pub url: String,
    /// Connections at most.
    pub max_connections: u32,
    /// How long a request waits for one.
    pub acquire_timeout: Duration,
}

impl std::fmt::Debug for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Database")
            .field("max_connections", &self.max_connections)
            .finish_non_exhaustive()
    }
}

impl Database {
    /// Reads the section.
    ///
    /// # Errors
    /// An address of another kind of database, or numbers out of bounds.
    pub fn read(values: &Values, data_dir: &Path) -> Result<Self, ConfigError> {
        let url = match values.secret("database.url")? {
            Some(url) => url.trim().to_owned(),
            None => format!("sqlite://{}", data_dir.join("usher.db").display()),
        };
        if !["sqlite://", "postgres://", "postgresql://"]
            .iter()
            .any(|scheme| url.starts_with(scheme))
        {
            return Err(values.wrong("database.url", "must begin with sqlite:// or postgres://"));
        }
        let max_connections = values.number("database.max_connections", 32, (1, 10_000))?;
        let seconds = values.number("database.acquire_timeout_seconds", 5, (1, 60))?;
        Ok(Self {
            url,
            max_connections: u32::try_from(max_connections).unwrap_or(32),
            acquire_timeout: Duration::from_secs(seconds),
        })
    }
}
