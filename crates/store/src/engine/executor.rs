//! Running statements: each for itself, or inside an open transaction.
//!
//! Knows no table. All statements of [`crate::tenant_tx`] and the tables run here, so that the error of a statement is classified
//! once and in one place.

use std::time::Duration;

use sea_orm::{DbErr, QueryResult};
use sqlx::SqliteConnection;

use super::autocommit::Autocommit;
use super::connect::postgres::PoolHealth;
use super::parameter::Bind;
use super::read::{Columns, Read};
use super::retry_budget::Resend;
use super::statement::{Bound, Statement};
use super::transaction::Transaction;
use super::wire::Wire;
use crate::credential_guard::CredentialGuard;
use crate::error::{Result, RetryAction, StoreError};
use crate::settings::Backend;

/// Where statements run.
pub(crate) enum Executor {
    /// Each statement for itself, on any connection.
    Autocommit(Autocommit),
    /// A transaction of PostgreSQL.
    Open(Open),
    /// A job of SQLite's group commit.
    Grouped(Grouped),
}

impl Executor {
    pub(crate) fn backend(&self) -> Backend {
        match self {
            Self::Autocommit(autocommit) => autocommit.store.backend,
            Self::Open(_) => Backend::Postgres,
            Self::Grouped(_) => Backend::Sqlite,
        }
    }

    /// Whether statements here belong to one transaction.
    pub(crate) fn is_open(&self) -> bool {
        !matches!(self, Self::Autocommit(_))
    }

    /// What the statements here have done so far.
    pub(crate) fn progress(&mut self) -> &mut Progress {
        match self {
            Self::Autocommit(autocommit) => &mut autocommit.progress,
            Self::Open(open) => &mut open.progress,
            Self::Grouped(grouped) => &mut grouped.progress,
        }
    }

    /// Makes the next statement that sets the tenant check the credential as well.
    pub(crate) fn guard(&mut self, guard: Option<CredentialGuard>) {
        let progress = self.progress();
        (progress.guard, progress.guards_each_change) = (guard.clone(), guard);
    }

    /// Whether the credential is still to be checked.
    pub(crate) fn is_unchecked(&mut self) -> bool {
        self.progress().guard.is_some()
    }

    /// Notes that rows were put into the outbox, so that the stamper reads them after the commit.
    pub(crate) fn note_outbox(&mut self) {
        self.progress().outbox_written = true;
    }

    /// Asks for the whole work to be run again, in a transaction.
    pub(crate) fn ask_to_repeat(&mut self) {
        self.progress().retry_action = Some(RetryAction::Again);
    }

    /// All rows of a statement that only reads.
    pub(crate) async fn all<P: Bind, R: Read>(
        &mut self,
        statement: &Statement<P, R>,
        parameters: P,
    ) -> Result<Vec<R>> {
        read_all(&self.rows(statement, parameters).await?)
    }

    /// The first row of a statement that only reads.
    pub(crate) async fn one<P: Bind, R: Read>(
        &mut self,
        statement: &Statement<P, R>,
        parameters: P,
    ) -> Result<Option<R>> {
        let rows = self.rows(statement, parameters).await?;
        rows.first().map(|row| Columns::of(row).next()).transpose()
    }

    /// All rows of a statement that only reads, unread.
    pub(crate) async fn rows<P: Bind, R>(
        &mut self,
        statement: &Statement<P, R>,
        parameters: P,
    ) -> Result<Vec<QueryResult>> {
        let backend = self.backend();
        let guard = self.progress().guard.take_if(|_| statement.is_guardable());
        let rows = self
            .rows_of(&statement.bind(backend, parameters, guard.as_ref())?)
            .await?;
        match guard {
            Some(guard) => guard.rows(backend, rows),
            None => Ok(rows),
        }
    }

    /// As [`Executor::rows`].
    pub(crate) async fn rows_of(&mut self, statement: &Bound) -> Result<Vec<QueryResult>> {
        match self {
            Self::Autocommit(autocommit) => autocommit.all(statement, Resend::Always).await,
            Self::Open(open) => open.all(statement).await,
            Self::Grouped(grouped) => grouped.all(statement).await,
        }
    }

    /// Runs a statement that changes rows; returns how many (SQLite: summed over the statements of a text).
    pub(crate) async fn change<P: Bind, R>(
        &mut self,
        statement: &Statement<P, R>,
        parameters: P,
    ) -> Result<u64> {
        let bound = statement.bind(self.backend(), parameters, None)?;
        self.change_by(&bound, Resend::Always).await
    }

    /// As [`Executor::change`].
    pub(crate) async fn change_by(&mut self, statement: &Bound, resend: Resend) -> Result<u64> {
        match self {
            Self::Autocommit(autocommit) => autocommit.change(statement, resend).await,
            Self::Open(open) => open.change(statement).await,
            Self::Grouped(grouped) => grouped.change(statement).await,
        }
    }

    /// A change with its events, made of several statements on SQLite and of one on PostgreSQL: all its rows. SQLite's
    /// come from `RETURNING`.
    pub(crate) async fn with_outbox<P: Bind, R: Read>(
        &mut self,
        statement: &Statement<P, R>,
        parameters: P,
        resend: Resend,
    ) -> Result<Vec<R>> {
        let (backend, is_open) = (self.backend(), self.is_open());
        let progress = self.progress();
        let guard = if !statement.is_guardable() {
            None
        } else if is_open {
            // Nothing of the transaction was done before its first statement had checked.
            progress.guard.take()
        } else {
            progress.guards_each_change.clone()
        };
        let bound = statement.bind(backend, parameters, guard.as_ref())?;
        let mut rows = match self {
            Self::Autocommit(autocommit) => {
                let answer = autocommit.all(&bound, resend).await;
                answer.inspect_err(|error| autocommit.store.writes.failed(error))
            }
            Self::Open(open) => open.all(&bound).await,
            Self::Grouped(grouped) => grouped.with_outbox(bound).await,
        }?;
        match (guard, backend) {
            (None, _) => {}
            // After an error the job's rows are taken back.
            (Some(guard), Backend::Sqlite) => rows = guard.rows(backend, rows)?,
            (Some(guard), Backend::Postgres) => {
                if !guard.was_passed(&rows)? {
                    // Nothing was written, for this reason or another: the next statement shows which.
                    self.progress().guard = Some(guard);
                }
            }
        }
        read_all(&rows)
    }
}

/// Reads rows.
pub(crate) fn read_all<R: Read>(rows: &[QueryResult]) -> Result<Vec<R>> {
    rows.iter().map(|row| Columns::of(row).next()).collect()
}

/// What the statements of a piece of work have done so far.
#[derive(Default)]
pub(crate) struct Progress {
    /// Whether it put rows into the outbox.
    pub(crate) outbox_written: bool,
    /// Whether rows were changed.
    changed: bool,
    /// What is to be done about the errors of its statements; [`RetryAction::Reconnect`] stays.
    pub(crate) retry_action: Option<RetryAction>,
    /// The error that ended the transaction, even if the work ignores it.
    pub(crate) trouble: Option<StoreError>,
    /// For the next statement that can check it.
    guard: Option<CredentialGuard>,
    /// The same for each change that is a transaction of its own.
    guards_each_change: Option<CredentialGuard>,
}

impl Progress {
    /// After trouble a transaction takes no more statements: SQLite may have ended it, and what followed would be a commit of
    /// its own.
    fn check(&self) -> Result<()> {
        self.trouble.clone().map_or(Ok(()), Err)
    }

    fn classified<T>(&mut self, answer: Result<T, DbErr>) -> Result<T> {
        answer.map_err(|error| {
            let (error, retry_action) = StoreError::classify(&error);
            if self.retry_action != Some(RetryAction::Reconnect) {
                self.retry_action = Some(retry_action);
            }
            if error.is_trouble() {
                self.trouble = Some(error.clone());
            }
            error
        })
    }

    /// Whether rows were changed.
    pub(crate) const fn has_changed(&self) -> bool {
        self.changed
    }

    /// What a commit writes.
    pub(crate) fn written(&self) -> Written {
        Written {
            outbox_written: self.outbox_written,
            changed: self.changed || self.outbox_written,
        }
    }
}

/// A transaction of its own.
pub(crate) struct Open {
    pub(crate) transaction: Transaction,
    pub(crate) progress: Progress,
    health: PoolHealth,
}

impl Open {
    pub(crate) fn new(transaction: Transaction, health: PoolHealth) -> Self {
        Self {
            transaction,
            progress: Progress::default(),
            health,
        }
    }

    async fn all(&mut self, statement: &Bound) -> Result<Vec<QueryResult>> {
        self.progress.check()?;
        let answer = self.transaction.wire().all(statement).await;
        self.classified(answer)
    }

    async fn change(&mut self, statement: &Bound) -> Result<u64> {
        self.progress.check()?;
        let answer = self.transaction.wire().execute(statement).await;
        let changed = self.classified(answer)?;
        self.progress.changed |= changed > 0;
        Ok(changed)
    }

    /// After a statement on a lost connection the others are tested.
    fn classified<T>(&mut self, answer: Result<T, DbErr>) -> Result<T> {
        self.progress.classified(answer).inspect_err(|_| {
            if self.progress.retry_action == Some(RetryAction::Reconnect) {
                self.health.raise();
            }
        })
    }
}

/// What a piece of work has written.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Written {
    /// Rows of the outbox.
    pub(crate) outbox_written: bool,
    /// Any rows: a commit then shows that the disk takes them.
    pub(crate) changed: bool,
}

/// For the jobs of one group commit: the transaction is shared, each job has a savepoint.
pub(crate) struct Grouped {
    pub(crate) connection: SqliteConnection,
    /// What is to be sent before the job's first write, which makes its savepoint; `None` once it is made.
    savepoint: Option<&'static str>,
    progress: Progress,
}

impl Grouped {
    /// On a connection on which a transaction has begun.
    pub(crate) fn new(connection: SqliteConnection) -> Self {
        Self {
            connection,
            savepoint: Some("SAVEPOINT job"),
            progress: Progress::default(),
        }
    }

    /// Ends one job: its rows stay, or are taken back, and the next job may begin.
    ///
    /// # Errors
    /// The transaction was rolled back, and with it the writes of earlier jobs.
    pub(crate) async fn end_job(&mut self, keep: bool) -> Result<Written> {
        let progress = std::mem::take(&mut self.progress);
        progress.check()?;
        if self.savepoint.is_none() {
            if !keep {
                let answer = self.wire().send("ROLLBACK TO job").await;
                answer.map_err(StoreError::of)?;
            }
            self.savepoint = Some("RELEASE job; SAVEPOINT job");
        }
        Ok(if keep {
            progress.written()
        } else {
            Written::default()
        })
    }

    fn wire(&mut self) -> Wire<'_> {
        Wire::Sqlite(&mut self.connection)
    }

    async fn all(&mut self, statement: &Bound) -> Result<Vec<QueryResult>> {
        self.progress.check()?;
        let answer = self.wire().all(statement).await;
        self.progress.classified(answer)
    }

    async fn change(&mut self, statement: &Bound) -> Result<u64> {
        self.progress.check()?;
        // All that a job writes can be taken back without the other jobs.
        if let Some(savepoint) = self.savepoint {
            let answer = self.wire().send(savepoint).await;
            self.progress.classified(answer)?;
            self.savepoint = None;
        }
        let answer = self.wire().execute(statement).await;
        let changed = self.progress.classified(answer)?;
        self.progress.changed |= changed > 0;
        Ok(changed)
    }

    /// A savepoint that is still to be made goes in the same text, so that the whole is handed to the connection's thread once.
    async fn with_outbox(&mut self, mut statement: Bound) -> Result<Vec<QueryResult>> {
        self.progress.check()?;
        // Should the text fail, it fails after its beginning.
        if let Some(savepoint) = self.savepoint.take() {
            statement.text = format!("{savepoint}; {}", statement.text).into();
        }
        self.all(&statement).await
    }
}

/// Limits the time of a call, where it must not hold up a shutdown or a probe.
pub(crate) async fn within<T>(time: Duration, work: impl Future<Output = Result<T>>) -> Result<T> {
    match tokio::time::timeout(time, work).await {
        Ok(answer) => answer,
        Err(_) => Err(StoreError::Unavailable("it did not answer in time".into())),
    }
}
