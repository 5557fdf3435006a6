//! What is remembered about secrets: verdicts, never authorisations.
//!
//! Keys are `HMAC-SHA256(a key random per process, the whole token)`, so a memory dump holds no token and nobody can
//! aim at a slot. A right verdict is bound to the hash version it was made with: a replaced secret never meets an old
//! verdict. Everything is bounded in count and age. Must not know: records, times of requests.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use hmac::{Hmac, KeyInit as _, Mac as _};
use moka::future::Cache as FutureCache;
use moka::sync::Cache;
use sha2::Sha256;

use crate::random::{self, NoRandomness};
use crate::token::Credential;

/// The fingerprint of a presented credential within this process.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint([u8; 32]);

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Fingerprint")
    }
}

/// A fingerprint and the hash version it was compared with.
type Compared = (Fingerprint, i32);

/// How much is remembered.
const RIGHT_FOR: Duration = Duration::from_secs(60);
const RIGHT: u64 = 65_536;
const WRONG_FOR: Duration = Duration::from_secs(60);
const WRONG: u64 = 4_096;
const SEEN_GOOD_FOR: Duration = Duration::from_secs(24 * 3600);
const UNKNOWN_FOR: Duration = Duration::from_secs(10);
const UNKNOWN: u64 = 16_384;

/// The memory of a [`crate::Verifier`].
pub struct Verdicts {
    key: Hmac<Sha256>,
    /// Right secrets; also where many askers for one secret wait for one run of argon2.
    right: FutureCache<Compared, ()>,
    /// Wrong secrets of known ids: the second try costs nothing. A cache of its own, so that a flood of wrong ones
    /// cannot push out the right ones.
    wrong: Cache<Compared, ()>,
    /// Credentials that were right at some time today. No verdict: it only decides who is spared the brakes.
    seen_good: Cache<Fingerprint, ()>,
    /// Ids that no record has. Ids are random and new when issued, so nothing is to be cleared when one is.
    unknown: Cache<String, ()>,
}

impl Verdicts {
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
                .time_to_live(RIGHT_FOR)
                .build(),
            wrong: Cache::builder()
                .max_capacity(WRONG)
                .time_to_live(WRONG_FOR)
                .build(),
            seen_good: Cache::builder()
                .max_capacity(RIGHT)
                .time_to_idle(SEEN_GOOD_FOR)
                .build(),
            unknown: Cache::builder()
                .max_capacity(UNKNOWN)
                .time_to_live(UNKNOWN_FOR)
                .build(),
        })
    }

    /// The fingerprint of a presented credential.
    pub fn fingerprint(&self, credential: &Credential<'_>) -> Fingerprint {
        let mut mac = self.key.clone();
        mac.update(credential.text().as_bytes());
        Fingerprint(mac.finalize().into_bytes().into())
    }

    /// Whether this secret was right for this hash version within the last minute.
    pub async fn is_right(&self, fingerprint: Fingerprint, version: i32) -> bool {
        self.right.get(&(fingerprint, version)).await.is_some()
    }

    /// Whether this secret was wrong for this hash version within the last minute.
    pub fn is_wrong(&self, fingerprint: Fingerprint, version: i32) -> bool {
        self.wrong.contains_key(&(fingerprint, version))
    }

    /// Whether this credential was right at some time today.
    pub fn was_good(&self, fingerprint: Fingerprint) -> bool {
        self.seen_good.contains_key(&fingerprint)
    }

    /// Whether no record had this id within the last seconds.
    pub fn is_unknown(&self, id: &str) -> bool {
        self.unknown.contains_key(id)
    }

    /// Remembers an id that no record has.
    pub fn set_unknown(&self, id: &str) {
        self.unknown.insert(id.to_owned(), ());
    }

    /// Remembers a wrong secret.
    pub fn set_wrong(&self, fingerprint: Fingerprint, version: i32) {
        self.wrong.insert((fingerprint, version), ());
    }

    /// Runs `check` unless the secret is already known to be right. However many ask for one secret at a time, it runs
    /// once and all get its answer; only `Ok` is remembered.
    ///
    /// # Errors
    /// What `check` answered.
    pub async fn once<E, F>(&self, fingerprint: Fingerprint, version: i32, check: F) -> Result<(), Arc<E>>
    where
        E: Send + Sync + 'static,
        F: Future<Output = Result<(), E>>,
    {
        self.right.try_get_with((fingerprint, version), check).await?;
        self.seen_good.insert(fingerprint, ());
        Ok(())
    }
}

impl fmt::Debug for Verdicts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Verdicts({} right, {} wrong)",
            self.right.entry_count(),
            self.wrong.entry_count()
        )
    }
}
