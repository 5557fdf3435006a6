//! The check of a request's credential inside the first statement that does its work (ADR 0038).
//!
//! A token is verified against a record that was read earlier. The statement compares the tenant's `credential_state` with the
//! one in the record; on a difference it does nothing and answers that, and the request is verified anew. So no
//! request acts on a credential that was revoked before its statement, and none takes a round trip for finding out.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use domain::credential::CredentialState;
use sea_orm::QueryResult;

use crate::engine::parameter::Values;
use crate::error::{Result, StoreError};
use crate::settings::Backend;

/// What the statements of one request compare; cheap to clone.
#[derive(Debug, Clone)]
pub struct CredentialGuard(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    state: CredentialState,
    outcome: AtomicU8,
}

// Ascending: a higher outcome replaces a lower one, so `DONE` is final.
const UNKNOWN: u8 = 0;
const UNCHANGED: u8 = 1;
const CHANGED: u8 = 2;
/// A change that is a transaction of its own has found it unchanged, and is committed.
const DONE: u8 = 3;

impl CredentialGuard {
    /// For a request that was admitted when its token's record had this state ([`domain::credential::TokenRecord::state`]).
    pub fn new(state: CredentialState) -> Self {
        Self(Arc::new(Inner {
            state,
            outcome: AtomicU8::new(UNKNOWN),
        }))
    }

    /// Whether a statement of this request has found the record unchanged.
    pub fn was_checked(&self) -> bool {
        matches!(self.0.outcome.load(Ordering::Relaxed), UNCHANGED | DONE)
    }

    /// Whether a statement of this request has found another state, and so did nothing.
    pub fn was_refused(&self) -> bool {
        self.0.outcome.load(Ordering::Relaxed) == CHANGED
    }

    /// The name of the parameter that [`CredentialGuard::bind`] adds.
    pub(crate) const NAME: &str = "credential_state";

    /// Adds the value of [`CredentialGuard::NAME`].
    ///
    /// # Errors
    /// None: an id is a parameter on every database.
    pub(crate) fn bind(&self, values: &mut Values) -> Result<()> {
        values.push(self.0.state)
    }

    fn note(&self, outcome: u8) {
        self.0.outcome.fetch_max(outcome, Ordering::Relaxed);
    }

    /// Whether a guarded change, which counts in its first column what it reached, found the record unchanged for certain.
    ///
    /// # Errors
    /// [`StoreError::Refused`]: the statement does not count.
    pub(crate) fn was_passed(&self, rows: &[QueryResult]) -> Result<bool> {
        let reached: i64 = match rows.first() {
            Some(row) => row.try_get_by_index(0).map_err(StoreError::of)?,
            None => 0,
        };
        if reached > 0 {
            self.note(DONE);
        }
        Ok(reached > 0)
    }

    /// The statement's own rows out of those of its guarded form ([`crate::engine::statement::Statement`]).
    ///
    /// # Errors
    /// [`StoreError::CredentialChanged`].
    pub(crate) fn rows(&self, backend: Backend, mut rows: Vec<QueryResult>) -> Result<Vec<QueryResult>> {
        let changed = || {
            self.note(CHANGED);
            StoreError::CredentialChanged
        };
        let first = rows.first().ok_or_else(changed)?;
        if !first.try_get::<bool>("", "unchanged").map_err(StoreError::of)? {
            return Err(changed());
        }
        self.note(UNCHANGED);
        match backend {
            // The check is a row of its own.
            Backend::Sqlite => {
                rows.remove(0);
            }
            // It stands beside each row, and beside none when nothing was found.
            Backend::Postgres => {
                let found: Option<bool> = first.try_get("", "found").map_err(StoreError::of)?;
                if found.is_none() {
                    rows.clear();
                }
            }
        }
        Ok(rows)
    }
}
