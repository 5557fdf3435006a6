//! The bounds that [`crate::Verifier`] keeps, and their usual values.

use std::time::Duration;

use crate::brake::Allowance;
use crate::pool::Pool;

/// Bounds against floods.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Secrets checked at a time; each takes 19 MiB while it runs.
    pub argon2_threads: usize,
    /// Secrets waiting to be checked; beyond it the answer is 503.
    pub argon2_queue: usize,
    /// Wrong secrets for one id; beyond it they are refused unchecked.
    pub failures_per_token: Allowance,
    /// Unknown ids and wrong secrets from one address; beyond it the answer is 429. Credentials that were right today
    /// pass: behind one address of Entra's are many customers.
    pub failures_per_address: Allowance,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            argon2_threads: Pool::default_size(),
            argon2_queue: 64,
            failures_per_token: Allowance {
                burst: 5,
                every: Duration::from_secs(12),
            },
            failures_per_address: Allowance {
                burst: 100,
                every: Duration::from_millis(200),
            },
        }
    }
}
