//! Transactions: [`Store::read`], [`Store::write`] and how they end, are repeated, or fail.

use std::slice::from_ref;
use std::sync::Arc;

use domain::event::Event;
use domain::id::TenantId;
use domain::identity::{ExternalId, Identity};
use domain::log::LogEntry;
use domain::scope::TenantScope;
use futures_util::future::BoxFuture;

use crate::credential_guard::CredentialGuard;
use crate::engine::executor::{Executor, Open};
use crate::engine::retry_budget::{Resend, RetryBudget};
use crate::engine::transaction::Transaction;
use crate::error::{Result, RetryAction, StoreError};
use crate::store::{Inner, Store};
use crate::tenant_tx::{CreateOutcome, TenantTx};

/// What the work of a transaction is given: one tenant's data ([`TenantTx`]), or bare statements (operators' records, the outbox).
pub(crate) trait TransactionHandle: Sized + Send {
    /// What it is made from, beside the executor.
    type Key: Copy + Send + Sync + 'static;
    /// The tenant, for the order of SQLite's writer.
    fn tenant(key: Self::Key) -> Option<TenantId>;
    fn open(executor: Executor, key: Self::Key) -> Self;
    fn close(self) -> Executor;
}

impl TransactionHandle for Executor {
    type Key = ();

    fn tenant((): ()) -> Option<TenantId> {
        None
    }

    fn open(executor: Executor, (): ()) -> Self {
        executor
    }

    fn close(self) -> Executor {
        self
    }
}

impl TransactionHandle for TenantTx {
    type Key = TenantScope;

    fn tenant(scope: TenantScope) -> Option<TenantId> {
        Some(scope.tenant())
    }

    fn open(executor: Executor, scope: TenantScope) -> Self {
        Self::new(executor, scope)
    }

    fn close(self) -> Executor {
        self.executor
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
        let mut tx = self.autocommit_of(scope);
        tx.search_limit = Some(self.inner.search_limit.clone());
        if self.guard.as_ref().is_some_and(CredentialGuard::was_checked) {
            tx.executor.guard(None);
        }
        work(&mut tx).await
    }

    /// Changes one tenant's data: all of `work`, or nothing if it returns an error. After `Ok` it is on the disk.
    ///
    /// `work` may run several times (deadlocks, lost connections), so it must do nothing outside the transaction. It
    /// is completed even if the caller's future was dropped (SQLite), or is rolled back with the connection (PostgreSQL).
    ///
    /// # Errors
    /// Whatever `work` returns, and [`StoreError::Unavailable`] when the database stays in trouble for ten seconds.
    pub async fn write<T, E, F>(&self, scope: TenantScope, work: F) -> Result<T, E>
    where
        F: for<'t> Fn(&'t mut TenantTx) -> BoxFuture<'t, Result<T, E>> + Send + Sync + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let guard = self.guard.clone();
        self.transact::<TenantTx, T, E, _>(scope, move |tx| {
            tx.executor.guard(guard.clone());
            work(tx)
        })
        .await
    }

    /// As [`Store::write`], for work that reads and then writes once ([`TenantTx::save`], [`TenantTx::delete`], [`TenantTx::log`]). On PostgreSQL
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
        if self.inner.writer.is_none() {
            let mut tx = self.autocommit_of(scope);
            let answer = work(&mut tx).await;
            let progress = tx.executor.progress();
            self.inner.writes.committed(progress.written());
            if progress.retry_action.is_none() {
                return answer;
            }
        }
        self.write(scope, work).await
    }

    /// A tenant's data where each statement is a transaction of its own. The first one checks the credential, and so does
    /// each that changes a resource.
    fn autocommit_of(&self, scope: TenantScope) -> TenantTx {
        let mut executor = self.autocommit();
        executor.guard(self.guard.clone());
        TenantTx::new(executor, scope)
    }

    /// Creates an identity by itself: [`TenantTx::create`] as a whole transaction, in one round trip on PostgreSQL.
    ///
    /// Repeated like [`Store::write`], and also when a connection was lost after the statement was sent: then an
    /// identity that the first attempt made is answered as [`CreateOutcome::Taken`], which the caller must
    /// handle anyway (a repeated POST succeeds, ADR 0006).
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
    ) -> Result<CreateOutcome> {
        if self.inner.writer.is_none() {
            let mut tx = self.autocommit_of(scope);
            let created = tx.create(identity, external_id, from_ref(event), entry).await;
            self.inner.writes.committed(tx.executor.progress().written());
            return created;
        }
        let what = Arc::new((identity.clone(), event.clone(), entry.clone()));
        self.write(scope, move |tx| {
            let what = Arc::clone(&what);
            Box::pin(async move { tx.create(&what.0, external_id, from_ref(&what.1), &what.2).await })
        })
        .await
    }

    pub(crate) async fn transact<H, T, E, F>(&self, key: H::Key, work: F) -> Result<T, E>
    where
        H: TransactionHandle + 'static,
        F: for<'t> Fn(&'t mut H) -> BoxFuture<'t, Result<T, E>> + Send + Sync + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        match &self.inner.writer {
            Some(writer) => writer.submit::<H, T, E, F>(key, work).await,
            None => self.transact_alone::<H, T, E, F>(key, &work).await,
        }
    }

    /// PostgreSQL: a transaction of its own, repeated while that may help.
    async fn transact_alone<H, T, E, F>(&self, key: H::Key, work: &F) -> Result<T, E>
    where
        H: TransactionHandle,
        F: for<'t> Fn(&'t mut H) -> BoxFuture<'t, Result<T, E>>,
        E: From<StoreError>,
    {
        let Inner { health, writes, .. } = &*self.inner;
        let mut retries = RetryBudget::new();
        loop {
            let transaction = self.begin(&mut retries).await?;
            let mut handle = H::open(Executor::Open(Open::new(transaction, health.clone())), key);
            let answer = work(&mut handle).await;
            let Executor::Open(open) = handle.close() else {
                return Err(StoreError::Refused("the work has lost its transaction".to_owned()).into());
            };
            let (transaction, progress) = (open.transaction, open.progress);
            if let Some(trouble) = &progress.trouble {
                writes.failed(trouble);
            }
            // Work that overlooked a failed statement is repeated as well; if that does not help, the commit fails.
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
                    writes.committed(progress.written());
                    return answer;
                }
                // What was refused at commit did not happen and may be repeated; after a lost connection it is unknown.
                Err(error) => match StoreError::classify(&error) {
                    (error, RetryAction::Again) => retries.wait(error).await?,
                    (error, retry_action) => {
                        if retry_action == RetryAction::Reconnect {
                            health.raise();
                        }
                        writes.failed(&error);
                        return Err(error.into());
                    }
                },
            }
        }
    }

    async fn begin(&self, retries: &mut RetryBudget) -> Result<Transaction> {
        let Inner {
            connections, health, ..
        } = &*self.inner;
        loop {
            match connections.begin().await {
                Ok(Some(transaction)) => return Ok(transaction),
                Ok(None) => return Err(StoreError::Refused("no transaction of its own here".to_owned())),
                Err(error) => retries.wait_after(&error, Resend::Always, health).await?,
            }
        }
    }
}
