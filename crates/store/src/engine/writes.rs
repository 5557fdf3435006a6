//! Whether this process can write, for `/health/ready`: what became of its last write, and a probe while that is unknown
//! or was a failure, so that an instance which gets no requests any more becomes ready again by itself.
//!
//! Reads go on with a full disk; only a write fails.

use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Mutex as Turn, watch};

use crate::engine::executor::{Written, within};
use crate::error::{Result, StoreError};
use crate::store::Store;

/// At most one probe in this time, however often readiness is asked.
const EVERY: Duration = Duration::from_secs(1);
/// How long a probe may take.
const TIME: Duration = Duration::from_secs(2);
/// The lease that a probe takes and gives back.
const LEASE: &str = "write-probe";
/// Words of 16 characters in a probe's row: 64 KiB, so that it needs new pages on the disk as a real change does. A few
/// bytes would fit into pages that exist, and readiness would come and go.
const WORDS: usize = 4096;

/// What is known of this process's writes.
#[derive(Clone, Default)]
pub(crate) struct Writes(Arc<Inner>);

#[derive(Default)]
struct Inner {
    last: Mutex<Last>,
    /// Held while probing; when the last probe began.
    probed: Turn<Option<Instant>>,
    /// Counts the commits that put rows into the outbox.
    outbox: watch::Sender<u64>,
}

/// The last write.
#[derive(Clone, Default)]
enum Last {
    /// There was none yet.
    #[default]
    Unknown,
    Done,
    Failed(StoreError),
}

impl Writes {
    /// A commit succeeded.
    pub(crate) fn committed(&self, written: Written) {
        if written.changed {
            self.succeeded();
        }
        if written.outbox_written {
            self.0.outbox.send_modify(|count| *count += 1);
        }
    }

    /// Steps after each commit that put rows into the outbox.
    pub(crate) fn of_outbox(&self) -> watch::Receiver<u64> {
        self.0.outbox.subscribe()
    }

    /// A commit that changed something succeeded.
    pub(crate) fn succeeded(&self) {
        if let Last::Failed(_) = self.replace(Last::Done) {
            tracing::info!("the database takes writes again");
        }
    }

    /// A write failed. Counts only if the database is to blame.
    pub(crate) fn failed(&self, error: &StoreError) {
        if !error.is_trouble() {
            return;
        }
        let before = self.replace(Last::Failed(error.clone()));
        if !matches!(before, Last::Failed(_)) {
            tracing::warn!(%error, "the database takes no writes; readiness says so until one succeeds");
        }
    }

    /// Whether writing works, by the last write or by `probe`.
    ///
    /// # Errors
    /// Why it does not.
    pub(crate) async fn check(&self, probe: impl Future<Output = Result<()>>) -> Result<()> {
        if let Last::Done = self.last() {
            return Ok(());
        }
        let mut probed = self.0.probed.lock().await;
        match self.last() {
            Last::Done => return Ok(()),
            Last::Failed(error) if probed.is_some_and(|at| at.elapsed() < EVERY) => return Err(error),
            Last::Failed(_) | Last::Unknown => *probed = Some(Instant::now()),
        }
        let outcome = within(TIME, probe).await;
        match &outcome {
            Ok(()) => self.succeeded(),
            Err(error) => self.failed(error),
        }
        outcome
    }

    fn last(&self) -> Last {
        self.0.last.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn replace(&self, last: Last) -> Last {
        std::mem::replace(
            &mut *self.0.last.lock().unwrap_or_else(PoisonError::into_inner),
            last,
        )
    }
}

impl Store {
    /// Writes as much as a change does, and takes it back.
    pub(crate) async fn probe_write(&self) -> Result<()> {
        // Random, so that PostgreSQL cannot compress it.
        let state = RandomState::new();
        let words = (0..WORDS).map(|word| format!("{:016x}", state.hash_one(word)));
        let random = words.collect::<Vec<_>>().concat();
        self.lease(LEASE, &random, Duration::ZERO).await?;
        self.release_lease(LEASE, &random).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn full() -> StoreError {
        StoreError::Unavailable("the disk is full".into())
    }

    #[tokio::test]
    async fn a_failure_is_told_until_a_probe_or_a_write_succeeds() {
        let writes = Writes::default();
        writes.succeeded();
        let never = async { Err(StoreError::Refused("probed without need".to_owned())) };
        assert!(writes.check(never).await.is_ok());
        writes.failed(&full());
        assert!(writes.check(async { Err(full()) }).await.is_err());
        let outbox_written = writes.check(async { Ok(()) }).await.unwrap_err();
        assert_eq!(
            outbox_written.to_string(),
            full().to_string(),
            "not probed twice within a second"
        );
        writes.succeeded();
        assert!(writes.check(async { Err(full()) }).await.is_ok());
    }

    #[tokio::test]
    async fn the_first_question_probes() {
        let writes = Writes::default();
        assert!(writes.check(async { Err(full()) }).await.is_err());
        let writes = Writes::default();
        assert!(writes.check(async { Ok(()) }).await.is_ok());
    }

    #[tokio::test]
    async fn a_conflict_says_nothing_about_the_database() {
        let writes = Writes::default();
        writes.succeeded();
        writes.failed(&StoreError::Conflict("a key exists already".into()));
        assert!(writes.check(async { Err(full()) }).await.is_ok());
    }
}
