//! One check of one secret by argon2: charged in advance, run on the pool, settled on its thread.
//!
//! Must not know: records, and which requests wait for the outcome (that is the task of [`crate::cache`]).

use std::sync::Arc;

use domain::credential::SecretHash;

use super::{Guess, Inner, Shown};
use crate::hash::{self, Verdict};
use crate::queue::{Priority, Requester};
use crate::stats::step;

/// How a check that was not right ended.
#[derive(Debug, Clone, Copy)]
pub(super) enum Failed {
    Wrong,
    BadHash,
    Busy,
}

/// A failure charged in advance, so that parallel guesses cannot overdraw; given back unless the secret was wrong.
struct Charge {
    inner: Arc<Inner>,
    guess: Option<Guess>,
}

impl Charge {
    /// Charges, or says that the allowance is used up. What has passed the fast check is no guess.
    fn of(inner: &Arc<Inner>, shown: &Shown, priority: Priority) -> (Priority, Self) {
        let now = inner.clock.monotonic();
        let charged = priority != Priority::Checked && inner.guesses.charge(shown.guess(), now).is_ok();
        let charge = Self {
            inner: Arc::clone(inner),
            guess: charged.then(|| shown.guess()),
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
    shown: Shown,
    hash: SecretHash,
    priority: Priority,
) -> Result<(), Failed> {
    let (priority, charge) = Charge::of(&inner, &shown, priority);
    let requester = Requester {
        priority,
        network: shown.network,
    };
    let worker = Arc::clone(&inner);
    let ran = inner
        .pool
        .run(requester, move || worker.settle(&shown, &hash, charge))
        .await;
    ran.unwrap_or(Err(Failed::Busy))
}

impl Inner {
    /// Runs on a blocking thread, to its end even if the asker has left, so that leaving early evades no limit.
    fn settle(&self, shown: &Shown, hash: &SecretHash, charge: Charge) -> Result<(), Failed> {
        step(&self.counters.runs);
        // The checksum was tested at precheck, so the parts are where they belong.
        let secret = shown.text.split('_').nth(3).unwrap_or_default();
        match hash::check_secret(secret.as_bytes(), &hash.phc) {
            Ok(Verdict::Right) => Ok(()),
            Ok(Verdict::RightButWeak) => {
                tracing::warn!(
                    token_id = shown.id.as_str(),
                    "the stored hash is below today's policy: rotate this credential"
                );
                Ok(())
            }
            Ok(Verdict::Wrong) => {
                charge.keep();
                self.cache.set_wrong(shown.fingerprint, hash.version);
                self.alarm_if_guessed(shown);
                Err(Failed::Wrong)
            }
            Err(error) => {
                if self.may_alarm(shown) {
                    tracing::error!(token_id = shown.id.as_str(), %error, "a credential cannot be checked");
                }
                Err(Failed::BadHash)
            }
        }
    }
}
