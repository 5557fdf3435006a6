//! The verification of a credential: text → a place in the queue → (the calling crate reads the record) → status → secret →
//! comparison with the URL → `Caller`.
//!
//! [`Verifier::precheck`] needs no record; [`Verifier::verify`] checks record and secret; `admit` of its result compares it
//! with the URL and is the only way to a `Caller`. Wrong secrets of other clients never make a right one fail: a secret that
//! cannot be checked now is [`Refusal::Busy`]. Must not know: where records come from, HTTP responses. Order and bounds are
//! those of ADR 0005 and ADR 0031.

mod access;
mod run;
mod verified;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use domain::clock::Clock;
use domain::credential::{CredentialStatus, LastUse, Memory, SecretHash, TokenId, Use};
use domain::environment::Environment;

use crate::alias::Aliases;
use crate::cache::{Fingerprint, VerificationCache};
use crate::hash;
use crate::limits::Limits;
use crate::pool::Pool;
use crate::queue::{Permit, Priority, Queue, Requester};
use crate::random::NoRandomness;
use crate::rate_limiter::{Quota, RateLimiter, network};
use crate::refusal::{Reason, Refusal};
use crate::stats::{Counters, Stats, step};
use crate::token::{self, CredentialKind};
use crate::uses::{Uses, VerifiedSecret};
pub use access::VerifiedAccess;
use run::{Failed, run};
pub use verified::{CredentialRecord, Verified};

/// A well-formed credential of this environment, whose record may be read now.
#[derive(derive_more::Debug)]
#[debug("Presented({})", self.id())]
pub struct Presented {
    attempt: Attempt,
    /// A place in the queue for records; a secret that was verified today needs none.
    lookup: Option<Permit>,
}

/// The presented credential, and where the client is.
#[derive(Clone)]
struct Attempt {
    kind: CredentialKind,
    text: String,
    id: TokenId,
    fingerprint: Fingerprint,
    client: IpAddr,
    network: IpAddr,
}

/// The key of the rate limit: guesses at one credential from one network count together.
type Guess = (CredentialKind, TokenId, IpAddr);

impl Attempt {
    const fn guess(&self) -> Guess {
        (self.kind, self.id, self.network)
    }
}

impl Presented {
    /// Its public part: the key of its record, and safe to log.
    pub const fn id(&self) -> TokenId {
        self.attempt.id
    }

    /// The client's address.
    pub const fn client(&self) -> IpAddr {
        self.attempt.client
    }

    /// Whether this same secret was found right recently.
    pub fn was_verified_before(&self) -> bool {
        self.lookup.is_none()
    }
}

/// Checks credentials; cheap to clone, all clones share one cache.
#[derive(Debug, Clone)]
pub struct Verifier {
    inner: Arc<Inner>,
}

#[derive(derive_more::Debug)]
#[debug("Verifier({environment}, {cache:?})")]
struct Inner {
    clock: Arc<dyn Clock>,
    environment: Environment,
    cache: VerificationCache,
    aliases: Aliases,
    pool: Pool,
    lookups: Queue,
    guesses: RateLimiter<Guess>,
    /// Limits the log lines about one credential, because unauthenticated clients can cause them.
    alarms: RateLimiter<(CredentialKind, TokenId)>,
    counters: Counters,
    uses: Uses,
}

/// The most pairs of id and network whose failures are counted.
const GUESSERS: u64 = 65_536;
/// The shortest time between two log lines about one credential.
const ALARM: Quota = Quota {
    burst: 1,
    every: Duration::from_mins(1),
};

impl Verifier {
    /// A verifier with an empty cache; each `Caller` gets the alias of its token.
    ///
    /// # Errors
    /// [`NoRandomness`] when the system gives no key for this process.
    pub fn new(
        clock: Arc<dyn Clock>,
        environment: Environment,
        limits: Limits,
        aliases: Aliases,
    ) -> Result<Self, NoRandomness> {
        let inner = Inner {
            clock,
            environment,
            cache: VerificationCache::new()?,
            aliases,
            pool: Pool::new(limits.argon2_threads, limits.argon2_queue),
            lookups: Queue::new(limits.lookups, limits.lookup_queue),
            guesses: RateLimiter::new(limits.guesses, GUESSERS),
            alarms: RateLimiter::new(ALARM, GUESSERS),
            counters: Counters::default(),
            uses: Uses::default(),
        };
        Ok(Self {
            inner: Arc::new(inner),
        })
    }

    /// Parses all `Authorization` lines of a request from `ip` (the client's, as reported by trusted proxies), and waits until
    /// its record may be read. A credential that was verified today does not wait.
    ///
    /// # Errors
    /// `Unauthorized` for texts that are no credential of this kind and environment, `Busy` when too many wait.
    pub async fn precheck<'h>(
        &self,
        kind: CredentialKind,
        authorization: impl IntoIterator<Item = &'h [u8]>,
        ip: IpAddr,
    ) -> Result<Presented, Refusal> {
        match token::bearer(authorization) {
            Ok(text) => self.precheck_text(kind, text, ip).await,
            Err(error) => Err(self.refused(error.into())),
        }
    }

    /// As [`Verifier::precheck`], for a credential that does not stand in an `Authorization` header as a bearer.
    ///
    /// # Errors
    /// As [`Verifier::precheck`].
    pub async fn precheck_text(
        &self,
        kind: CredentialKind,
        text: &str,
        ip: IpAddr,
    ) -> Result<Presented, Refusal> {
        let inner = &*self.inner;
        let presented = match inner.read(kind, text, ip) {
            Ok(attempt) => inner.lookup(attempt).await,
            Err(refusal) => Err(refusal),
        };
        presented.map_err(|refusal| self.refused(refusal))
    }

    /// Checks a presented credential by the record that was read for its id during this request. `memory` reads what is stored
    /// about its uses; it is called only when the secret is not in the cache.
    ///
    /// # Errors
    /// `Unauthorized` with the reason for the log, `Busy` when the secret cannot be checked now.
    pub async fn verify<R: CredentialRecord>(
        &self,
        presented: Presented,
        record: Option<R>,
        now: DateTime<Utc>,
        memory: impl AsyncFnOnce() -> Memory,
    ) -> Result<Verified<R>, Refusal> {
        let Some(record) = record else {
            return Err(self.refused(Refusal::Unauthorized(Reason::UnknownId)));
        };
        let (client, from) = (presented.attempt.client, presented.attempt.network);
        // Before the secret: it costs nothing, and a client elsewhere learns nothing by guessing.
        if !record.allows(client) {
            return Err(self.refused(Refusal::Unauthorized(Reason::Network(client))));
        }
        let new_values = self
            .known(presented, record.status(now), record.hash(), memory)
            .await
            .map_err(|refusal| self.refused(refusal))?;
        let last = record.use_worth_noting(now).map(|at| LastUse { at, from });
        self.inner.uses.note(R::KIND, record.id(), last, &new_values);
        Ok(Verified::new(record, &self.inner))
    }

    /// The counters since the start.
    pub fn stats(&self) -> Stats {
        let mut stats = self.inner.counters.read();
        stats.running = self.inner.pool.running();
        stats.waiting = self.inner.pool.waiting();
        stats
    }

    /// The most memory that checks of secrets use, in bytes; for the start-up log.
    pub fn memory_bound(&self) -> u64 {
        self.inner.pool.size() as u64 * u64::from(hash::MEMORY_KIB) * 1024
    }

    /// The uses since the last call, to be written to the database every few seconds.
    pub fn take_uses(&self) -> Vec<Use> {
        self.inner.uses.take()
    }

    fn refused(&self, refusal: Refusal) -> Refusal {
        self.inner.counters.refused(refusal.code());
        refusal
    }

    /// Checks a secret; for a right one, returns the new values of this use.
    async fn known(
        &self,
        presented: Presented,
        status: CredentialStatus,
        hash: &SecretHash,
        memory: impl AsyncFnOnce() -> Memory,
    ) -> Result<Memory, Refusal> {
        // The status first: it costs nothing, and a credential that is not active needs no check of its secret.
        match status {
            CredentialStatus::Active => {}
            CredentialStatus::Expired => return Err(Refusal::Unauthorized(Reason::Expired)),
            CredentialStatus::Revoked => return Err(Refusal::Unauthorized(Reason::Revoked)),
        }
        let (inner, Presented { attempt, lookup }) = (&self.inner, presented);
        let known = if let Some(known) = inner.cache.right(attempt.fingerprint, hash.version).await {
            step(&inner.counters.hits);
            known
        } else {
            step(&inner.counters.misses);
            if inner.cache.is_wrong(attempt.fingerprint, hash.version) {
                return Err(Refusal::Unauthorized(Reason::WrongSecret));
            }
            // A cache miss is rare and its future is large, so it is boxed and does not enlarge the future of
            // every request.
            Box::pin(async {
                let memory = memory().await;
                drop(lookup);
                inner.check(&attempt, hash, &memory).await
            })
            .await?
        };
        Ok(known.learn(attempt.network, inner.clock.monotonic()))
    }
}

impl Inner {
    fn read(&self, kind: CredentialKind, text: &str, ip: IpAddr) -> Result<Attempt, Refusal> {
        let credential = token::parse(text, kind, self.environment)?;
        Ok(Attempt {
            kind,
            text: credential.text().to_owned(),
            id: credential.id,
            fingerprint: self.cache.fingerprint(&credential),
            client: ip.to_canonical(),
            network: network(ip),
        })
    }

    async fn lookup(&self, attempt: Attempt) -> Result<Presented, Refusal> {
        if self.cache.was_verified_before(attempt.fingerprint) {
            return Ok(Presented {
                attempt,
                lookup: None,
            });
        }
        let requester = Requester {
            priority: Priority::Unknown,
            network: attempt.network,
        };
        let lookup = Some(self.lookups.enter(requester).await?);
        Ok(Presented { attempt, lookup })
    }

    /// Compares a secret: by the fast check where there is one, then by argon2 when it passes or there is no fast
    /// check.
    async fn check(
        self: &Arc<Self>,
        attempt: &Attempt,
        hash: &SecretHash,
        memory: &Memory,
    ) -> Result<Arc<VerifiedSecret>, Refusal> {
        let check = hash::secret_check(&attempt.text, hash.version);
        let remembered = memory.check.filter(|check| check.version == hash.version);
        let priority = match remembered {
            Some(remembered) if remembered != check => {
                let _ = self.guesses.charge(attempt.guess(), self.clock.monotonic());
                self.alarm_if_guessed(attempt);
                return Err(Refusal::Unauthorized(Reason::WrongSecret));
            }
            Some(_) => Priority::Checked,
            None if memory.networks.contains(&attempt.network) => Priority::KnownNetwork,
            None => Priority::Unknown,
        };
        let new = remembered.is_none().then_some(check);
        let checked = run(Arc::clone(self), attempt.clone(), hash.clone(), priority);
        let known = async {
            checked
                .await
                .map(|()| Arc::new(VerifiedSecret::new(hash.version, new)))
        };
        let once = self.cache.once(attempt.fingerprint, hash.version, known).await;
        once.map_err(|failed| match *failed {
            Failed::Wrong => Refusal::Unauthorized(Reason::WrongSecret),
            Failed::BadHash => Refusal::Unauthorized(Reason::BadHash),
            Failed::Busy => Refusal::Busy,
        })
    }

    /// Logs that there were many wrong secrets for one id.
    fn alarm_if_guessed(&self, attempt: &Attempt) {
        if self
            .guesses
            .check(&attempt.guess(), self.clock.monotonic())
            .is_err()
            && self.may_alarm(attempt)
        {
            tracing::warn!(
                event.name = "token.bruteforce_suspected",
                token_id = attempt.id.as_str(),
                network = %attempt.network,
                "many wrong secrets for one id from one network: whatever comes from there for this id is checked last; \
                 the right secret goes on working"
            );
        }
    }

    fn may_alarm(&self, attempt: &Attempt) -> bool {
        let about = (attempt.kind, attempt.id);
        self.alarms.charge(about, self.clock.monotonic()).is_ok()
    }
}

#[cfg(test)]
mod tests;
