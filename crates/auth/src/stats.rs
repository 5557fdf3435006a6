//! Counters for telemetry. Labels are fixed words, never text of a client.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

/// Counters since the start, and the present state of the pool.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stats {
    /// Secrets found in the cache.
    pub hits: u64,
    /// Secrets not found in the cache.
    pub misses: u64,
    /// Runs of argon2.
    pub runs: u64,
    /// Runs at present.
    pub running: usize,
    /// Requests that wait for a run at present.
    pub waiting: usize,
    /// Refusals by [`crate::Refusal::code`].
    pub refusals: BTreeMap<&'static str, u64>,
}

#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) hits: AtomicU64,
    pub(crate) misses: AtomicU64,
    pub(crate) runs: AtomicU64,
    refusals: Mutex<BTreeMap<&'static str, u64>>,
}

impl Counters {
    pub(crate) fn refused(&self, code: &'static str) {
        if let Ok(mut refusals) = self.refusals.lock() {
            *refusals.entry(code).or_default() += 1;
        }
    }

    pub(crate) fn read(&self) -> Stats {
        Stats {
            hits: self.hits.load(Ordering::Relaxed),
            misses: self.misses.load(Ordering::Relaxed),
            runs: self.runs.load(Ordering::Relaxed),
            refusals: self.refusals.lock().map(|all| all.clone()).unwrap_or_default(),
            ..Stats::default()
        }
    }
}

pub(crate) fn step(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}
