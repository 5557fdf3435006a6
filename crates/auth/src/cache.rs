//! The cache of verified secrets: results of argon2, never authorisations.
//!
//! Keys are `HMAC-SHA256(a key random per process, the whole token)`, so a memory dump has no token and keys cannot be chosen
//! from outside. A positive result is bound to the hash version it was made with, so it never counts for a replaced secret.
//! Number and age of entries are bounded. Must not know: records, times of requests.

use std::sync::Arc;
use std::time::Duration;

use hmac::{Hmac, Mac as _};
use moka::future::Cache as FutureCache;
use moka::sync::Cache;
use sha2::Sha256;

use crate::keyed::hmac;
use crate::random::{self, NoRandomness};
use crate::token::Credential;
use crate::uses::VerifiedSecret;

/// The fingerprint of a presented credential within this process.
#[derive(Clone, Copy, PartialEq, Eq, Hash, derive_more::Debug)]
#[debug("Fingerprint")]
pub struct Fingerprint([u8; 32]);

/// A fingerprint and the hash version it was compared with.
type Compared = (Fingerprint, i32);

/// Time to idle of right secrets. A secret stays right for its hash, so an entry is dropped only when unused or for lack of
/// space.
const RIGHT_UNUSED_FOR: Duration = Duration::from_hours(24);
const RIGHT: u64 = 65_536;
const WRONG_FOR: Duration = Duration::from_mins(1);
const WRONG: u64 = 4_096;

/// The cache of a [`crate::Verifier`].
#[derive(derive_more::Debug)]
#[debug("VerificationCache({} right, {} wrong)", right.entry_count(), wrong.entry_count())]
pub struct VerificationCache {
    key: Hmac<Sha256>,
    /// Right secrets; many requests with one secret wait here for one run of argon2.
    right: FutureCache<Fingerprint, Arc<VerifiedSecret>>,
    /// Wrong secrets of known ids: the second try costs nothing. A separate cache, so that a flood of wrong secrets cannot
    /// evict the right ones. Kind, id and secret are in the fingerprint, so an entry is valid for no other secret.
    wrong: Cache<Compared, ()>,
}

impl VerificationCache {
    /// Empty, with a new process key.
    ///
    /// # Errors
    /// [`NoRandomness`].
    pub fn new() -> Result<Self, NoRandomness> {
        Ok(Self {
            key: hmac(&random::system()?),
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

    /// The entry of this secret if it was right for this hash version.
    pub(crate) async fn right(&self, fingerprint: Fingerprint, version: i32) -> Option<Arc<VerifiedSecret>> {
        let known = self.right.get(&fingerprint).await?;
        (known.version == version).then_some(known)
    }

    /// Whether this secret was right today, for whatever hash version.
    pub fn was_verified_before(&self, fingerprint: Fingerprint) -> bool {
        self.right.contains_key(&fingerprint)
    }

    /// Whether this secret was wrong for this hash version within the last minute.
    pub fn is_wrong(&self, fingerprint: Fingerprint, version: i32) -> bool {
        self.wrong.contains_key(&(fingerprint, version))
    }

    /// Adds a wrong secret.
    pub fn set_wrong(&self, fingerprint: Fingerprint, version: i32) {
        self.wrong.insert((fingerprint, version), ());
    }

    /// Runs `check` unless the secret is known to be right for this version. For concurrent requests with one secret it runs
    /// once and all get its result; only `Ok` is cached.
    ///
    /// # Errors
    /// The error of `check`.
    pub(crate) async fn once<E, F>(
        &self,
        fingerprint: Fingerprint,
        version: i32,
        check: F,
    ) -> Result<Arc<VerifiedSecret>, Arc<E>>
    where
        E: Send + Sync + 'static,
        F: Future<Output = Result<Arc<VerifiedSecret>, E>>,
    {
        let known = self.right.get(&fingerprint).await;
        if known.is_some_and(|known| known.version != version) {
            self.right.invalidate(&fingerprint).await;
        }
        self.right.try_get_with(fingerprint, check).await
    }
}
