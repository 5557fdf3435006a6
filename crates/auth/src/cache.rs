//! What is remembered about secrets: verdicts, never authorisations.
//!
//! Keys are `HMAC-SHA256(a key random per process, the whole token)`, so a memory dump holds no token and nobody can
//! aim at a slot. A right verdict is bound to the hash version it was made with: a replaced secret never meets an old
//! verdict. Everything is bounded in count and age. Must not know: records, times of requests.

use std::sync::Arc;
use std::time::Duration;

use hmac::{Hmac, KeyInit as _, Mac as _};
use moka::future::Cache as FutureCache;
use moka::sync::Cache;
use sha2::Sha256;

use crate::random::{self, NoRandomness};
use crate::token::Credential;
use crate::uses::Known;

/// The fingerprint of a presented credential within this process.
#[derive(Clone, Copy, PartialEq, Eq, Hash, derive_more::Debug)]
#[debug("Fingerprint")]
pub struct Fingerprint([u8; 32]);

/// A fingerprint and the hash version it was compared with.
type Compared = (Fingerprint, i32);

/// How much is remembered. That a secret is right for a hash never changes, so an entry is dropped only for lack of
/// space.
const RIGHT_UNUSED_FOR: Duration = Duration::from_hours(24);
const RIGHT: u64 = 65_536;
const WRONG_FOR: Duration = Duration::from_mins(1);
const WRONG: u64 = 4_096;

/// The memory of a [`crate::Verifier`].
#[derive(derive_more::Debug)]
#[debug("VerificationCache({} right, {} wrong)", right.entry_count(), wrong.entry_count())]
pub struct VerificationCache {
    key: Hmac<Sha256>,
    /// Right secrets; also where many askers for one secret wait for one run of argon2.
    right: FutureCache<Fingerprint, Arc<Known>>,
    /// Wrong secrets of known ids: the second try costs nothing. A cache of its own, so that a flood of wrong ones
    /// cannot push out the right ones. Kind, id and secret are in the fingerprint, so it is valid for no other secret.
    wrong: Cache<Compared, ()>,
}

impl VerificationCache {
    /// Empty, with a new process key.
    ///
    /// # Errors
    /// [`NoRandomness`].
    pub fn new() -> Result<Self, NoRandomness> {
        let bytes = random::system::<32>()?;
        let key = Hmac::new_from_slice(&bytes).map_err(|_| NoRandomness)?;
        Ok(Self {
            key,
            right: FutureCache::builder()
                .max_capacity(RIGHT)
                .time_to_idle(RIGHT_UNUSED_FOR)
                .build(),
            wrong: Cache::builder()
                .max_capacity(WRONG)
                .time_to_live(WRONG_FOR)
                .build(),
        })
    }

    /// The fingerprint of a presented credential: of its whole text, and so of its kind, id and secret.
    pub fn fingerprint(&self, credential: &Credential<'_>) -> Fingerprint {
        let mut mac = self.key.clone();
        mac.update(credential.text().as_bytes());
        Fingerprint(mac.finalize().into_bytes().into())
    }

    /// What is known of this secret if it was right for this hash version.
    pub(crate) async fn right(&self, fingerprint: Fingerprint, version: i32) -> Option<Arc<Known>> {
        let known = self.right.get(&fingerprint).await?;
        (known.version == version).then_some(known)
    }

    /// Whether this secret was right today, for whatever hash version.
    pub fn was_right(&self, fingerprint: Fingerprint) -> bool {
        self.right.contains_key(&fingerprint)
    }

    /// Whether this secret was wrong for this hash version within the last minute.
    pub fn is_wrong(&self, fingerprint: Fingerprint, version: i32) -> bool {
        self.wrong.contains_key(&(fingerprint, version))
    }

    /// Remembers a wrong secret.
    pub fn set_wrong(&self, fingerprint: Fingerprint, version: i32) {
        self.wrong.insert((fingerprint, version), ());
    }

    /// Runs `check` unless the secret is already known to be right for this version. However many ask for one secret
    /// at a time, it runs once and all get its answer; only `Ok` is remembered.
    ///
    /// # Errors
    /// The error that `check` returned.
    pub(crate) async fn once<E, F>(
        &self,
        fingerprint: Fingerprint,
        version: i32,
        check: F,
    ) -> Result<Arc<Known>, Arc<E>>
    where
        E: Send + Sync + 'static,
        F: Future<Output = Result<Arc<Known>, E>>,
    {
        let known = self.right.get(&fingerprint).await;
        if known.is_some_and(|known| known.version != version) {
            self.right.invalidate(&fingerprint).await;
        }
        self.right.try_get_with(fingerprint, check).await
    }
}
