//! One check of one secret by argon2: a failure is charged in advance, the check runs on the pool, its thread handles the
//! result.
//!
//! Must not know: records, and which requests wait for the result ([`crate::cache`] does).

use std::sync::Arc;

use domain::credential::SecretHash;

use super::{Attempt, Guess, Inner};
use crate::hash::{self, Verdict};
use crate::queue::{Priority, Requester};
use crate::stats::step;

/// The result of a check that did not succeed.
#[derive(Debug, Clone, Copy)]
pub(super) enum Failed {
    Wrong,
    BadHash,
    Busy,
}

/// A failure that is charged in advance, so that parallel guesses cannot exceed the limit; refunded unless the secret was wrong.
struct Charge {
    inner: Arc<Inner>,
    guess: Option<Guess>,
}

impl Charge {
    /// Charges a failure; without allowance the priority becomes [`Priority::Suspected`]. A secret that passed the fast check
    /// is no guess.
    fn of(inner: &Arc<Inner>, attempt: &Attempt, priority: Priority) -> (Priority, Self) {
        let now = inner.clock.monotonic();
        let charged = priority != Priority::Checked && inner.guesses.charge(attempt.guess(), now).is_ok();
        let charge = Self {
            inner: Arc::clone(inner),
            guess: charged.then(|| attempt.guess()),
        };
        let priority = if charged || priority == Priority::Checked {
            priority
        } else {
            Priority::Suspected
        };
        (priority, charge)
    }

    fn keep(mut self) {
        self.guess = None;
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        if let Some(guess) = &self.guess {
            self.inner.guesses.refund(guess);
        }
    }
}

pub(super) async fn run(
    inner: Arc<Inner>,
    attempt: Attempt,
    hash: SecretHash,
    priority: Priority,
) -> Result<(), Failed> {
    let (priority, charge) = Charge::of(&inner, &attempt, priority);
    let requester = Requester {
        priority,
        network: attempt.network,
    };
    let worker = Arc::clone(&inner);
    let ran = inner
        .pool
        .run(requester, move || worker.settle(&attempt, &hash, charge))
        .await;
    ran.unwrap_or(Err(Failed::Busy))
}

impl Inner {
    /// Runs on a blocking thread, to its end even if the request is cancelled, so that a cancellation evades no limit.
    fn settle(&self, attempt: &Attempt, hash: &SecretHash, charge: Charge) -> Result<(), Failed> {
        step(&self.counters.runs);
        // `precheck` has parsed the text, so the fourth part is the secret.
        let secret = attempt.text.split('_').nth(3).unwrap_or_default();
        match hash::check_secret(secret.as_bytes(), &hash.phc) {
            Ok(Verdict::Right) => Ok(()),
            Ok(Verdict::RightButWeak) => {
                tracing::warn!(
                    token_id = attempt.id.as_str(),
                    "the stored hash is below today's policy: rotate this credential"
                );
                Ok(())
            }
            Ok(Verdict::Wrong) => {
                charge.keep();
                self.cache.set_wrong(attempt.fingerprint, hash.version);
                self.alarm_if_guessed(attempt);
                Err(Failed::Wrong)
            }
            Err(error) => {
                if self.may_alarm(attempt) {
                    tracing::error!(token_id = attempt.id.as_str(), %error, "a credential cannot be checked");
                }
                Err(Failed::BadHash)
            }
        }
    }
}
