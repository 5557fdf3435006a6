//! Statements that are transactions of their own: each on any connection, repeated while that may help.

use std::sync::Arc;

use sea_orm::{DbErr, QueryResult};

use super::executor::Progress;
use super::retry_budget::{Resend, RetryBudget};
use super::statement::Bound;
use crate::error::Result;
use crate::store::Inner;

/// PostgreSQL's pool, or SQLite's readers. A statement here is a transaction of its own; what can pass is waited for, at most
/// as long as [`RetryBudget`] lasts.
pub(crate) struct Autocommit {
    pub(crate) store: Arc<Inner>,
    pub(crate) progress: Progress,
}

impl Autocommit {
    pub(super) async fn all(&self, statement: &Bound, resend: Resend) -> Result<Vec<QueryResult>> {
        self.repeat(resend, || self.store.connections.all(statement))
            .await
    }

    pub(super) async fn change(&self, statement: &Bound, resend: Resend) -> Result<u64> {
        let answer = self.repeat(resend, || self.store.connections.execute(statement));
        let changed = answer
            .await
            .inspect_err(|error| self.store.writes.failed(error))?;
        if changed > 0 {
            self.store.writes.succeeded();
        }
        Ok(changed)
    }

    async fn repeat<T, F: Future<Output = Result<T, DbErr>>>(
        &self,
        resend: Resend,
        attempt: impl Fn() -> F,
    ) -> Result<T> {
        let mut retries = RetryBudget::new();
        loop {
            match attempt().await {
                Ok(done) => return Ok(done),
                Err(error) => retries.wait_after(&error, resend, &self.store.health).await?,
            }
        }
    }
}
