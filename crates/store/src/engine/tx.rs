//! Running statements: on the pool, each for itself, or inside an open transaction.
//!
//! Knows no table. Everything above it ([`crate::tenant_tx`], the tables) speaks through here, so that a failed
//! statement is judged once and in one place.

use std::time::Duration;

use sea_orm::{DbErr, QueryResult};
use sqlx::SqliteConnection;

use crate::engine::connect::postgres::PoolHealth;
use crate::engine::idle_connections::IdleConnections;
use crate::engine::parameter::Bind;
use crate::engine::retry_budget::RetryBudget;
use crate::engine::statement::{Bound, Built};
use crate::engine::transaction::Transaction;
use crate::engine::wire::Wire;
use crate::engine::writes::Writes;
use crate::error::{RetryAction, StoreError};
use crate::settings::Backend;

/// Where statements run.
enum Conn {
    /// Each statement for itself, on any connection.
    Pool(IdleConnections, Writes),
    /// A transaction of its own.
    Open(Transaction),
    /// A place in SQLite's group commit: the transaction is shared, the savepoint is its own.
    Group(SqliteConnection, Savepoint),
}

/// What a job of a group commit leaves behind.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Written {
    /// It put rows into the outbox.
    pub(crate) outbox_written: bool,
    /// It changed rows: a commit then shows that the disk takes them.
    pub(crate) changed: bool,
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
    health: PoolHealth,
    /// Whether this transaction put rows into the outbox.
    pub(crate) outbox_written: bool,
    /// The worst remedy that a failed statement asked for.
    pub(crate) retry_action: Option<RetryAction>,
    /// The trouble that ended this transaction, whatever its work made of it.
    pub(crate) trouble: Option<StoreError>,
    /// Whether rows were changed.
    changed: bool,
}

impl Tx {
    pub(crate) fn on_pool(
        pool: IdleConnections,
        backend: Backend,
        health: PoolHealth,
        writes: Writes,
    ) -> Self {
        Self::new(Conn::Pool(pool, writes), backend, health)
    }

    pub(crate) fn open(transaction: Transaction, health: PoolHealth) -> Self {
        Self::new(Conn::Open(transaction), Backend::Postgres, health)
    }

    /// A place for the jobs of one group commit, on a connection on which a transaction has begun.
    pub(crate) fn in_group(connection: SqliteConnection) -> Self {
        Self::new(
            Conn::Group(connection, Savepoint::None),
            Backend::Sqlite,
            PoolHealth::new(),
        )
    }

    fn new(conn: Conn, backend: Backend, health: PoolHealth) -> Self {
        Self {
            conn,
            backend,
            health,
            outbox_written: false,
            retry_action: None,
            trouble: None,
            changed: false,
        }
    }

    pub(crate) fn backend(&self) -> Backend {
        self.backend
    }

    /// Whether statements here belong to one transaction.
    pub(crate) fn is_open(&self) -> bool {
        !matches!(self.conn, Conn::Pool(..))
    }

    /// Whether a commit of this would write anything.
    pub(crate) fn has_changed(&self) -> bool {
        self.changed || self.outbox_written
    }

    /// PostgreSQL: the transaction back, to end it.
    pub(crate) fn into_transaction(self) -> Option<Transaction> {
        match self.conn {
            Conn::Open(transaction) => Some(transaction),
            Conn::Pool(..) | Conn::Group(..) => None,
        }
    }

    /// SQLite: the writing connection back, to end the transaction on it.
    pub(crate) fn into_connection(self) -> Option<SqliteConnection> {
        match self.conn {
            Conn::Group(connection, _) => Some(connection),
            Conn::Pool(..) | Conn::Open(_) => None,
        }
    }

    /// Ends one job of a group commit: its rows stay, or are taken back, and the next job may begin.
    ///
    /// # Errors
    /// The transaction is gone, and with it what earlier jobs wrote.
    pub(crate) async fn end_job(&mut self, keep: bool) -> Result<Written, StoreError> {
        if let Some(trouble) = self.trouble.take() {
            return Err(trouble);
        }
        if let Conn::Group(connection, savepoint) = &mut self.conn
            && *savepoint == Savepoint::Made
        {
            if !keep {
                let said = Wire::Sqlite(connection).say("ROLLBACK TO job").await;
                said.map_err(StoreError::of)?;
            }
            *savepoint = Savepoint::Left;
        }
        let written = Written {
            outbox_written: keep && self.outbox_written,
            changed: keep && self.has_changed(),
        };
        (self.outbox_written, self.changed, self.retry_action) = (false, false, None);
        Ok(written)
    }

    /// All rows of a statement that only reads.
    pub(crate) async fn all<P: Bind>(
        &mut self,
        statement: &Built<P>,
        parameters: P,
    ) -> Result<Vec<QueryResult>, StoreError> {
        let bound = statement.bind(self.backend, parameters)?;
        self.all_of(&bound).await
    }

    /// As [`Tx::all`].
    pub(crate) async fn all_of(&mut self, statement: &Bound) -> Result<Vec<QueryResult>, StoreError> {
        if let Some(wire) = self.wire()? {
            let answer = wire.all(statement).await;
            return self.classified(answer);
        }
        let Conn::Pool(pool, _) = &self.conn else {
            return Ok(Vec::new());
        };
        let mut retries = RetryBudget::new();
        loop {
            match pool.all(statement).await {
                Ok(rows) => return Ok(rows),
                Err(error) => self.wait_or_fail(&error, &mut retries).await?,
            }
        }
    }

    /// The first row of a statement.
    pub(crate) async fn one<P: Bind>(
        &mut self,
        statement: &Built<P>,
        parameters: P,
    ) -> Result<Option<QueryResult>, StoreError> {
        Ok(self.all(statement, parameters).await?.into_iter().next())
    }

    /// Runs a statement that changes rows; returns how many (SQLite: summed over the statements of a text).
    pub(crate) async fn change<P: Bind>(
        &mut self,
        statement: &Built<P>,
        parameters: P,
    ) -> Result<u64, StoreError> {
        let bound = statement.bind(self.backend, parameters)?;
        self.change_by(&bound).await
    }

    /// As [`Tx::change`].
    pub(crate) async fn change_by(&mut self, statement: &Bound) -> Result<u64, StoreError> {
        self.make_savepoint().await?;
        if let Some(wire) = self.wire()? {
            let answer = wire.execute(statement).await;
            let changed = self.classified(answer)?;
            self.changed |= changed > 0;
            return Ok(changed);
        }
        let Conn::Pool(pool, writes) = &self.conn else {
            return Ok(0);
        };
        let mut retries = RetryBudget::new();
        loop {
            match pool.execute(statement).await {
                Ok(changed) => {
                    if changed > 0 {
                        writes.succeeded();
                    }
                    return Ok(changed);
                }
                Err(error) => self
                    .wait_or_fail(&error, &mut retries)
                    .await
                    .inspect_err(|error| writes.failed(error))?,
            }
        }
    }

    /// The connection of an open transaction; `None` outside of one. After trouble it takes no more statements: SQLite may
    /// have ended the transaction, and what followed would be a commit of its own.
    fn wire(&mut self) -> Result<Option<Wire<'_>>, StoreError> {
        if let Some(trouble) = &self.trouble {
            return Err(trouble.clone());
        }
        Ok(match &mut self.conn {
            Conn::Pool(..) => None,
            Conn::Open(transaction) => Some(transaction.wire()),
            Conn::Group(connection, _) => Some(Wire::Sqlite(connection)),
        })
    }

    /// A change that is told of, made of several statements on SQLite and of one on PostgreSQL: all its rows. SQLite's
    /// come from `RETURNING`; a savepoint that is still to be made goes in the same text, so that the whole is handed to
    /// the connection's thread once.
    pub(crate) async fn with_outbox<P: Bind>(
        &mut self,
        statement: &Built<P>,
        parameters: P,
    ) -> Result<Vec<QueryResult>, StoreError> {
        let mut bound = statement.bind(self.backend, parameters)?;
        let Conn::Group(_, savepoint) = &mut self.conn else {
            let answer = self.all_of(&bound).await;
            if let (Conn::Pool(_, writes), Err(error)) = (&self.conn, &answer) {
                writes.failed(error);
            }
            return answer;
        };
        if let Some(due) = savepoint.due() {
            bound.text = format!("{due}; {}", bound.text).into();
        }
        // Should the text fail, it fails after its beginning.
        *savepoint = Savepoint::Made;
        self.all_of(&bound).await
    }

    /// SQLite: everything a job writes can be taken back without its neighbours.
    async fn make_savepoint(&mut self) -> Result<(), StoreError> {
        let Conn::Group(_, savepoint) = &self.conn else {
            return Ok(());
        };
        let Some(due) = savepoint.due() else { return Ok(()) };
        if let Some(wire) = self.wire()? {
            let said = wire.say(due).await;
            self.classified(said)?;
        }
        if let Conn::Group(_, savepoint) = &mut self.conn {
            *savepoint = Savepoint::Made;
        }
        Ok(())
    }

    fn classified<T>(&mut self, answer: Result<T, DbErr>) -> Result<T, StoreError> {
        answer.map_err(|error| {
            let (error, retry_action) = StoreError::classify(&error);
            self.note(retry_action);
            if error.is_trouble() {
                self.trouble = Some(error.clone());
            }
            error
        })
    }

    fn note(&mut self, retry_action: RetryAction) {
        if retry_action == RetryAction::Reconnect {
            self.health.raise();
        }
        if self.retry_action != Some(RetryAction::Reconnect) {
            self.retry_action = Some(retry_action);
        }
    }

    /// A statement on the pool is a transaction of its own; what can pass is waited for, at most as long as
    /// [`RetryBudget`] lasts.
    async fn wait_or_fail(&self, error: &DbErr, retries: &mut RetryBudget) -> Result<(), StoreError> {
        let (error, retry_action) = StoreError::classify(error);
        if retry_action == RetryAction::Reconnect {
            self.health.raise();
        }
        if retry_action == RetryAction::Tell {
            Err(error)
        } else {
            retries.wait(error).await
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
