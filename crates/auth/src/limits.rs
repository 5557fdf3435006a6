//! The bounds that [`crate::Verifier`] keeps, and their usual values.

use std::time::Duration;

use crate::pool::Pool;
use crate::rate_limiter::Quota;

/// Bounds against floods.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Secrets checked at a time; each takes 19 MiB while it runs.
    pub argon2_threads: usize,
    /// Secrets waiting to be checked; beyond it the answer is 503.
    pub argon2_queue: usize,
    /// Records read at a time for credentials that were not found right lately, so that made-up ids take no more of the
    /// database than this.
    pub lookups: usize,
    /// Credentials waiting for their record to be read; beyond it the answer is 503.
    pub lookup_queue: usize,
    /// Wrong secrets for one id from one network; beyond it whatever comes from there for this id is checked last.
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
