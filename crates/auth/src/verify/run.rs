//! One check of one secret: charged in advance, run on the pool, settled on its thread.
//!
//! Must not know: records, and who waits for the outcome ([`crate::cache`] sees to that).

use std::sync::Arc;

use domain::credential::SecretHash;

use super::{Inner, Presented};
use crate::hash::{self, Verdict};
use crate::stats::step;

/// How a check that was not right ended.
#[derive(Debug, Clone, Copy)]
pub(super) enum Failed {
    Wrong,
    Suspected,
    BadHash,
    Busy,
}

/// A failure charged in advance, so that parallel guesses cannot overdraw; given back unless the secret was wrong.
struct Charge {
    inner: Arc<Inner>,
    id: Option<String>,
}

impl Charge {
    fn keep(mut self) {
        self.id = None;
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        if let Some(id) = &self.id {
            self.inner.per_token.refund(id);
        }
    }
}

pub(super) async fn run(inner: Arc<Inner>, presented: Presented, hash: SecretHash) -> Result<(), Failed> {
    // A genuine client is not locked out by somebody who guesses at its id.
    let spared = inner.verdicts.was_good(presented.fingerprint);
    if !spared
        && inner
            .per_token
            .charge(presented.id.clone(), inner.now_ms())
            .is_err()
    {
        return Err(Failed::Suspected);
    }
    let charge = Charge {
        inner: Arc::clone(&inner),
        id: (!spared).then(|| presented.id.clone()),
    };
    let worker = Arc::clone(&inner);
    let ran = inner
        .pool
        .run(move || worker.settle(&presented, &hash, charge))
        .await;
    ran.unwrap_or(Err(Failed::Busy))
}

impl Inner {
    /// Runs on a blocking thread, to its end even if the asker has left, so that leaving early evades no brake.
    fn settle(&self, presented: &Presented, hash: &SecretHash, charge: Charge) -> Result<(), Failed> {
        step(&self.counters.runs);
        // The checksum was tested at precheck, so the parts are where they belong.
        let secret = presented.text.split('_').nth(3).unwrap_or_default();
        match hash::check_secret(secret.as_bytes(), &hash.phc) {
            Ok(Verdict::Right) => Ok(()),
            Ok(Verdict::RightButWeak) => {
                tracing::warn!(
                    token_id = presented.id,
                    "the stored hash is below today's policy: rotate this credential"
                );
                Ok(())
            }
            Ok(Verdict::Wrong) => {
                charge.keep();
                self.verdicts.set_wrong(presented.fingerprint, hash.version);
                let now = self.now_ms();
                let _ = self.per_address.charge(presented.network, now);
                if self.per_token.look(&presented.id, now).is_err() {
                    tracing::warn!(
                        event.name = "token.bruteforce_suspected",
                        token_id = presented.id,
                        "many wrong secrets for one id: further ones are refused unchecked for a while"
                    );
                }
                Err(Failed::Wrong)
            }
            Err(error) => {
                tracing::error!(token_id = presented.id, %error, "a credential cannot be checked");
                Err(Failed::BadHash)
            }
        }
    }
}
