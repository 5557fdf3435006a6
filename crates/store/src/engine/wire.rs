//! One connection of either driver, and what is sent on it. Knows no pool, no transaction and no meaning of errors.
//!
//! Read next: [`crate::engine::idle_connections`] (statements that are a transaction of their own), [`crate::engine::transaction`] (PostgreSQL)
//! and `connect::writing` (SQLite's writer), which hold connections.

use std::sync::Arc;

use sea_orm::{DbErr, QueryResult, RuntimeErr, Values};
use sea_query_sqlx::SqlxValues;
use sqlx::{AssertSqlSafe, Executor, PgConnection, SqliteConnection};

use crate::engine::statement::Bound;

/// A connection, borrowed for one statement.
pub(crate) enum Wire<'c> {
    Postgres(&'c mut PgConnection),
    Sqlite(&'c mut SqliteConnection),
}

impl Wire<'_> {
    /// All rows of a statement.
    pub(crate) async fn all(self, statement: &Bound) -> Result<Vec<QueryResult>, DbErr> {
        let rows = match self {
            Self::Postgres(connection) => {
                let rows = query(statement).fetch_all(connection).await;
                rows.map(|rows| rows.into_iter().map(QueryResult::from).collect())
            }
            Self::Sqlite(connection) => {
                let rows = query(statement).fetch_all(connection).await;
                rows.map(|rows| rows.into_iter().map(QueryResult::from).collect())
            }
        };
        rows.map_err(|error| DbErr::Query(of(error)))
    }

    /// How many rows a statement changed.
    pub(crate) async fn execute(self, statement: &Bound) -> Result<u64, DbErr> {
        let changed = match self {
            Self::Postgres(connection) => {
                let done = query(statement).execute(connection).await;
                done.map(|done| done.rows_affected())
            }
            Self::Sqlite(connection) => {
                let done = query(statement).execute(connection).await;
                done.map(|done| done.rows_affected())
            }
        };
        changed.map_err(|error| DbErr::Exec(of(error)))
    }

    /// Sends statements without values as they are, in one message. The first that fails ends them.
    ///
    /// Transactions are begun and ended with this and never with the driver's own calls: the driver counts how deep it
    /// is in transactions, and its count stays wrong after a commit that failed (ADR 0030).
    pub(crate) async fn send(self, text: &'static str) -> Result<(), DbErr> {
        let sent = match self {
            Self::Postgres(connection) => connection.execute(sqlx::raw_sql(text)).await.map(|_| ()),
            // Prepared once, as every statement: `raw_sql` would prepare it anew each time.
            Self::Sqlite(connection) => connection.execute(sqlx::query(text)).await.map(|_| ()),
        };
        sent.map_err(|error| DbErr::Exec(of(error)))
    }
}

fn of(error: sqlx::Error) -> RuntimeErr {
    RuntimeErr::SqlxError(Arc::new(error))
}

/// The driver's form of a statement.
fn query<D>(statement: &Bound) -> sqlx::query::Query<'_, D, SqlxValues>
where
    D: sqlx::Database,
    SqlxValues: sqlx::IntoArguments<D>,
{
    let values = SqlxValues(Values(statement.values.clone()));
    sqlx::query_with(AssertSqlSafe(Arc::clone(&statement.text)), values)
}
