//! SQLite's one writing connection: made again after any trouble, never trusted after it (ADR 0030).
//!
//! A failed `COMMIT` may have ended the transaction or not (a full disk ends it, a broken constraint does not). So a
//! connection is used again only if its `COMMIT` succeeded and it is in no transaction afterwards; otherwise it is
//! closed, and SQLite rolls back what was open. Read next: [`crate::engine::group_commit`].

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, SqliteConnection};

use crate::engine::retry_budget::RetryBudget;
use crate::engine::wire::Wire;
use crate::error::{Result, RetryAction, StoreError};

/// `IMMEDIATE`: the lock is taken at once, so that nothing read here can be outdated when it writes. SQLite refuses it
/// inside a transaction, so this is also the assertion that there is none.
const BEGIN: &str = "BEGIN IMMEDIATE";
/// The pair after the commit asserts that no transaction is open: it takes no lock and touches no file.
const COMMIT: &str = "COMMIT; BEGIN; ROLLBACK";

/// The writing connection, or how to make one.
pub(crate) struct Writing {
    options: SqliteConnectOptions,
    /// A connection that is in no transaction.
    idle: Option<SqliteConnection>,
}

impl Writing {
    /// Opens the first one, which makes the file and its WAL.
    pub(crate) async fn open(options: SqliteConnectOptions) -> Result<Self> {
        let options = options.disable_statement_logging();
        let idle = Some(connect(&options).await?);
        Ok(Self { options, idle })
    }

    /// A connection in a transaction that has just begun. Another process that writes is waited for.
    pub(crate) async fn begin(&mut self) -> Result<SqliteConnection> {
        let mut retries = RetryBudget::new();
        loop {
            let idle = self.idle.take();
            let was_kept = idle.is_some();
            let mut connection = match idle {
                Some(connection) => connection,
                None => connect(&self.options).await?,
            };
            let Err(error) = Wire::Sqlite(&mut connection).send(BEGIN).await else {
                return Ok(connection);
            };
            match StoreError::classify(&error) {
                // Refused before anything began.
                (error, RetryAction::Again) => {
                    self.idle = Some(connection);
                    retries.wait(error).await?;
                }
                (error, RetryAction::Reconnect | RetryAction::Fail) => {
                    give_up(connection, &error).await;
                    if !was_kept {
                        return Err(error);
                    }
                }
            }
        }
    }

    /// Ends a transaction. After `Ok` it is on the disk, and the connection waits for the next one.
    pub(crate) async fn commit(&mut self, mut connection: SqliteConnection) -> Result<()> {
        match Wire::Sqlite(&mut connection).send(COMMIT).await {
            Ok(()) => {
                self.idle = Some(connection);
                Ok(())
            }
            Err(error) => {
                let error = match StoreError::classify(&error).0 {
                    // "No transaction is active": an earlier error has ended it.
                    StoreError::Refused(_) => StoreError::Unavailable("the transaction was lost".into()),
                    error => error,
                };
                give_up(connection, &error).await;
                Err(error)
            }
        }
    }

    /// For tests: puts a connection back as it is.
    #[cfg(test)]
    pub(crate) fn leave(&mut self, connection: SqliteConnection) {
        self.idle = Some(connection);
    }

    /// Closes the connection that is left.
    pub(crate) async fn close(&mut self) {
        if let Some(connection) = self.idle.take() {
            // An error means that its thread has ended already.
            let _ = connection.close().await;
        }
    }
}

/// Closes a connection of unknown state, before any caller is answered: what it held open is rolled back and its lock is
/// free for other processes.
pub(crate) async fn give_up(connection: SqliteConnection, error: &StoreError) {
    tracing::debug!(%error, "the writing connection is closed after trouble");
    // An error means that its thread has ended already.
    let _ = connection.close().await;
}

async fn connect(options: &SqliteConnectOptions) -> Result<SqliteConnection> {
    options.connect().await.map_err(StoreError::of_driver)
}
