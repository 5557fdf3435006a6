//! The public keys of other issuers, as they publish them (RFC 7517), in memory: one set for each address that an operator registered.
//!
//! A set is good for 24 hours after it was read, and read again after one hour, while requests go on with what is there. A key that is not in it
//! has the set read at once, but at most every five minutes: whoever invents key ids makes no traffic. At most one read of an address is under
//! way. What was read last stays when a read fails. Must not know: how an address is read.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::clock::Clock;
use jsonwebtoken::DecodingKey;
use serde::Deserialize;

use crate::jwt::JwtError;

/// How long a set is good.
const GOOD_FOR: Duration = Duration::from_hours(24);
/// After this time a set is read again.
const FRESH_FOR: Duration = Duration::from_hours(1);
/// The shortest time between two reads of one address.
const EVERY: Duration = Duration::from_mins(5);
/// The most keys of one set.
const MOST_KEYS: usize = 1_000;
/// The shortest modulus, in base64url letters: 2,048 bits (RFC 7518 §3.3).
const SHORTEST_MODULUS: usize = 341;

/// Reads an address; the error is for the log.
pub type Fetch =
    dyn Fn(String) -> Pin<Box<dyn Future<Output = Result<Vec<u8>, String>> + Send>> + Send + Sync;

type Keys = HashMap<String, DecodingKey>;

/// The sets of all addresses; cheap to clone.
#[derive(Clone)]
pub struct JwksCache(Arc<Inner>);

struct Inner {
    clock: Arc<dyn Clock>,
    fetch: Box<Fetch>,
    sets: Mutex<HashMap<String, Arc<Set>>>,
}

#[derive(Default)]
struct Set {
    state: Mutex<State>,
    /// Held while the address is read.
    flight: tokio::sync::Mutex<()>,
}

/// What is known of one address, in monotonic time.
#[derive(Clone, Default)]
struct State {
    keys: Arc<Keys>,
    read: Option<Duration>,
    tried: Option<Duration>,
}

/// What to do for a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// It is there.
    Use,
    /// It is there, and the set is read again meanwhile.
    UseAndRead,
    /// The set is to be read first.
    Read,
    /// It is not there, and the set was read a short time ago.
    Unknown,
    /// There is no good set, and it could not be read a short time ago.
    Unreadable,
}

fn step(state: &State, kid: &str, now: Duration) -> Step {
    let since = |at: Option<Duration>| at.map(|at| now.saturating_sub(at));
    let is_good = since(state.read).is_some_and(|age| age < GOOD_FOR);
    let may_read = since(state.tried).is_none_or(|age| age >= EVERY);
    match (is_good && state.keys.contains_key(kid), may_read) {
        (true, true) if since(state.read).is_some_and(|age| age >= FRESH_FOR) => Step::UseAndRead,
        (true, _) => Step::Use,
        (false, true) => Step::Read,
        (false, false) if is_good => Step::Unknown,
        (false, false) => Step::Unreadable,
    }
}

impl JwksCache {
    /// Empty.
    pub fn new(clock: Arc<dyn Clock>, fetch: Box<Fetch>) -> Self {
        Self(Arc::new(Inner {
            clock,
            fetch,
            sets: Mutex::default(),
        }))
    }

    /// A key of the set at an address. `url` is one that an operator registered, never one out of a token.
    ///
    /// # Errors
    /// `Key` when the issuer does not publish it; `KeysUnreadable` when its keys cannot be read and none is good.
    pub async fn key(&self, url: &str, kid: &str) -> Result<DecodingKey, JwtError> {
        let set = Arc::clone(lock(&self.0.sets).entry(url.to_owned()).or_default());
        let mut next = step(&lock(&set.state), kid, self.0.clock.monotonic());
        if !matches!(next, Step::Use | Step::UseAndRead) {
            let _flight = set.flight.lock().await;
            // Whoever held it before may have read the set, and found the key.
            next = step(&lock(&set.state), kid, self.0.clock.monotonic());
            if next == Step::Read {
                self.read(url, &set).await;
                next = step(&lock(&set.state), kid, self.0.clock.monotonic());
            }
        }
        if next == Step::UseAndRead {
            let (cache, set, url) = (self.clone(), Arc::clone(&set), url.to_owned());
            tokio::spawn(async move {
                if let Ok(_flight) = set.flight.try_lock() {
                    cache.read(&url, &set).await;
                }
            });
        }
        let found = lock(&set.state).keys.get(kid).cloned();
        match next {
            Step::Use | Step::UseAndRead => found.ok_or(JwtError::Key),
            Step::Unknown => Err(JwtError::Key),
            Step::Read | Step::Unreadable => Err(JwtError::KeysUnreadable),
        }
    }

    async fn read(&self, url: &str, set: &Set) {
        lock(&set.state).tried = Some(self.0.clock.monotonic());
        let read = (self.0.fetch)(url.to_owned()).await;
        match read.and_then(|bytes| parse(&bytes)) {
            Ok(keys) => {
                let mut state = lock(&set.state);
                state.keys = Arc::new(keys);
                state.read = Some(self.0.clock.monotonic());
            }
            Err(why) => tracing::warn!(
                event.name = "oauth.keys_unreadable",
                url,
                why,
                "the keys of an issuer could not be read; those that were read before are used for 24 hours"
            ),
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[derive(Deserialize)]
struct Document {
    keys: Vec<serde_json::Value>,
}

/// The fields of a key that count; what else it says is not followed.
#[derive(Deserialize)]
struct Key {
    kty: String,
    kid: String,
    #[serde(default, rename = "use")]
    purpose: Option<String>,
    n: String,
    e: String,
}

/// The RSA keys for signatures of a JWK set; other ones are left out.
fn parse(bytes: &[u8]) -> Result<Keys, String> {
    let document: Document =
        serde_json::from_slice(bytes).map_err(|_| "the answer is no set of keys (RFC 7517)".to_owned())?;
    let keys = document.keys.into_iter().take(MOST_KEYS);
    let keys = keys.filter_map(|key| serde_json::from_value::<Key>(key).ok());
    let keys: Keys = keys
        .filter(|key| key.kty == "RSA" && key.purpose.as_deref().is_none_or(|purpose| purpose == "sig"))
        .filter(|key| key.n.len() >= SHORTEST_MODULUS)
        .filter_map(|key| Some((key.kid, DecodingKey::from_rsa_components(&key.n, &key.e).ok()?)))
        .collect();
    if keys.is_empty() {
        return Err("the answer has no RSA key of 2,048 bits or more".to_owned());
    }
    Ok(keys)
}

#[cfg(test)]
mod tests;
