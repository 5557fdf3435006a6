//! Statements that are transactions of their own: each on any connection, repeated while that may help.

use sea_orm::{DbErr, QueryResult};

use super::connect::postgres::PoolHealth;
use super::executor::Progress;
use super::idle_connections::IdleConnections;
use super::retry_budget::{Resend, RetryBudget};
use super::statement::Bound;
use super::writes::Writes;
use crate::error::StoreError;
use crate::settings::Backend;

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
        self.repeat(resend, || self.connections.all(statement)).await
    }

    pub(super) async fn change(&self, statement: &Bound, resend: Resend) -> Result<u64, StoreError> {
        let answer = self.repeat(resend, || self.connections.execute(statement));
        let changed = answer.await.inspect_err(|error| self.writes.failed(error))?;
        if changed > 0 {
            self.writes.succeeded();
        }
        Ok(changed)
    }

    async fn repeat<T, F: Future<Output = Result<T, DbErr>>>(
        &self,
        resend: Resend,
        attempt: impl Fn() -> F,
    ) -> Result<T, StoreError> {
        let mut retries = RetryBudget::new();
        loop {
            match attempt().await {
                Ok(done) => return Ok(done),
                Err(error) => retries.wait_after(&error, resend, &self.health).await?,
            }
        }
    }
}
