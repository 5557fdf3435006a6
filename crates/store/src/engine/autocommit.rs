//! Statements that are transactions of their own: each on any connection, repeated while that may help.

use sea_orm::{DbErr, QueryResult};

use super::connect::postgres::PoolHealth;
use super::idle_connections::IdleConnections;
use super::retry_budget::RetryBudget;
use super::statement::Bound;
use super::tx::Progress;
use super::writes::Writes;
use crate::error::{RetryAction, StoreError};
use crate::settings::Backend;

/// When a statement that is a transaction of its own may be sent again after an error that can pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Resend {
    /// Done twice it comes to the same, or the second time says that it was done.
    Always,
    /// Only when the server refused it, so that nothing was done; after a lost connection that is not known.
    IfRefused,
}

/// PostgreSQL's pool, or SQLite's readers. A statement here is a transaction of its own; what can pass is waited for, at most
/// as long as [`RetryBudget`] lasts.
pub(crate) struct Autocommit {
    pub(crate) connections: IdleConnections,
    pub(crate) backend: Backend,
    pub(crate) health: PoolHealth,
    pub(crate) writes: Writes,
    pub(crate) progress: Progress,
}

impl Autocommit {
    pub(super) async fn all(
        &self,
        statement: &Bound,
        resend: Resend,
    ) -> Result<Vec<QueryResult>, StoreError> {
        let mut retries = RetryBudget::new();
        loop {
            match self.connections.all(statement).await {
                Ok(rows) => return Ok(rows),
                Err(error) => self.wait_or_fail(&error, &mut retries, resend).await?,
            }
        }
    }

    pub(super) async fn change(&self, statement: &Bound, resend: Resend) -> Result<u64, StoreError> {
        let mut retries = RetryBudget::new();
        loop {
            match self.connections.execute(statement).await {
                Ok(changed) => {
                    if changed > 0 {
                        self.writes.succeeded();
                    }
                    return Ok(changed);
                }
                Err(error) => self
                    .wait_or_fail(&error, &mut retries, resend)
                    .await
                    .inspect_err(|error| self.writes.failed(error))?,
            }
        }
    }

    async fn wait_or_fail(
        &self,
        error: &DbErr,
        retries: &mut RetryBudget,
        resend: Resend,
    ) -> Result<(), StoreError> {
        let (error, retry_action) = StoreError::classify(error);
        let is_lost = retry_action == RetryAction::Reconnect;
        if is_lost {
            self.health.raise();
        }
        if retry_action == RetryAction::Tell || is_lost && resend == Resend::IfRefused {
            Err(error)
        } else {
            retries.wait(error).await
        }
    }
}
