//! The steps from a header to a caller; guesses are in [`guessing`].

use super::*;
use crate::tenant_url::TenantUrl;
use crate::token::{Issued, RANDOM, issue};
use chrono::TimeDelta;
use domain::credential::{AppCredentialRecord, Caller, Token, TokenRecord};
use domain::id::{AppId, DirectoryId, TenantId};
use domain::tenant::{Directory, Provider, Switch};
use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

mod guessing;
mod refusals;
mod uses;

/// A clock that moves only when a test moves it.
struct Hand(Mutex<(DateTime<Utc>, Duration)>);

impl Hand {
    fn new() -> Arc<Self> {
        let begin = DateTime::UNIX_EPOCH + TimeDelta::days(20_000);
        Arc::new(Self(Mutex::new((begin, Duration::from_secs(5)))))
    }

    fn forward(&self, seconds: u64) {
        let passed = Duration::from_secs(seconds);
        let mut time = self.0.lock().unwrap();
        time.0 += passed;
        time.1 += passed;
    }

    /// Sets the machine's clock.
    fn set_back(&self, seconds: i64) {
        self.0.lock().unwrap().0 -= TimeDelta::seconds(seconds);
    }
}

impl Clock for Hand {
    fn now(&self) -> DateTime<Utc> {
        self.0.lock().unwrap().0
    }

    fn monotonic(&self) -> Duration {
        self.0.lock().unwrap().1
    }
}

const ENTRA: [u8; 4] = [192, 0, 2, 7];

struct Bench {
    clock: Arc<Hand>,
    verifier: Verifier,
    limits: Limits,
    /// What the database remembers; see [`Bench::restart`].
    memories: Mutex<HashMap<(CredentialKind, TokenId), Memory>>,
}

fn bench_with(limits: Limits) -> Bench {
    let clock = Hand::new();
    Bench {
        verifier: verifier(&clock, limits),
        clock,
        limits,
        memories: Mutex::default(),
    }
}

fn verifier(clock: &Arc<Hand>, limits: Limits) -> Verifier {
    let clock = Arc::clone(clock) as _;
    Verifier::new(clock, Environment::Test, limits, Aliases::new("a key")).unwrap()
}

fn bench() -> Bench {
    bench_with(Limits::default())
}

fn issued(seed: u8) -> Issued {
    issue(CredentialKind::Token, Environment::Test, &[seed; RANDOM])
}

/// A token with the id of `issued(seed)` and another secret: what a guesser would send.
fn guess(seed: u8, number: u8) -> Issued {
    let mut random = [seed; RANDOM];
    random[RANDOM - 1] = number;
    assert_ne!(number, seed);
    issue(CredentialKind::Token, Environment::Test, &random)
}

fn record(issued: &Issued) -> TokenRecord {
    let tenant = TenantId::from_uuid("019a3c5e-7d1a-7c4e-9a2b-0f6f0d1c2b3a".parse().unwrap());
    let directory = DirectoryId::from_uuid("019a3c5e-7d1a-7c4e-9a2b-0f6f0d1c2b3b".parse().unwrap());
    let created_at = DateTime::UNIX_EPOCH;
    TokenRecord {
        token: Token {
            id: issued.id(),
            tenant,
            directory,
            label: None,
            created_at,
            expires_at: None,
            revoked_at: None,
            last_used_at: None,
            last_used_from: None,
            last_four: issued.last_four().to_owned(),
            allowed_networks: domain::network::AllowedNetworks::default(),
        },
        hash: SecretHash {
            phc: hash::hash(issued).unwrap(),
            version: 1,
        },
        directory: Directory {
            id: directory,
            tenant,
            profile: "advisors".parse().unwrap(),
            provider: Provider::Entra,
            switch: Switch::On,
            extension: None,
            created_at,
            frozen_at: None,
        },
        tenant_name: "contoso".parse().unwrap(),
        external_tenant_id: None,
        tenant_frozen_at: None,
        state: domain::credential::CredentialState::default(),
    }
}

impl Bench {
    /// The process ends after its last write and starts again.
    fn restart(&mut self) {
        self.write_down();
        self.verifier = verifier(&self.clock, self.limits);
    }

    /// What `usher serve` does every ten seconds.
    fn write_down(&self) {
        let mut memories = self.memories.lock().unwrap();
        for new in self.verifier.take_uses() {
            memories
                .entry((new.kind, new.id))
                .or_default()
                .merge(&new.new_values);
        }
    }

    /// What `usher token issue` does.
    fn remember_issued(&self, issued: &Issued) {
        let memory = Memory {
            check: Some(hash::secret_check(issued.reveal(), 1)),
            networks: Vec::new(),
        };
        let key = (CredentialKind::Token, issued.id());
        self.memories.lock().unwrap().insert(key, memory);
    }

    fn memory(&self, kind: CredentialKind, id: TokenId) -> Memory {
        let memories = self.memories.lock().unwrap();
        memories.get(&(kind, id)).cloned().unwrap_or_default()
    }

    async fn present_from(&self, ip: [u8; 4], text: &str) -> Result<Presented, Refusal> {
        let line = format!("Bearer {text}");
        self.verifier
            .precheck(CredentialKind::Token, [line.as_bytes()], ip.into())
            .await
    }

    async fn call_from(
        &self,
        ip: [u8; 4],
        text: &str,
        record: Option<TokenRecord>,
    ) -> Result<Caller, Refusal> {
        let verified = self.verify_from(ip, text, record).await?;
        verified.admit(TenantUrl::default())
    }

    async fn verify_from(
        &self,
        ip: [u8; 4],
        text: &str,
        record: Option<TokenRecord>,
    ) -> Result<Verified<TokenRecord>, Refusal> {
        let presented = self.present_from(ip, text).await?;
        let id = presented.id();
        let memory = async || self.memory(CredentialKind::Token, id);
        self.verifier
            .verify(presented, record, self.clock.now(), memory)
            .await
    }

    async fn call(&self, issued: &Issued, record: &TokenRecord) -> Result<Caller, Refusal> {
        self.call_from(ENTRA, issued.reveal(), Some(record.clone())).await
    }
}

fn unauthorized<T>(reason: Reason) -> Result<T, Refusal> {
    Err(Refusal::Unauthorized(reason))
}

/// `Caller` has no equality; it is compared by its token.
fn id(outcome: Result<Caller, Refusal>) -> Result<TokenId, Refusal> {
    outcome.map(|caller| caller.token_id)
}

#[tokio::test]
async fn a_right_token_opens_its_directory_and_is_hashed_once() {
    let (bench, token) = (bench(), issued(1));
    let record = record(&token);
    for _ in 0..3 {
        let caller = bench.call(&token, &record).await.unwrap();
        assert_eq!(caller.scope.tenant(), record.token.tenant);
        assert_eq!(caller.directory, record.directory);
    }
    let stats = bench.verifier.stats();
    assert_eq!((stats.runs, stats.hits, stats.misses), (1, 2, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_askers_for_one_token_wait_for_one_run() {
    let (bench, token) = (Arc::new(bench()), issued(1));
    let record = record(&token);
    let calls: Vec<_> = (0..100)
        .map(|_| {
            let (bench, token, record) = (Arc::clone(&bench), token.clone(), record.clone());
            tokio::spawn(async move { id(bench.call(&token, &record).await) })
        })
        .collect();
    for call in calls {
        assert_eq!(call.await.unwrap(), Ok(token.id()));
    }
    assert_eq!(bench.verifier.stats().runs, 1);
}

#[tokio::test]
async fn revocation_expiry_and_replacement_hold_from_the_next_request() {
    let (bench, token) = (bench(), issued(1));
    let good = record(&token);
    bench.call(&token, &good).await.unwrap();

    let mut revoked = good.clone();
    revoked.token.revoked_at = Some(bench.clock.now());
    assert_eq!(
        id(bench.call(&token, &revoked).await),
        unauthorized(Reason::Revoked)
    );

    let mut expired = good.clone();
    expired.token.expires_at = Some(bench.clock.now());
    assert_eq!(
        id(bench.call(&token, &expired).await),
        unauthorized(Reason::Expired)
    );

    let mut replaced = good.clone();
    replaced.hash = SecretHash {
        phc: hash::hash(&issued(2)).unwrap(),
        version: 2,
    };
    assert_eq!(
        id(bench.call(&token, &replaced).await),
        unauthorized(Reason::WrongSecret)
    );
    assert_eq!(id(bench.call(&token, &good).await), Ok(token.id()));
}

#[tokio::test]
async fn a_caller_is_known_to_apps_by_an_alias_of_its_token() {
    let (bench, token) = (bench(), issued(1));
    let caller = bench.call(&token, &record(&token)).await.unwrap();
    assert_eq!(caller.token_alias, Aliases::new("a key").of(token.id()));
}

#[tokio::test]
async fn an_app_is_judged_by_the_same_rules() {
    let bench = bench();
    let issued = issue(CredentialKind::App, Environment::Test, &[3; RANDOM]);
    let line = format!("Bearer {}", issued.reveal());
    let as_app = || async {
        let presented = bench
            .verifier
            .precheck(CredentialKind::App, [line.as_bytes()], ENTRA.into());
        presented.await.unwrap()
    };
    let nothing = async || Memory::default();
    let mut record = AppCredentialRecord {
        id: issued.id(),
        app: AppId::from_uuid("019a3c5e-7d1a-7c4e-9a2b-0f6f0d1c2b3c".parse().unwrap()),
        app_name: "booking".parse().unwrap(),
        hash: SecretHash {
            phc: hash::hash(&issued).unwrap(),
            version: 1,
        },
        revoked_at: None,
        expires_at: None,
    };
    let now = bench.clock.now();
    let caller = bench
        .verifier
        .verify(as_app().await, Some(record.clone()), now, nothing)
        .await
        .unwrap();
    assert_eq!(caller.admit("booking").unwrap().app, record.app);
    let elsewhere = bench
        .verifier
        .verify(as_app().await, Some(record.clone()), now, nothing)
        .await
        .unwrap();
    assert_eq!(elsewhere.admit("room-display"), None);
    record.revoked_at = Some(now);
    let revoked = bench
        .verifier
        .verify(as_app().await, Some(record), now, nothing)
        .await;
    assert_eq!(revoked.map(|_| ()), unauthorized(Reason::Revoked));
    let at_scim = bench
        .present_from(ENTRA, issued.reveal())
        .await
        .map(|presented| presented.id());
    assert_eq!(at_scim.unwrap_err().code(), "wrong_kind");
}

#[tokio::test]
async fn debug_of_a_presented_token_shows_its_public_part_only() {
    let (bench, token) = (bench(), issued(1));
    let presented = bench.present_from(ENTRA, token.reveal()).await.unwrap();
    assert_eq!(format!("{presented:?}"), format!("Presented({})", token.id()));
}
