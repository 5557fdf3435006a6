//! [`Store::audited`]: an operator's change and its row of the audit log, in one transaction (ADR 0042).
//!
//! Tenants, directories, credentials and apps are changed by the methods of [`AdminTx`] and in no other way, so none of them changes
//! without a row. The methods stand beside the statements of their table (`tables/*`).

use std::sync::Arc;

use domain::audit::{AuditEntry, Chain};
use domain::id::TenantId;
use domain::scope::TenantScope;
use futures_util::future::BoxFuture;

use crate::engine::executor::Executor;
use crate::engine::parameter::Bind;
use crate::engine::run::TransactionHandle;
use crate::engine::statement::Statement;
use crate::error::{Result, StoreError};
use crate::settings::Backend;
use crate::store::Store;
use crate::tables::audit;
use crate::tables::tenant::{OPEN, of};

/// What operators change, in an open transaction.
pub struct AdminTx {
    pub(crate) executor: Executor,
}

impl std::fmt::Debug for AdminTx {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AdminTx").finish_non_exhaustive()
    }
}

impl TransactionHandle for AdminTx {
    type Key = Chain;

    fn tenant(chain: Chain) -> Option<TenantId> {
        chain.tenant()
    }

    fn open(executor: Executor, _: Chain) -> Self {
        Self { executor }
    }

    fn close(self) -> Executor {
        self.executor
    }
}

impl Store {
    /// Makes a change and writes its row of the audit log: both, or neither. When `work` changes no row (what was to be revoked is
    /// revoked already), nothing is written.
    ///
    /// `work` may run several times, as that of [`Store::write`].
    ///
    /// # Errors
    /// Whatever `work` returns, and as [`Store::write`].
    pub async fn audited<T, E, F>(&self, entry: &AuditEntry, work: F) -> Result<T, E>
    where
        F: for<'t> Fn(&'t mut AdminTx) -> BoxFuture<'t, Result<T, E>> + Send + Sync + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let shared = Arc::new((entry.clone(), work));
        self.transact::<AdminTx, T, E, _>(entry.chain, move |tx| {
            let shared = Arc::clone(&shared);
            Box::pin(async move {
                let (entry, work) = &*shared;
                let done = work(tx).await?;
                if tx.executor.progress().has_changed() {
                    // Last, so that the chain's head is locked for as short a time as may be, and in one order with every other lock.
                    audit::append(&mut tx.executor, entry).await?;
                }
                Ok(done)
            })
        })
        .await
    }

    /// Writes a row of the audit log about what is no change of this database: a refusal, an export.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn note_audit(&self, entry: &AuditEntry) -> Result<()> {
        let shared = Arc::new(entry.clone());
        self.transact::<AdminTx, (), StoreError, _>(entry.chain, move |tx| {
            let entry = Arc::clone(&shared);
            Box::pin(async move { audit::append(&mut tx.executor, &entry).await })
        })
        .await
    }
}

impl AdminTx {
    /// Changes rows of one tenant, which row-level security is opened for beforehand.
    pub(crate) async fn update_of<P: Bind>(
        &mut self,
        scope: TenantScope,
        statement: &Statement<P>,
        parameters: P,
    ) -> Result<u64> {
        if self.executor.backend() == Backend::Postgres {
            self.executor.rows(&OPEN, of(scope)).await?;
        }
        self.executor.change(statement, parameters).await
    }
}
