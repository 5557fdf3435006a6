//! The walk of a credential: text → brakes → (the caller reads the record) → standing → verdict → `Caller`.
//!
//! [`Verifier::precheck`] needs no record and turns away what is not worth a database read; [`Verifier::verify`] judges
//! record and secret. Must not know: where records come from, what the HTTP answer looks like. Order and bounds are
//! those of ADR 0005.

mod run;

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use domain::clock::Clock;
use domain::credential::{AppCaller, AppCredentialRecord, Caller, SecretHash, Standing, TokenRecord};
use domain::environment::Environment;
use domain::scope::TenantScope;

use crate::brake::{Brake, network};
use crate::cache::{Fingerprint, Verdicts};
use crate::hash;
use crate::limits::Limits;
use crate::place::{self, Place};
use crate::pool::Pool;
use crate::random::NoRandomness;
use crate::refusal::{Reason, Refusal};
use crate::stats::{Counters, Stats, step};
use crate::token::{self, Kind};
use crate::uses::Uses;
use run::{Failed, run};

/// A well-formed credential of this environment that is worth reading its record.
#[derive(Clone)]
pub struct Presented {
    text: String,
    id: String,
    fingerprint: Fingerprint,
    network: IpAddr,
}

impl Presented {
    /// Its public part: the key of its record, and safe to log.
    pub fn id(&self) -> &str {
        &self.id
    }
}

impl fmt::Debug for Presented {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Presented({})", self.id)
    }
}

/// Judges credentials; cheap to clone, all clones share one memory.
#[derive(Debug, Clone)]
pub struct Verifier {
    inner: Arc<Inner>,
}

struct Inner {
    clock: Arc<dyn Clock>,
    environment: Environment,
    verdicts: Verdicts,
    pool: Pool,
    per_token: Brake<String>,
    per_address: Brake<IpAddr>,
    counters: Counters,
    uses: Uses,
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Verifier({}, {:?})", self.environment, self.verdicts)
    }
}

/// Ids and addresses whose failures are remembered at a time.
const BRAKED: u64 = 65_536;

impl Verifier {
    /// A verifier with nothing remembered.
    ///
    /// # Errors
    /// [`NoRandomness`] when the system gives no key for this process.
    pub fn new(
        clock: Arc<dyn Clock>,
        environment: Environment,
        limits: Limits,
    ) -> Result<Self, NoRandomness> {
        let inner = Inner {
            clock,
            environment,
            verdicts: Verdicts::new()?,
            pool: Pool::new(limits.argon2_threads, limits.argon2_queue),
            per_token: Brake::new(limits.failures_per_token, BRAKED),
            per_address: Brake::new(limits.failures_per_address, BRAKED),
            counters: Counters::default(),
            uses: Uses::default(),
        };
        Ok(Self {
            inner: Arc::new(inner),
        })
    }

    /// Reads all `Authorization` lines of a request from `ip` (the client's, as trusted proxies tell it). Costs no
    /// database read and no hash.
    ///
    /// # Errors
    /// `Unauthorized` for texts that are no credential of this kind and environment and for ids that had no record a
    /// moment ago; `Throttled` for addresses with too many failures, unless this credential was right today.
    pub fn precheck<'h>(
        &self,
        kind: Kind,
        authorization: impl IntoIterator<Item = &'h [u8]>,
        ip: IpAddr,
    ) -> Result<Presented, Refusal> {
        let inner = &*self.inner;
        let presented = inner.read(kind, authorization, ip).and_then(|presented| {
            inner.worth_reading(&presented)?;
            Ok(presented)
        });
        presented.inspect_err(|refusal| inner.counters.refused(refusal.code()))
    }

    /// Judges a presented token by the record that was read for its id at this very request.
    ///
    /// # Errors
    /// `Unauthorized` with the reason for the log, `Busy` when argon2's queue is full.
    pub async fn verify(
        &self,
        presented: &Presented,
        record: Option<TokenRecord>,
        now: DateTime<Utc>,
    ) -> Result<Caller, Refusal> {
        let judged = match &record {
            Some(record) => {
                self.judge(presented, record.token.standing(now), &record.hash)
                    .await
            }
            None => Err(self.inner.unknown(presented)),
        };
        match (judged, record) {
            (Ok(()), Some(record)) => {
                self.inner.uses.note(&record.token, now);
                Ok(caller(record))
            }
            (Err(refusal), _) => Err(self.refused(refusal)),
            (Ok(()), None) => Err(self.refused(Refusal::Unauthorized(Reason::UnknownId))),
        }
    }

    /// The same for an app's credential.
    ///
    /// # Errors
    /// As [`Verifier::verify`].
    pub async fn verify_app(
        &self,
        presented: &Presented,
        record: Option<AppCredentialRecord>,
        now: DateTime<Utc>,
    ) -> Result<AppCaller, Refusal> {
        let Some(record) = record else {
            return Err(self.refused(self.inner.unknown(presented)));
        };
        match self.judge(presented, record.standing(now), &record.hash).await {
            Ok(()) => Ok(AppCaller {
                app: record.app,
                app_name: record.app_name,
            }),
            Err(refusal) => Err(self.refused(refusal)),
        }
    }

    /// Lets a verified caller through if the URL names its directory and the directory is on; see [`place::check`].
    ///
    /// # Errors
    /// As [`place::check`].
    pub fn admit(&self, caller: &Caller, place: Place<'_>) -> Result<(), Refusal> {
        place::check(caller, place).inspect_err(|refusal| self.inner.counters.refused(refusal.code()))
    }

    /// The counters since the start.
    pub fn stats(&self) -> Stats {
        let mut stats = self.inner.counters.read();
        stats.running = self.inner.pool.running();
        stats.waiting = self.inner.pool.waiting();
        stats
    }

    /// The most memory that checking secrets takes, in bytes; for the start-up log.
    pub fn memory_bound(&self) -> u64 {
        self.inner.pool.size() as u64 * u64::from(hash::MEMORY_KIB) * 1024
    }

    /// The uses of tokens since the last call, for whoever writes them to the records every few seconds.
    pub fn take_uses(&self) -> Vec<(String, DateTime<Utc>)> {
        self.inner.uses.take()
    }

    fn refused(&self, refusal: Refusal) -> Refusal {
        self.inner.counters.refused(refusal.code());
        refusal
    }

    async fn judge(
        &self,
        presented: &Presented,
        standing: Standing,
        hash: &SecretHash,
    ) -> Result<(), Refusal> {
        // The standing comes first: it is free, and neither a hash nor a brake is owed to what cannot open anything.
        match standing {
            Standing::Active => {}
            Standing::Expired => return Err(Refusal::Unauthorized(Reason::Expired)),
            Standing::Revoked => return Err(Refusal::Unauthorized(Reason::Revoked)),
        }
        let (inner, fingerprint) = (&*self.inner, presented.fingerprint);
        if inner.verdicts.is_right(fingerprint, hash.version).await {
            step(&inner.counters.hits);
            return Ok(());
        }
        step(&inner.counters.misses);
        if inner.verdicts.is_wrong(fingerprint, hash.version) {
            return Err(Refusal::Unauthorized(Reason::WrongSecret));
        }
        let check = run(Arc::clone(&self.inner), presented.clone(), hash.clone());
        inner
            .verdicts
            .once(fingerprint, hash.version, check)
            .await
            .map_err(|failed| match *failed {
                Failed::Wrong => Refusal::Unauthorized(Reason::WrongSecret),
                Failed::Suspected => Refusal::Unauthorized(Reason::Suspected),
                Failed::BadHash => Refusal::Unauthorized(Reason::BadHash),
                Failed::Busy => Refusal::Busy,
            })
    }
}

impl Inner {
    fn read<'h>(
        &self,
        kind: Kind,
        authorization: impl IntoIterator<Item = &'h [u8]>,
        ip: IpAddr,
    ) -> Result<Presented, Refusal> {
        let credential = token::parse(token::bearer(authorization)?, kind, self.environment)?;
        Ok(Presented {
            text: credential.text().to_owned(),
            id: credential.id.to_owned(),
            fingerprint: self.verdicts.fingerprint(&credential),
            network: network(ip),
        })
    }

    fn worth_reading(&self, presented: &Presented) -> Result<(), Refusal> {
        if self.verdicts.was_good(presented.fingerprint) {
            return Ok(());
        }
        if self.verdicts.is_unknown(&presented.id) {
            return Err(Refusal::Unauthorized(Reason::UnknownId));
        }
        let room = self.per_address.look(&presented.network, self.now_ms());
        room.map_err(|retry_after| Refusal::Throttled { retry_after })
    }

    fn unknown(&self, presented: &Presented) -> Refusal {
        self.verdicts.set_unknown(&presented.id);
        let _ = self.per_address.charge(presented.network, self.now_ms());
        Refusal::Unauthorized(Reason::UnknownId)
    }

    fn now_ms(&self) -> i64 {
        self.clock.now().timestamp_millis()
    }
}

fn caller(record: TokenRecord) -> Caller {
    #[expect(
        clippy::disallowed_methods,
        reason = "the secret of this tenant's token was just found right"
    )]
    let scope = TenantScope::mint(record.token.tenant);
    Caller {
        scope,
        directory: record.directory,
        tenant_name: record.tenant_name,
        external_tenant_id: record.external_tenant_id,
        token_id: record.token.id,
    }
}

#[cfg(test)]
mod tests;
