//! What can go wrong with a database, in the few kinds that a caller treats differently. Never holds a row's values:
//! drivers put them into their texts (`Key (user_name_key)=(…) already exists`), so those texts are not passed on.

use std::borrow::Cow;

use RetryAction::{Again, Fail, Reconnect};
use sea_orm::{DbErr, RuntimeErr};

/// What most methods of this crate answer.
pub type Result<T, E = StoreError> = std::result::Result<T, E>;

/// A database call that did not succeed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// The database cannot be reached, is full, is overloaded or fails over; the caller answers 503 and a repeat may
    /// succeed. Nothing is known about a commit that was under way.
    #[error("the database is unavailable: {0}")]
    Unavailable(Cow<'static, str>),
    /// A record of that name or id exists already, or what it refers to does not.
    #[error("the record conflicts with another one: {0}")]
    Conflict(Cow<'static, str>),
    /// The schema could not be brought up to date, or is newer than this version.
    #[error("{0}")]
    Migration(String),
    /// A stored value does not have the form that this version writes.
    #[error("a stored record cannot be read: {0}")]
    Corrupt(Cow<'static, str>),
    /// The settings name no usable database.
    #[error("{0}")]
    Settings(String),
    /// A list that would take too long or too much memory; with what it would take. The next step is the caller's to
    /// name: a filter that an index answers, or the pages of a cursor.
    #[error("the list is too large to be answered so: {0}")]
    TooMuch(Cow<'static, str>),
    /// As many searches as one tenant may make at a time are under way; the caller answers 503 and a repeat succeeds.
    #[error("other searches of this tenant are still running")]
    Overloaded,
    /// The credential, its directory or its tenant is no longer what the request was admitted with; nothing was done.
    #[error("the credential has changed since the request was admitted")]
    CredentialChanged,
    /// The database's role may not do this: it is not the one for such work (ADR 0033).
    #[error("the database role may not do this: {0}")]
    Forbidden(String),
    /// The database refused a statement: a fault of this program or of the schema's version.
    #[error("the database refused a statement: {0}")]
    Refused(String),
}

/// What to do about an error inside the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RetryAction {
    /// Run the same work again: nothing happened, and the next attempt meets another situation.
    Again,
    /// Run it again on another connection: this one is lost, or its server takes no writes any more.
    Reconnect,
    /// Return the error.
    Fail,
}

impl StoreError {
    /// Whether the database or its disk is to blame, and not the statement. SQLite takes a whole transaction back after
    /// some of these.
    pub(crate) const fn is_trouble(&self) -> bool {
        matches!(self, Self::Unavailable(_) | Self::Corrupt(_))
    }

    /// A driver's error. No `From`: that would put the driver's type into this type's public face.
    #[expect(clippy::needless_pass_by_value, reason = "so that it is what `map_err` takes")]
    pub(crate) fn of(error: DbErr) -> Self {
        Self::classify(&error).0
    }

    /// As [`StoreError::of`], for a connection that is used without sea-orm.
    #[expect(clippy::needless_pass_by_value, reason = "so that it is what `map_err` takes")]
    pub(crate) fn of_driver(error: sqlx::Error) -> Self {
        classify_driver(&error).0
    }

    /// What a driver's error is, and what to do about it.
    pub(crate) fn classify(error: &DbErr) -> (Self, RetryAction) {
        match error {
            DbErr::ConnectionAcquire(_) => unavailable("no free connection in time", Fail),
            DbErr::Conn(RuntimeErr::SqlxError(e))
            | DbErr::Exec(RuntimeErr::SqlxError(e))
            | DbErr::Query(RuntimeErr::SqlxError(e)) => classify_driver(e),
            DbErr::Type(what) => (Self::Corrupt(what.clone().into()), Fail),
            _ => refused("unexpected answer of the database driver"),
        }
    }
}

fn unavailable(text: &'static str, retry_action: RetryAction) -> (StoreError, RetryAction) {
    (StoreError::Unavailable(text.into()), retry_action)
}

fn refused(text: impl Into<String>) -> (StoreError, RetryAction) {
    (StoreError::Refused(text.into()), Fail)
}

fn conflict() -> (StoreError, RetryAction) {
    let text = "a key exists already or refers to nothing";
    (StoreError::Conflict(text.into()), Fail)
}

fn classify_driver(error: &sqlx::Error) -> (StoreError, RetryAction) {
    use sqlx::Error as Driver;
    match error {
        Driver::Database(refusal) => classify_refusal(refusal.as_ref()),
        Driver::PoolTimedOut => unavailable("no free connection in time", Fail),
        Driver::PoolClosed => unavailable("the store is closed", Fail),
        Driver::Io(_) | Driver::Tls(_) | Driver::Protocol(_) | Driver::WorkerCrashed => {
            unavailable("the connection was lost", Reconnect)
        }
        Driver::Configuration(_) => {
            let text = "database.url is no usable address: percent-encode what is not a letter or a digit in its password";
            (StoreError::Settings(text.to_owned()), Fail)
        }
        Driver::ColumnDecode { index, .. } => {
            let text = format!("column {index} has an unexpected form");
            (StoreError::Corrupt(text.into()), Fail)
        }
        _ => refused("unexpected answer of the database driver"),
    }
}

/// PostgreSQL's code is a SQLSTATE of five characters, SQLite's an (extended) result code as a number.
fn classify_refusal(error: &dyn sqlx::error::DatabaseError) -> (StoreError, RetryAction) {
    let code = error.code().unwrap_or_default();
    if let Some(postgres) = error.try_downcast_ref::<sqlx::postgres::PgDatabaseError>() {
        return classify_sqlstate(&code, postgres.message());
    }
    let number: i32 = code.parse().unwrap_or_default();
    match number & 0xff {
        // BUSY, LOCKED, PROTOCOL (a race for the WAL's index): another process writes.
        5 | 6 | 15 => unavailable("another process is writing", Again),
        // NOMEM, INTERRUPT: a transaction may have been taken back, as after a full disk.
        7 | 9 => unavailable("it ran out of memory or was interrupted", Fail),
        // FULL, IOERR, READONLY, CANTOPEN, CORRUPT, NOTADB.
        13 => unavailable("the disk is full", Fail),
        10 => unavailable("the disk reported an error", Fail),
        8 => unavailable("the database file is read-only", Fail),
        14 => unavailable("the database file cannot be opened", Fail),
        11 | 26 => {
            let text = "the file is damaged or no SQLite database";
            (StoreError::Corrupt(text.into()), Fail)
        }
        // CONSTRAINT.
        19 => conflict(),
        _ => refused(format!("SQLite result code {code}: {}", error.message())),
    }
}

fn classify_sqlstate(code: &str, message: &str) -> (StoreError, RetryAction) {
    match code {
        "40001" | "40P01" => unavailable("it could not serialise this with other work", Again),
        "55P03" | "57014" => unavailable("a lock or a statement took too long", Again),
        // A demoted primary: the connection answers pings for days and takes no write
        // (`docs/background/faults.md`, "Databases").
        "25006" => unavailable("this server takes no writes", Reconnect),
        "57P01" | "57P02" | "57P03" | "57P05" => unavailable("the server ended the connection", Reconnect),
        "25P03" => unavailable("the transaction was left idle for too long", Reconnect),
        "53100" => unavailable("its disk is full", Fail),
        "53300" => unavailable("it takes no more connections", Again),
        "28000" | "28P01" => unavailable("it refuses the configured user or password", Fail),
        "3D000" => unavailable("the configured database does not exist", Fail),
        _ if code.starts_with("08") => unavailable("the connection was lost", Reconnect),
        _ if code.starts_with("53") || code.starts_with("58") => {
            unavailable("its machine is in trouble", Fail)
        }
        "23505" | "23503" => conflict(),
        "42501" => (StoreError::Forbidden(message.to_owned()), Fail),
        // 42: names of tables and columns, no row's values.
        _ if code.starts_with("42") => refused(format!("SQLSTATE {code}: {message}")),
        _ => refused(format!("SQLSTATE {code}")),
    }
}
