//! A copy of a SQLite database, made while other processes write to it.
//!
//! `VACUUM INTO` reads one state of the database and writes it to another file; writers do not wait. The copy says of itself
//! that it is one, so that a gateway that is started on it begins another epoch of every feed (ADR 0039).

use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _};

use crate::error::{Result, StoreError};
use crate::settings::Backend;
use crate::store::Store;

/// What a copy says in place of the database's identity: no file beside a database knows this one.
const MARK: &str = "UPDATE deployment SET database_identity = 'backup'";

const TABLES: &str =
    "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name";

/// The last number that was given to a row of each numbered table: it never falls.
const LAST_ROWS: &str = "SELECT name, seq FROM sqlite_sequence ORDER BY name";

/// A table of a backup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowCount {
    /// The table.
    pub table: String,
    /// How many rows the backup has of it.
    pub rows: i64,
}

impl Store {
    /// Writes a copy of a SQLite database to a new file, readable for its owner alone, and checks it: SQLite finds no fault in
    /// it, no reference leads nowhere, and it has every table and is no older than the database was at the beginning. Answers
    /// the copy's tables.
    ///
    /// # Errors
    /// [`StoreError::Settings`] on PostgreSQL, or when the file exists or cannot be made; [`StoreError::Corrupt`] when the copy
    /// is not whole; [`StoreError::Unavailable`] when the database or its disk fails. No file is left then.
    pub async fn backup(&self, file: &Path) -> Result<Vec<RowCount>> {
        if self.backend() != Backend::Sqlite {
            return Err(StoreError::Settings(
                "this database is PostgreSQL: back it up with pg_dump as the role usher_backup (docs/operations.md, Backup)".to_owned(),
            ));
        }
        make_file(file)?;
        let copied = self.copy_to(file).await;
        if copied.is_err() {
            // The reason that matters is the one of the copy.
            let _ = std::fs::remove_file(file);
        }
        copied
    }

    async fn copy_to(&self, file: &Path) -> Result<Vec<RowCount>> {
        let options: SqliteConnectOptions = self.inner.settings.url.parse().map_err(StoreError::of_driver)?;
        let mut source = open(options.create_if_missing(false).busy_timeout(BUSY)).await?;
        let tables: Vec<String> = sqlx::query_scalar(TABLES)
            .fetch_all(&mut source)
            .await
            .map_err(StoreError::of_driver)?;
        if tables.is_empty() {
            return Err(StoreError::Settings(
                "the database has no tables, so there is nothing to back up; look at database.url and data_dir: usher check-config".to_owned(),
            ));
        }
        let before = last_rows(&mut source).await?;
        sqlx::query("VACUUM INTO ?")
            .bind(file.to_string_lossy().into_owned())
            .execute(&mut source)
            .await
            .map_err(StoreError::of_driver)?;
        source.close().await.map_err(StoreError::of_driver)?;

        let mut copy = open(SqliteConnectOptions::new().filename(file)).await?;
        // A schema from before migration 0010 has no such table, and that migration leaves the identity empty.
        if tables.iter().any(|table| table == "deployment") {
            sqlx::query(MARK)
                .execute(&mut copy)
                .await
                .map_err(StoreError::of_driver)?;
        }
        let found = check(&mut copy, &tables, &before).await?;
        copy.close().await.map_err(StoreError::of_driver)?;
        synced(file)?;
        Ok(found)
    }
}

const BUSY: std::time::Duration = std::time::Duration::from_secs(5);

/// An empty file, which `VACUUM INTO` takes; with its rights before anything is in it.
fn make_file(file: &Path) -> Result<()> {
    let made = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(file);
    made.map(|_| ()).map_err(|error| {
        let next = match error.kind() {
            std::io::ErrorKind::AlreadyExists => "it exists already and is left as it is; name a new file",
            _ => "name a file in a folder that may be written to",
        };
        StoreError::Settings(format!("{} cannot be made ({error}): {next}", file.display()))
    })
}

/// `VACUUM INTO` leaves it to the system when the file reaches the disk.
fn synced(file: &Path) -> Result<()> {
    let written = std::fs::File::open(file).and_then(|file| file.sync_all());
    written.map_err(|error| StoreError::Unavailable(format!("the backup cannot be written ({error})").into()))
}

async fn open(options: SqliteConnectOptions) -> Result<SqliteConnection> {
    options
        .disable_statement_logging()
        .connect()
        .await
        .map_err(StoreError::of_driver)
}

async fn last_rows(connection: &mut SqliteConnection) -> Result<Vec<(String, i64)>> {
    sqlx::query_as(LAST_ROWS)
        .fetch_all(connection)
        .await
        .map_err(StoreError::of_driver)
}

async fn check(
    copy: &mut SqliteConnection,
    tables: &[String],
    before: &[(String, i64)],
) -> Result<Vec<RowCount>> {
    let said: String = sqlx::query_scalar("PRAGMA quick_check")
        .fetch_one(&mut *copy)
        .await
        .map_err(StoreError::of_driver)?;
    if said != "ok" {
        return Err(incomplete("SQLite finds it damaged"));
    }
    let dangling = sqlx::query("PRAGMA foreign_key_check")
        .fetch_optional(&mut *copy)
        .await
        .map_err(StoreError::of_driver)?;
    if dangling.is_some() {
        return Err(incomplete("a row refers to one that is missing"));
    }
    let after = last_rows(copy).await?;
    let is_older = |(table, row): &&(String, i64)| {
        let found = after.iter().find(|(name, _)| name == table);
        found.is_none_or(|(_, last)| last < row)
    };
    if before.iter().any(|last| is_older(&last)) {
        return Err(incomplete("it is older than the database"));
    }
    let mut found = Vec::new();
    for table in tables {
        let count = AssertSqlSafe(format!("SELECT count(*) FROM \"{table}\""));
        let rows = sqlx::query_scalar(count)
            .fetch_one(&mut *copy)
            .await
            .map_err(StoreError::of_driver)?;
        found.push(RowCount {
            table: table.clone(),
            rows,
        });
    }
    Ok(found)
}

fn incomplete(why: &str) -> StoreError {
    StoreError::Corrupt(format!("the backup is not whole ({why}) and was removed").into())
}
