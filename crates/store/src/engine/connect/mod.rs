//! Opening the database: pools, per-connection settings, and warnings about them for the operator.
//!
//! Read next: [`postgres`] and [`sqlite`], one file a database, and [`writing`], SQLite's writer.

pub(crate) mod postgres;
mod private;
pub(crate) mod sqlite;
pub(crate) mod writing;

use std::path::PathBuf;

use sea_orm::{ConnectOptions, DatabaseConnection};

use crate::error::{Result, StoreError};
use crate::settings::Settings;

/// An opened database.
pub(crate) struct Opened {
    /// Where statements outside a writer run: PostgreSQL's pool, SQLite's readers.
    pub(crate) pool: DatabaseConnection,
    /// SQLite's one writing connection.
    pub(crate) writer: Option<writing::Writing>,
    /// SQLite's file.
    pub(crate) file: Option<PathBuf>,
    /// When connections were last found to be useless (PostgreSQL).
    pub(crate) health: postgres::PoolHealth,
    /// The role that it was opened as (PostgreSQL).
    pub(crate) role: Option<String>,
    /// Warnings for the operator, such as a role that bypasses row-level security.
    pub(crate) warnings: Vec<String>,
}

/// Opens the database that the settings name.
///
/// # Errors
/// [`StoreError::Settings`] when the URL names no known database, [`StoreError::Unavailable`] when it cannot be reached.
pub(crate) async fn open(settings: &Settings) -> Result<Opened> {
    let url = settings.url.as_str();
    if url.starts_with("sqlite:") {
        sqlite::open(settings).await
    } else if url.starts_with("postgres:") || url.starts_with("postgresql:") {
        postgres::open(settings).await
    } else {
        Err(StoreError::Settings(
            "database.url names no known database: write sqlite://path/usher.db or postgres://user:password@host/database"
                .to_owned(),
        ))
    }
}

/// What both databases share. Statements are prepared once a connection and kept; a connection is not tested at each
/// use (a round trip), only after 30 idle seconds.
///
/// Connections end neither by age nor by idleness: with either limit sqlx (0.9) runs a task that loops over a count of idle connections,
/// which is for a moment below zero, that is, 2^64 - 1, when one is taken while another one comes back. The loop then holds a thread of the
/// runtime for ever.
fn options(settings: &Settings, url: &str, connections: u32) -> ConnectOptions {
    let mut options = ConnectOptions::new(url);
    options
        .max_connections(connections.max(1))
        .min_connections(1)
        .idle_timeout(None)
        .max_lifetime(None)
        .acquire_timeout(settings.acquire_timeout)
        .sqlx_logging(false)
        .record_stmt_in_spans(false)
        .test_before_acquire(false);
    options
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn no_pool_has_the_limits_that_start_the_maintenance_of_sqlx() {
        let settings = Settings {
            url: "sqlite://usher.db".to_owned(),
            max_connections: 4,
            acquire_timeout: Duration::from_secs(5),
        };
        let options = options(&settings, &settings.url, 4);
        assert_eq!(options.get_idle_timeout(), Some(None));
        assert_eq!(options.get_max_lifetime(), Some(None));
    }
}
