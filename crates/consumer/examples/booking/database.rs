//! The booking service's own database: the sink of its feed.
//!
//! Shows the two halves of the consumer rule in SQL: `WHERE sequence < excluded.sequence`, and the position in the
//! same transaction as the rows.

use super::row::Row;
use serde::Serialize;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteSynchronous};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Row as _};
use std::path::Path;
use std::time::Duration;
use usher_consumer::sink::SinkError;
use usher_consumer::{Delivery, IdentityEvent, Kind, Sink};

/// Both tables have the same columns; a room leaves the two names empty.
const COLUMNS: &str = "tenant TEXT NOT NULL, directory TEXT NOT NULL, id TEXT NOT NULL, external_id TEXT, user_name TEXT,
    display_name TEXT, given_name TEXT, family_name TEXT, office TEXT, active INTEGER NOT NULL,
    sequence INTEGER NOT NULL, deleted INTEGER NOT NULL, position INTEGER NOT NULL, PRIMARY KEY (directory, id)";

/// The tables, open for one consumer.
pub struct Database {
    connection: SqliteConnection,
    app: String,
}

/// Everything in the tables, sorted by tenant, user name and id.
#[derive(Debug, Default, PartialEq, Serialize)]
pub struct Dump {
    /// The last position applied.
    pub position: i64,
    /// People.
    pub advisors: Vec<Row>,
    /// Rooms.
    pub rooms: Vec<Row>,
    /// Events that could not be used, by position and reason.
    pub rejected: Vec<(i64, String)>,
}

impl Database {
    /// Opens or makes the file.
    pub async fn open(path: &Path, app: &str) -> sqlx::Result<Self> {
        let mut connection = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(Duration::from_secs(10))
            .connect()
            .await?;
        let sql = format!(
            "CREATE TABLE IF NOT EXISTS advisors ({COLUMNS});
             CREATE TABLE IF NOT EXISTS rooms ({COLUMNS});
             CREATE TABLE IF NOT EXISTS rejected (position INTEGER PRIMARY KEY, reason TEXT NOT NULL, event TEXT NOT NULL);
             CREATE TABLE IF NOT EXISTS feed (app TEXT PRIMARY KEY, position INTEGER NOT NULL);"
        );
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await?;
        Ok(Self {
            connection,
            app: app.to_owned(),
        })
    }

    /// Closes the file properly.
    pub async fn close(self) -> sqlx::Result<()> {
        self.connection.close().await
    }

    /// Reads everything, from a file that a consumer may be writing; a file that is not there yet is empty.
    pub async fn dump(path: &Path) -> sqlx::Result<Dump> {
        if !path.exists() {
            return Ok(Dump::default());
        }
        let options = SqliteConnectOptions::new()
            .filename(path)
            .busy_timeout(Duration::from_secs(10));
        let mut connection = options.connect().await?;
        let mut tx = connection.begin().await?; // one moment for all tables
        let made = "SELECT 1 FROM sqlite_master WHERE name = 'feed'";
        if sqlx::query(made).fetch_optional(&mut *tx).await?.is_none() {
            return Ok(Dump::default());
        }
        let position = sqlx::query("SELECT COALESCE(MAX(position), 0) FROM feed")
            .fetch_one(&mut *tx)
            .await?;
        let mut dump = Dump {
            position: position.try_get(0)?,
            ..Dump::default()
        };
        for (table, rows) in [("advisors", &mut dump.advisors), ("rooms", &mut dump.rooms)] {
            let sql = format!("SELECT * FROM {table} ORDER BY tenant, user_name, id");
            let found = sqlx::query(AssertSqlSafe(sql)).fetch_all(&mut *tx).await?;
            *rows = found.iter().map(Row::read).collect::<Result<_, _>>()?;
        }
        let rejected = sqlx::query("SELECT position, reason FROM rejected ORDER BY position");
        for row in rejected.fetch_all(&mut *tx).await? {
            dump.rejected.push((row.try_get(0)?, row.try_get(1)?));
        }
        Ok(dump)
    }
}

impl Sink for Database {
    async fn position(&mut self) -> Result<u64, SinkError> {
        let row = sqlx::query("SELECT position FROM feed WHERE app = ?").bind(&self.app);
        let row = row.fetch_optional(&mut self.connection).await?;
        Ok(row
            .map(|row| row.try_get::<i64, _>(0))
            .transpose()?
            .map_or(0, i64::cast_unsigned))
    }

    async fn apply(&mut self, deliveries: &[Delivery]) -> Result<(), SinkError> {
        let Some(last) = deliveries.last() else {
            return Ok(());
        };
        let mut tx = self.connection.begin_with("BEGIN IMMEDIATE").await?;
        let mut changed = 0;
        for delivery in deliveries {
            changed += match IdentityEvent::read(&delivery.event) {
                Ok(Some(event)) => store(&mut tx, &event, delivery.position).await?,
                Ok(None) => 0,
                Err(reason) => reject(&mut tx, delivery, &reason).await?,
            };
        }
        sqlx::query(
            "INSERT INTO feed VALUES (?, ?) ON CONFLICT (app) DO UPDATE SET position = excluded.position",
        )
        .bind(&self.app)
        .bind(last.position.cast_signed())
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        // Here, after the commit and for changed rows only, would a booking be cancelled or a calendar be moved.
        tracing::info!(
            position = last.position,
            events = deliveries.len(),
            changed,
            "applied"
        );
        Ok(())
    }
}

/// Stores what an event says, unless the row knows something newer. Gives the number of rows changed (0 or 1).
async fn store(tx: &mut SqliteConnection, event: &IdentityEvent, position: u64) -> sqlx::Result<u64> {
    let table = match event.profile.as_str() {
        "advisors" => "advisors",
        "rooms" => "rooms",
        _ => return Ok(0), // a profile this service has no use for
    };
    // A deletion empties the personal fields but keeps the row and its sequence.
    let sql = format!(
        "INSERT INTO {table} (tenant, directory, id, external_id, user_name, display_name, given_name, family_name, office,
                              active, sequence, deleted, position)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (directory, id) DO UPDATE SET tenant = excluded.tenant, external_id = excluded.external_id,
             user_name = excluded.user_name, display_name = excluded.display_name, given_name = excluded.given_name,
             family_name = excluded.family_name, office = excluded.office, active = excluded.active,
             sequence = excluded.sequence, deleted = excluded.deleted, position = excluded.position
         WHERE {table}.sequence < excluded.sequence"
    );
    let result = sqlx::query(AssertSqlSafe(sql))
        .bind(&event.tenant)
        .bind(&event.directory)
        .bind(event.text("id"))
        .bind(event.text("externalId"))
        .bind(event.text("userName"))
        .bind(event.text("displayName"))
        .bind(event.text("givenName"))
        .bind(event.text("familyName"))
        .bind(event.text("office"))
        .bind(event.active())
        .bind(event.sequence.cast_signed())
        .bind(event.kind == Kind::Deleted)
        .bind(position.cast_signed())
        .execute(tx)
        .await?;
    Ok(result.rows_affected())
}

/// Puts an event that cannot be used aside: it must not hold up the others.
async fn reject(tx: &mut SqliteConnection, delivery: &Delivery, reason: &str) -> sqlx::Result<u64> {
    tracing::error!(
        position = delivery.position,
        reason,
        "an event cannot be used; it is kept in \"rejected\""
    );
    sqlx::query("INSERT OR REPLACE INTO rejected VALUES (?, ?, ?)")
        .bind(delivery.position.cast_signed())
        .bind(reason)
        .bind(delivery.event.to_string())
        .execute(tx)
        .await?;
    Ok(0)
}
