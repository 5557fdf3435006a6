//! SQLite: one connection writes, the others only read; WAL, so that neither waits for the other.
//!
//! `synchronous=FULL`: what was answered is on the disk (ADR 0010). The command line and the server may have the same
//! file open at once; `busy_timeout` lets one wait for the other's commit.

use std::time::Duration;

use sea_orm::{Database, DatabaseConnection};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};

use super::postgres::PoolHealth;
use super::writing::Writing;
use super::{Opened, options, private};
use crate::error::{Result, StoreError};
use crate::settings::Settings;

/// Longer than any commit of another process; the writer tries again after that.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Readers at most: each is a thread with a page cache of its own (up to 8 MiB), and more of them than processors
/// gain nothing.
const READERS: u32 = 8;

/// Opens the writer, then the readers (the writer makes the file and its WAL).
pub(super) async fn open(settings: &Settings) -> Result<Opened> {
    let file: SqliteConnectOptions = settings.url.parse().map_err(|_| {
        StoreError::Settings(
            "database.url is no usable SQLite address: write sqlite://path/usher.db".to_owned(),
        )
    })?;
    let warnings = private::prepare(file.get_filename())?;
    let path = file.get_filename().to_owned();
    let writer = Writing::open(configured(file, Role::Writer)).await?;
    let pool = connect(settings, settings.max_connections.min(READERS), Role::Reader).await?;
    Ok(Opened {
        pool,
        writer: Some(writer),
        file: Some(path),
        health: PoolHealth::new(),
        role: None,
        warnings,
    })
}

/// A writing connection of its own for migrations, which are not part of a group commit.
pub(crate) async fn open_for_migration(settings: &Settings) -> Result<DatabaseConnection> {
    connect(settings, 1, Role::Writer).await
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Writer,
    Reader,
}

async fn connect(settings: &Settings, connections: u32, role: Role) -> Result<DatabaseConnection> {
    let mut options = options(settings, &settings.url, connections);
    options.map_sqlx_sqlite_opts(move |file| configured(file, role));
    Database::connect(options).await.map_err(StoreError::of)
}

fn configured(file: SqliteConnectOptions, role: Role) -> SqliteConnectOptions {
    let file = file
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(BUSY_TIMEOUT)
        .foreign_keys(true)
        .pragma("temp_store", "memory")
        .statement_cache_capacity(300);
    match role {
        // Not SQLITE_OPEN_READONLY: such a connection cannot bring a WAL left by a crash into order.
        // A cache of 8 MiB holds the inner pages of every index of a million identities: a lookup then reads two pages
        // from the file instead of the four it reads with SQLite's 2 MiB.
        Role::Reader => file.pragma("query_only", "on").pragma("cache_size", "-8192"),
        // Creations touch pages all over the indexes: a cache of 16 MiB (used when there is that much), and a
        // checkpoint each 16 MiB of WAL, so that a page that changes often is copied back seldom.
        Role::Writer => file
            .pragma("cache_size", "-16384")
            .pragma("wal_autocheckpoint", "4000")
            .pragma("journal_size_limit", "67108864"),
    }
}
