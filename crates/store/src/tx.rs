//! Running statements: on the pool, each for itself, or inside an open transaction.
//!
//! Knows no table. Everything above it ([`crate::tenant_tx`], the tables) speaks through here, so that a failed
//! statement is judged once and in one place.

use std::time::Duration;

use sea_orm::{ConnectionTrait, DatabaseTransaction, DbErr, QueryResult, Statement, Value};

use crate::connect::postgres::Suspicion;
use crate::error::{Remedy, StoreError};
use crate::lanes::Lanes;
use crate::patience::Patience;
use crate::settings::Backend;
use crate::sql::Sql;

/// Where statements run.
enum Conn {
    /// Each statement for itself, on any connection.
    Pool(Lanes),
    /// A transaction of its own.
    Open(DatabaseTransaction),
    /// A place in SQLite's group commit: the transaction is shared, the savepoint is its own.
    Group(DatabaseTransaction, Savepoint),
}

/// A job's savepoint in a shared transaction, made at its first write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Savepoint {
    /// No job of this transaction has made one yet.
    None,
    /// An earlier job has left one, which its successor replaces.
    Left,
    /// This job has made one.
    Made,
}

impl Savepoint {
    /// What is to be said before a job's first write.
    const fn due(self) -> Option<&'static str> {
        match self {
            Self::Made => None,
            Self::None => Some("SAVEPOINT job"),
            Self::Left => Some("RELEASE job; SAVEPOINT job"),
        }
    }
}

/// A place to run statements.
pub(crate) struct Tx {
    conn: Conn,
    backend: Backend,
    suspicion: Suspicion,
    /// Whether this transaction put rows into the outbox.
    pub(crate) told: bool,
    /// The worst remedy that a failed statement asked for.
    pub(crate) remedy: Option<Remedy>,
}

impl Tx {
    pub(crate) fn on_pool(pool: Lanes, backend: Backend, suspicion: Suspicion) -> Self {
        Self::new(Conn::Pool(pool), backend, suspicion)
    }

    pub(crate) fn open(transaction: DatabaseTransaction, suspicion: Suspicion) -> Self {
        Self::new(Conn::Open(transaction), Backend::Postgres, suspicion)
    }

    pub(crate) fn in_group(
        transaction: DatabaseTransaction,
        savepoint: Savepoint,
        suspicion: Suspicion,
    ) -> Self {
        Self::new(Conn::Group(transaction, savepoint), Backend::Sqlite, suspicion)
    }

    fn new(conn: Conn, backend: Backend, suspicion: Suspicion) -> Self {
        Self {
            conn,
            backend,
            suspicion,
            told: false,
            remedy: None,
        }
    }

    pub(crate) fn backend(&self) -> Backend {
        self.backend
    }

    /// Whether statements here belong to one transaction.
    pub(crate) fn is_open(&self) -> bool {
        !matches!(self.conn, Conn::Pool(_))
    }

    /// The transaction back, to end it.
    pub(crate) fn into_transaction(self) -> Option<(DatabaseTransaction, Savepoint)> {
        match self.conn {
            Conn::Pool(_) => None,
            Conn::Open(transaction) => Some((transaction, Savepoint::None)),
            Conn::Group(transaction, savepoint) => Some((transaction, savepoint)),
        }
    }

    /// All rows of a statement that only reads.
    pub(crate) async fn all(
        &mut self,
        sql: &Sql,
        values: Vec<Value>,
    ) -> Result<Vec<QueryResult>, StoreError> {
        self.all_of(sql.text(self.backend), values).await
    }

    /// All rows of a statement made for this backend.
    pub(crate) async fn all_of(
        &mut self,
        text: &str,
        values: Vec<Value>,
    ) -> Result<Vec<QueryResult>, StoreError> {
        let statement = Statement::from_sql_and_values(self.backend.driver(), text, values);
        let Conn::Pool(pool) = &self.conn else {
            let answer = match &self.conn {
                Conn::Open(transaction) | Conn::Group(transaction, _) => {
                    transaction.query_all_raw(statement).await
                }
                Conn::Pool(_) => Ok(Vec::new()),
            };
            return self.judged(answer);
        };
        let mut patience = Patience::new();
        loop {
            match pool.all(&statement).await {
                Ok(rows) => return Ok(rows),
                Err(error) => self.wait_or_tell(&error, &mut patience).await?,
            }
        }
    }

    /// The first row of a statement.
    pub(crate) async fn one(
        &mut self,
        sql: &Sql,
        values: Vec<Value>,
    ) -> Result<Option<QueryResult>, StoreError> {
        Ok(self.all(sql, values).await?.into_iter().next())
    }

    /// Runs a statement that changes rows; returns how many (SQLite: summed over the statements of a text).
    pub(crate) async fn change(&mut self, sql: &Sql, values: Vec<Value>) -> Result<u64, StoreError> {
        self.change_by(sql.text(self.backend), values).await
    }

    /// As [`Tx::change`], with a text made for this backend.
    pub(crate) async fn change_by(&mut self, text: &str, values: Vec<Value>) -> Result<u64, StoreError> {
        self.make_savepoint().await?;
        let statement = Statement::from_sql_and_values(self.backend.driver(), text, values);
        let Conn::Pool(pool) = &self.conn else {
            let answer = match &self.conn {
                Conn::Open(transaction) | Conn::Group(transaction, _) => transaction
                    .execute_raw(statement)
                    .await
                    .map(|done| done.rows_affected()),
                Conn::Pool(_) => Ok(0),
            };
            return self.judged(answer);
        };
        let mut patience = Patience::new();
        loop {
            match pool.execute(&statement).await {
                Ok(changed) => return Ok(changed),
                Err(error) => self.wait_or_tell(&error, &mut patience).await?,
            }
        }
    }

    /// A change that is told of, made of several statements on SQLite and of one on PostgreSQL: all its rows. SQLite's
    /// come from `RETURNING`; a savepoint that is still to be made goes in the same text, so that the whole is handed to
    /// the connection's thread once.
    pub(crate) async fn tell(
        &mut self,
        sql: &Sql,
        values: Vec<Value>,
    ) -> Result<Vec<QueryResult>, StoreError> {
        let text = sql.text(self.backend);
        let Conn::Group(_, savepoint) = &mut self.conn else {
            return self.all_of(text, values).await;
        };
        let text = match savepoint.due() {
            None => text.to_owned(),
            Some(due) => format!("{due}; {text}"),
        };
        // Should the text fail, it fails after its beginning.
        *savepoint = Savepoint::Made;
        self.all_of(&text, values).await
    }

    /// SQLite: everything a job writes can be taken back without its neighbours.
    async fn make_savepoint(&mut self) -> Result<(), StoreError> {
        let Conn::Group(transaction, savepoint) = &mut self.conn else {
            return Ok(());
        };
        let Some(due) = savepoint.due() else { return Ok(()) };
        let answer = transaction
            .execute_raw(Statement::from_string(Backend::Sqlite.driver(), due))
            .await;
        if answer.is_ok() {
            *savepoint = Savepoint::Made;
        }
        self.judged(answer).map(|_| ())
    }

    fn judged<T>(&mut self, answer: Result<T, DbErr>) -> Result<T, StoreError> {
        answer.map_err(|error| {
            let (error, remedy) = StoreError::judge(&error);
            self.note(remedy);
            error
        })
    }

    fn note(&mut self, remedy: Remedy) {
        if remedy == Remedy::Reconnect {
            self.suspicion.raise();
        }
        if self.remedy != Some(Remedy::Reconnect) {
            self.remedy = Some(remedy);
        }
    }

    /// A statement on the pool is a transaction of its own; what can pass is waited for, at most as long as
    /// [`Patience`] lasts.
    async fn wait_or_tell(&self, error: &DbErr, patience: &mut Patience) -> Result<(), StoreError> {
        let (error, remedy) = StoreError::judge(error);
        if remedy == Remedy::Reconnect {
            self.suspicion.raise();
        }
        if remedy == Remedy::Tell {
            Err(error)
        } else {
            patience.wait(error).await
        }
    }
}

/// How long a call may take from the outside; for statements that must not hang a shutdown or a probe.
pub(crate) async fn within<T>(
    time: Duration,
    work: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, StoreError> {
    match tokio::time::timeout(time, work).await {
        Ok(answer) => answer,
        Err(_) => Err(StoreError::Unavailable("it did not answer in time".into())),
    }
}
