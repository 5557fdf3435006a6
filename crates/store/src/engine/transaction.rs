//! A PostgreSQL transaction on a connection of the pool.
//!
//! The connection goes back to the pool only after a commit or a rollback that the server has confirmed; in every other
//! case (an error, a caller that left in the middle) it is closed, and the server rolls back (ADR 0030).

use sea_orm::DbErr;
use sqlx::Postgres;
use sqlx::pool::PoolConnection;

use crate::engine::wire::Wire;

/// `COMMIT` of a transaction in which a statement failed is no error to PostgreSQL: it answers `ROLLBACK`, which the
/// driver takes for success. A statement before it, in the same message, is refused there (SQLSTATE 25P02), and what
/// follows it is not run.
const COMMIT: &str = "SELECT 1; COMMIT";

/// An open transaction.
pub(crate) struct Transaction {
    connection: PoolConnection<Postgres>,
    /// The server has confirmed its end.
    ended: bool,
}

impl Transaction {
    pub(crate) async fn begin(connection: PoolConnection<Postgres>) -> Result<Self, DbErr> {
        let mut transaction = Self {
            connection,
            ended: false,
        };
        transaction.wire().send("BEGIN").await?;
        Ok(transaction)
    }

    /// Where its statements run.
    pub(crate) fn wire(&mut self) -> Wire<'_> {
        Wire::Postgres(&mut self.connection)
    }

    /// After `Ok` it is on the disk. After an error it is not known to be.
    pub(crate) async fn commit(self) -> Result<(), DbErr> {
        self.end(COMMIT).await
    }

    pub(crate) async fn rollback(self) -> Result<(), DbErr> {
        self.end("ROLLBACK").await
    }

    async fn end(mut self, text: &'static str) -> Result<(), DbErr> {
        self.wire().send(text).await?;
        self.ended = true;
        Ok(())
    }
}

impl Drop for Transaction {
    fn drop(&mut self) {
        if !self.ended {
            self.connection.close_on_drop();
        }
    }
}
