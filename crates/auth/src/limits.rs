//! The bounds that [`crate::Verifier`] keeps, and their usual values.

use std::time::Duration;

use crate::pool::Pool;
use crate::rate_limiter::Quota;

/// Bounds against floods.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Concurrent checks of secrets; each takes 19 MiB while it runs.
    pub argon2_threads: usize,
    /// The most secrets that wait for a check; beyond it the response is 503.
    pub argon2_queue: usize,
    /// Concurrent reads of records for credentials that were not verified lately, so that invented ids take no more of the
    /// database than this.
    pub lookups: usize,
    /// The most credentials that wait for the read of their record; beyond it the response is 503.
    pub lookup_queue: usize,
    /// Wrong secrets for one id from one network; beyond it all secrets from there for this id are checked last.
    pub guesses: Quota,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            argon2_threads: Pool::default_size(),
            argon2_queue: 64,
            lookups: 4,
            lookup_queue: 2_048,
            guesses: Quota {
                burst: 5,
                every: Duration::from_secs(12),
            },
        }
    }
}
