//! The booking service's own database: the sink of its feed.
//!
//! Shows the halves of the consumer rule in SQL: `WHERE sequence < excluded.sequence`, the place in the same transaction
//! as the rows, and a snapshot that removes what it does not have. Several processes may use one file.

use super::row::Row;
use serde::Serialize;
use serde_json::Value;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteSynchronous};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Row as _};
use std::path::Path;
use std::time::Duration;
use usher_consumer::sink::SinkError;
use usher_consumer::{Batch, IdentityEvent, Place, Sink, SnapshotPage, Stored};

/// Both tables have the same columns; a room leaves the two names empty.
const COLUMNS: &str = "tenant TEXT NOT NULL, directory TEXT NOT NULL, id TEXT NOT NULL, external_id TEXT, user_name TEXT,
    display_name TEXT, given_name TEXT, family_name TEXT, office TEXT, active INTEGER NOT NULL,
    sequence INTEGER NOT NULL, deleted INTEGER NOT NULL, position INTEGER NOT NULL, release INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (directory, id)";

/// Beside the rows. `epoch` is null before the first snapshot and while one is taken. `snapshot` counts them; `taken_by` and
/// `taken_at` (seconds) say who is at one, and since when that one has stored nothing. `seen` has the ids of the snapshot so far.
const PLACE: &str =
    "CREATE TABLE IF NOT EXISTS place (app TEXT PRIMARY KEY, epoch TEXT, position INTEGER NOT NULL DEFAULT 0,
        snapshot INTEGER NOT NULL DEFAULT 0, taken_by TEXT, taken_at INTEGER);
    CREATE TABLE IF NOT EXISTS seen (id TEXT PRIMARY KEY);";
/// Seconds without a page after which another process may take a snapshot over.
const SNAPSHOT_LEASE: i64 = 60;

/// The tables, open for one consumer.
pub struct Database {
    connection: SqliteConnection,
    options: SqliteConnectOptions,
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
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(Duration::from_secs(10));
        let mut connection = options.connect().await?;
        let sql = format!(
            "CREATE TABLE IF NOT EXISTS advisors ({COLUMNS});
             CREATE TABLE IF NOT EXISTS rooms ({COLUMNS});
             CREATE TABLE IF NOT EXISTS rejected (position INTEGER PRIMARY KEY, reason TEXT NOT NULL, event TEXT NOT NULL);
             {PLACE}"
        );
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await?;
        sqlx::query("INSERT INTO place (app) VALUES (?) ON CONFLICT DO NOTHING")
            .bind(app)
            .execute(&mut connection)
            .await?;
        Ok(Self {
            connection,
            options,
            app: app.to_owned(),
        })
    }

    /// Forgets the place, so that the next thing is a snapshot.
    pub async fn forget_place(&mut self) -> sqlx::Result<()> {
        sqlx::query("UPDATE place SET epoch = NULL WHERE app = ?")
            .bind(&self.app)
            .execute(&mut self.connection)
            .await?;
        Ok(())
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
        let made = "SELECT 1 FROM sqlite_master WHERE name = 'place'";
        if sqlx::query(made).fetch_optional(&mut *tx).await?.is_none() {
            return Ok(Dump::default());
        }
        let position = sqlx::query("SELECT COALESCE(MAX(position), 0) FROM place")
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
    async fn place(&mut self) -> Result<Option<Place>, SinkError> {
        Ok(read_place(&mut self.connection, &self.app).await?)
    }

    async fn apply(&mut self, batch: &Batch) -> Result<Stored, SinkError> {
        let mut tx = begin(&mut self.connection, &self.options).await?;
        if read_place(&mut tx, &self.app).await?.as_ref() != Some(&batch.from) {
            return Ok(Stored::Moved);
        }
        let mut changed = 0;
        for delivery in &batch.deliveries {
            changed += match IdentityEvent::read(&delivery.event) {
                Ok(Some(event)) => store(&mut tx, &event, delivery.position, Rule::Newer).await?,
                Ok(None) => 0, // a type this service has no use for, or one that came later than this code
                Err(reason) => reject(&mut tx, delivery.position, &delivery.event, &reason).await?,
            };
        }
        write_place(&mut tx, &self.app, &batch.to).await?;
        tx.commit().await?;
        // Here, after the commit and for changed rows only, would a booking be cancelled or a calendar be moved.
        tracing::info!(
            position = batch.to.position,
            events = batch.deliveries.len(),
            changed,
            "applied"
        );
        Ok(Stored::Yes)
    }

    async fn begin_snapshot(&mut self, stale: Option<&Place>, by: &str) -> Result<Option<u64>, SinkError> {
        let mut tx = begin(&mut self.connection, &self.options).await?;
        if read_place(&mut tx, &self.app).await?.as_ref() != stale {
            return Ok(None);
        }
        let begun = sqlx::query(
            "UPDATE place SET epoch = NULL, snapshot = snapshot + 1, taken_by = ?1, taken_at = unixepoch()
             WHERE app = ?2 AND (taken_by IS NULL OR taken_by = ?1 OR taken_at < unixepoch() - ?3) RETURNING snapshot",
        );
        let begun = begun.bind(by).bind(&self.app).bind(SNAPSHOT_LEASE);
        let Some(row) = begun.fetch_optional(&mut *tx).await? else {
            return Ok(None);
        };
        sqlx::query("DELETE FROM seen").execute(&mut *tx).await?;
        let number: i64 = row.try_get(0)?;
        tx.commit().await?;
        Ok(Some(number.cast_unsigned()))
    }

    async fn store_page(&mut self, snapshot: u64, page: &SnapshotPage) -> Result<Stored, SinkError> {
        let mut tx = begin(&mut self.connection, &self.options).await?;
        let mine =
            "UPDATE place SET taken_at = unixepoch() WHERE app = ? AND snapshot = ? AND taken_by IS NOT NULL";
        let mine = sqlx::query(mine).bind(&self.app).bind(snapshot.cast_signed());
        if mine.execute(&mut *tx).await?.rows_affected() == 0 {
            return Ok(Stored::Moved);
        }
        for event in &page.events {
            match IdentityEvent::read(event) {
                Ok(Some(event)) => {
                    store(&mut tx, &event, page.position, Rule::Always).await?;
                    sqlx::query("INSERT INTO seen VALUES (?) ON CONFLICT DO NOTHING")
                        .bind(event.text("id"))
                        .execute(&mut *tx)
                        .await?;
                }
                Ok(None) => {}
                Err(reason) => {
                    reject(&mut tx, page.position, event, &reason).await?;
                }
            }
        }
        if page.next.is_none() {
            for table in ["advisors", "rooms"] {
                let sql = format!("DELETE FROM {table} WHERE id NOT IN (SELECT id FROM seen)");
                sqlx::query(AssertSqlSafe(sql)).execute(&mut *tx).await?;
            }
            sqlx::query("DELETE FROM seen").execute(&mut *tx).await?;
            write_place(&mut tx, &self.app, &page.place()).await?;
        }
        tx.commit().await?;
        Ok(Stored::Yes)
    }
}

/// After a commit that failed, on a full disk for instance, the driver takes the transaction for open still: the file is opened anew.
async fn begin<'c>(
    connection: &'c mut SqliteConnection,
    options: &SqliteConnectOptions,
) -> sqlx::Result<sqlx::Transaction<'c, sqlx::Sqlite>> {
    if connection.is_in_transaction() {
        *connection = options.connect().await?;
    }
    connection.begin_with("BEGIN IMMEDIATE").await
}

async fn read_place(connection: &mut SqliteConnection, app: &str) -> sqlx::Result<Option<Place>> {
    let row = sqlx::query("SELECT epoch, position FROM place WHERE app = ? AND epoch IS NOT NULL").bind(app);
    let Some(row) = row.fetch_optional(connection).await? else {
        return Ok(None);
    };
    Ok(Some(Place {
        epoch: row.try_get(0)?,
        position: row.try_get::<i64, _>(1)?.cast_unsigned(),
    }))
}

async fn write_place(tx: &mut SqliteConnection, app: &str, place: &Place) -> sqlx::Result<()> {
    sqlx::query("UPDATE place SET epoch = ?, position = ?, taken_by = NULL WHERE app = ?")
        .bind(&place.epoch)
        .bind(place.position.cast_signed())
        .bind(app)
        .execute(tx)
        .await?;
    Ok(())
}

/// Which rows are written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Rule {
    /// Those with a lower sequence than the event.
    Newer,
    /// All: a snapshot is right, whatever stood there.
    Always,
}

/// Stores what an event says. Gives the number of rows changed (0 or 1).
async fn store(
    tx: &mut SqliteConnection,
    event: &IdentityEvent,
    position: u64,
    rule: Rule,
) -> sqlx::Result<u64> {
    let table = match event.profile.as_str() {
        "advisors" => "advisors",
        "rooms" => "rooms",
        _ => return Ok(0), // a profile this service has no use for
    };
    // What is gone (deleted, or not to be seen any more) has no personal fields, but its row with the sequence.
    let sql = format!(
        "INSERT INTO {table} (tenant, directory, id, external_id, user_name, display_name, given_name, family_name, office,
                              active, sequence, deleted, position, release)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?15)
         ON CONFLICT (directory, id) DO UPDATE SET tenant = excluded.tenant, external_id = excluded.external_id,
             user_name = excluded.user_name, display_name = excluded.display_name, given_name = excluded.given_name,
             family_name = excluded.family_name, office = excluded.office, active = excluded.active,
             sequence = excluded.sequence, deleted = excluded.deleted, position = excluded.position, release = excluded.release
         WHERE ?14 OR ({table}.sequence, {table}.release) < (excluded.sequence, excluded.release)"
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
        .bind(event.kind.is_gone())
        .bind(position.cast_signed())
        .bind(rule == Rule::Always)
        .bind(event.release.cast_signed())
        .execute(tx)
        .await?;
    Ok(result.rows_affected())
}

/// Puts an event that cannot be used aside: it must not hold up the others.
async fn reject(tx: &mut SqliteConnection, position: u64, event: &Value, reason: &str) -> sqlx::Result<u64> {
    tracing::error!(
        position,
        reason,
        "an event cannot be used; it is kept in \"rejected\""
    );
    sqlx::query("INSERT OR REPLACE INTO rejected VALUES (?, ?, ?)")
        .bind(position.cast_signed())
        .bind(reason)
        .bind(event.to_string())
        .execute(tx)
        .await?;
    Ok(0)
}
