//! The settings of the store. Read next: `engine/connect`.

use std::time::Duration;

/// Where the database is and how much of it may be used.
#[derive(Clone)]
pub struct Settings {
    /// `sqlite://path/to/usher.db` (relative to the working directory; made when absent) or `postgres://…`.
    pub url: String,
    /// At most this many connections; on SQLite this many readers beside the one writer.
    pub max_connections: u32,
    /// How long a request may wait for a connection; then the database is unavailable to it.
    pub acquire_timeout: Duration,
}

impl std::fmt::Debug for Settings {
    /// Without the URL: it holds the password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Settings")
            .field("max_connections", &self.max_connections)
            .field("acquire_timeout", &self.acquire_timeout)
            .finish_non_exhaustive()
    }
}

/// Which database is behind the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    /// PostgreSQL: any number of gateways on one database.
    Postgres,
    /// SQLite: one machine, one file, nothing to install.
    Sqlite,
}

impl Backend {
    /// Its name for people.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Postgres => "PostgreSQL",
            Self::Sqlite => "SQLite",
        }
    }

    pub(crate) const fn driver(self) -> sea_orm::DatabaseBackend {
        match self {
            Self::Postgres => sea_orm::DatabaseBackend::Postgres,
            Self::Sqlite => sea_orm::DatabaseBackend::Sqlite,
        }
    }
}
