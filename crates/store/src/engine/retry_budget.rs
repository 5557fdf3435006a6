//! How long a request waits for trouble to pass.
//!
//! A failed call costs the customer hours in Entra, not seconds
//! (`docs/background/faults.md`, "What a failed call costs"): what can pass by itself (a deadlock, a
//! lock, a lost connection, a failover) is tried again for up to ten seconds before the client gets an error.

use std::hash::{BuildHasher, RandomState};
use std::time::{Duration, Instant};

use sea_orm::DbErr;

use super::connect::postgres::PoolHealth;
use crate::error::{Result, RetryAction, StoreError};

/// The longest time for all attempts of a call.
const LIMIT: Duration = Duration::from_secs(10);
/// The first wait; doubled up to [`LONGEST`].
const FIRST: Duration = Duration::from_millis(10);
const LONGEST: Duration = Duration::from_millis(800);

/// When a statement that is a transaction of its own may be sent again after an error that can pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Resend {
    /// Done twice it comes to the same, or the second answer shows that it was done.
    Always,
    /// Only when the server refused it, so that nothing was done; after a lost connection that is not known.
    IfRefused,
}

/// What is left of one call's time for repeats.
pub(crate) struct RetryBudget {
    start: Instant,
    next: Duration,
}

impl RetryBudget {
    pub(crate) fn new() -> Self {
        Self {
            start: Instant::now(),
            next: FIRST,
        }
    }

    /// Waits before another attempt after a driver's error, or returns it when another attempt may not be made.
    pub(crate) async fn wait_after(
        &mut self,
        error: &DbErr,
        resend: Resend,
        health: &PoolHealth,
    ) -> Result<()> {
        let (error, retry_action) = StoreError::classify(error);
        if retry_action == RetryAction::Reconnect {
            health.raise();
        }
        match (retry_action, resend) {
            (RetryAction::Fail, _) | (RetryAction::Reconnect, Resend::IfRefused) => Err(error),
            _ => self.wait(error).await,
        }
    }

    /// Waits before another attempt, or returns the error when the time is used up.
    pub(crate) async fn wait(&mut self, error: StoreError) -> Result<()> {
        if self.start.elapsed() + self.next > LIMIT {
            return Err(error);
        }
        tokio::time::sleep(jittered(self.next)).await;
        self.next = (self.next * 2).min(LONGEST);
        Ok(())
    }
}

/// Between half and all of a time, so that calls that collided do not collide again. A hasher's random keys are random
/// enough for that.
fn jittered(time: Duration) -> Duration {
    let random = RandomState::new().hash_one(0_u8) % 1000;
    time / 2 + time.mul_f64(f64::from(u32::try_from(random).unwrap_or(0)) / 2000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_between_half_and_all_of_what_was_asked() {
        for _ in 0..1000 {
            let time = jittered(Duration::from_millis(100));
            assert!((50..=100).contains(&time.as_millis()), "{time:?}");
        }
    }
}
