//! Transactions: [`Store::read`], [`Store::write`] and how they end, are repeated, or fail.

use std::sync::Arc;

use domain::event::Event;
use domain::id::TenantId;
use domain::identity::{ExternalId, Identity};
use domain::log::LogEntry;
use domain::scope::TenantScope;
use futures_util::future::BoxFuture;
use sea_orm::DbErr;

use crate::credential_guard::CredentialGuard;
use crate::engine::retry_budget::RetryBudget;
use crate::engine::tx::{Open, Tx};
use crate::error::{RetryAction, StoreError};
use crate::store::Store;
use crate::tenant_tx::{CreateOutcome, TenantTx};

/// What a piece of work sees of a transaction: one tenant's data ([`TenantTx`]), or the bare statements (operators'
/// records, the outbox side).
pub(crate) trait Executor: Sized + Send {
    /// What it takes to open it.
    type Key: Copy + Send + Sync + 'static;
    /// Whose work it is, for the order of SQLite's writer.
    fn tenant(key: Self::Key) -> Option<TenantId>;
    /// Opens it on a transaction.
    fn open(tx: Tx, key: Self::Key) -> Self;
    /// The transaction back.
    fn close(self) -> Tx;
}

impl Executor for Tx {
    type Key = ();

    fn tenant((): ()) -> Option<TenantId> {
        None
    }

    fn open(tx: Tx, (): ()) -> Self {
        tx
    }

    fn close(self) -> Tx {
        self
    }
}

impl Executor for TenantTx {
    type Key = TenantScope;

    fn tenant(scope: TenantScope) -> Option<TenantId> {
        Some(scope.tenant())
    }

    fn open(tx: Tx, scope: TenantScope) -> Self {
        Self::new(tx, scope)
    }

    fn close(self) -> Tx {
        self.into_tx()
    }
}

impl Store {
    /// Reads one tenant's data. Statements see committed data, each as of its own start (READ COMMITTED).
    ///
    /// # Errors
    /// Whatever `work` returns; its own [`StoreError`]s are [`StoreError::Unavailable`] after up to ten seconds of
    /// repeats.
    pub async fn read<T, E, F>(&self, scope: TenantScope, work: F) -> Result<T, E>
    where
        F: for<'t> FnOnce(&'t mut TenantTx) -> BoxFuture<'t, Result<T, E>> + Send,
        E: From<StoreError>,
    {
        let mut tx = self.lone(scope).with_search_limit(self.0.searches.clone());
        if self.1.as_ref().is_some_and(CredentialGuard::was_checked) {
            tx.tx.guard(None);
        }
        work(&mut tx).await
    }

    /// Changes one tenant's data: all of `work`, or nothing if it returns an error. After `Ok` it is on the disk.
    ///
    /// `work` may run several times (deadlocks, lost connections), so it must do nothing outside the transaction. It
    /// runs to its end though the caller is gone (SQLite), or is rolled back with the connection (PostgreSQL).
    ///
    /// # Errors
    /// Whatever `work` returns, and [`StoreError::Unavailable`] when the database stays in trouble for ten seconds.
    pub async fn write<T, E, F>(&self, scope: TenantScope, work: F) -> Result<T, E>
    where
        F: for<'t> Fn(&'t mut TenantTx) -> BoxFuture<'t, Result<T, E>> + Send + Sync + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let guard = self.1.clone();
        self.transact::<TenantTx, T, E, _>(scope, move |tx| {
            tx.tx.guard(guard.clone());
            work(tx)
        })
        .await
    }

    /// As [`Store::write`], for work that reads and then writes once ([`TenantTx::save`], [`TenantTx::log`]). On PostgreSQL
    /// it is first tried without a transaction, in a round trip each; when the row was changed in between, it runs again
    /// as [`Store::write`] runs it.
    ///
    /// # Errors
    /// As [`Store::write`].
    pub async fn write_once<T, E, F>(&self, scope: TenantScope, work: F) -> Result<T, E>
    where
        F: for<'t> Fn(&'t mut TenantTx) -> BoxFuture<'t, Result<T, E>> + Send + Sync + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        if self.0.writer.is_none() {
            let mut tx = self.lone(scope);
            let answer = work(&mut tx).await;
            let progress = tx.tx.progress();
            if progress.has_changed() {
                self.0.writes.succeeded();
            }
            self.notify_outbox(progress.outbox_written);
            if progress.retry_action.is_none() {
                return answer;
            }
        }
        self.write(scope, work).await
    }

    /// A tenant's data where each statement is a transaction of its own. The first one checks the credential, and so does
    /// each that changes a resource.
    fn lone(&self, scope: TenantScope) -> TenantTx {
        let mut tx = self.autocommit();
        tx.guard(self.1.clone());
        TenantTx::new(tx, scope)
    }

    /// Creates an identity by itself: [`TenantTx::create`] as a whole transaction, in one round trip on PostgreSQL.
    ///
    /// Repeated like [`Store::write`], and also when a connection was lost after the statement was sent: then an
    /// identity that the first attempt made is answered as [`CreateOutcome::Taken`], which the caller must look at
    /// anyway (a POST whose answer was lost heals).
    ///
    /// # Errors
    /// As [`TenantTx::create`].
    pub async fn create(
        &self,
        scope: TenantScope,
        identity: &Identity,
        external_id: ExternalId,
        event: &Event,
        entry: &LogEntry,
    ) -> Result<CreateOutcome, StoreError> {
        if self.0.writer.is_none() {
            let mut tx = self.lone(scope);
            let created = tx.create(identity, external_id, event, entry).await;
            let done = created.as_ref().is_ok_and(|created| created.is_done());
            if done {
                self.0.writes.succeeded();
            }
            self.notify_outbox(done);
            return created;
        }
        let what = Arc::new((identity.clone(), event.clone(), entry.clone()));
        self.write(scope, move |tx| {
            let what = Arc::clone(&what);
            Box::pin(async move { tx.create(&what.0, external_id, &what.1, &what.2).await })
        })
        .await
    }

    pub(crate) async fn transact<D, T, E, F>(&self, key: D::Key, work: F) -> Result<T, E>
    where
        D: Executor + 'static,
        F: for<'t> Fn(&'t mut D) -> BoxFuture<'t, Result<T, E>> + Send + Sync + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        match &self.0.writer {
            Some(writer) => writer.submit::<D, T, E, F>(key, work).await,
            None => self.transact_alone::<D, T, E, F>(key, &work).await,
        }
    }

    /// PostgreSQL: a transaction of its own, repeated while that may help.
    async fn transact_alone<D, T, E, F>(&self, key: D::Key, work: &F) -> Result<T, E>
    where
        D: Executor,
        F: for<'t> Fn(&'t mut D) -> BoxFuture<'t, Result<T, E>>,
        E: From<StoreError>,
    {
        let mut retries = RetryBudget::new();
        loop {
            let transaction = match self.0.connections.begin().await {
                Ok(Some(transaction)) => transaction,
                Ok(None) => {
                    return Err(StoreError::Refused("no transaction of its own here".to_owned()).into());
                }
                Err(error) => {
                    self.wait_for_retry(&error, &mut retries).await?;
                    continue;
                }
            };
            let mut executor = D::open(Tx::Open(Open::new(transaction, self.0.health.clone())), key);
            let answer = work(&mut executor).await;
            let Tx::Open(open) = executor.close() else {
                return Err(StoreError::Refused("the work has lost its transaction".to_owned()).into());
            };
            let (transaction, progress) = (open.transaction, open.progress);
            if let Some(trouble) = &progress.trouble {
                self.0.writes.failed(trouble);
            }
            // Work that overlooked a failed statement is repeated as well; if that does not help, the commit says so.
            let may_help = matches!(
                progress.retry_action,
                Some(RetryAction::Again | RetryAction::Reconnect)
            );
            if answer.is_err() || may_help {
                // A rollback that fails means that the connection is gone, and the transaction with it.
                let _ = transaction.rollback().await;
                if !may_help {
                    return answer;
                }
                let stayed = || StoreError::Unavailable("it stayed in trouble".into());
                retries.wait(progress.trouble.unwrap_or_else(stayed)).await?;
                continue;
            }
            match transaction.commit().await {
                Ok(()) => {
                    if progress.has_changed() {
                        self.0.writes.succeeded();
                    }
                    self.notify_outbox(progress.outbox_written);
                    return answer;
                }
                // What was refused at commit did not happen and may be repeated; after a lost connection it is unknown.
                Err(error) => match StoreError::classify(&error) {
                    (error, RetryAction::Again) => retries.wait(error).await?,
                    (error, retry_action) => {
                        self.mark_unhealthy(retry_action);
                        self.0.writes.failed(&error);
                        return Err(error.into());
                    }
                },
            }
        }
    }

    async fn wait_for_retry(&self, error: &DbErr, retries: &mut RetryBudget) -> Result<(), StoreError> {
        let (error, retry_action) = StoreError::classify(error);
        self.mark_unhealthy(retry_action);
        if retry_action == RetryAction::Tell {
            Err(error)
        } else {
            retries.wait(error).await
        }
    }

    fn mark_unhealthy(&self, retry_action: RetryAction) {
        if retry_action == RetryAction::Reconnect {
            self.0.health.raise();
        }
    }

    pub(crate) fn notify_outbox(&self, outbox_written: bool) {
        if outbox_written {
            self.0.changed.send_modify(|count| *count += 1);
        }
    }
}
