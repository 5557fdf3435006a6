//! The cost of authenticating a request after its secret was checked: a hit in the verification cache, in
//! this process.

use crate::report::{Bar, Row, Side, say};
use auth::alias::Aliases;
use auth::tenant_url::TenantUrl;
use auth::{CredentialKind, Limits, Verifier, hash, token};
use chrono::{DateTime, Utc};
use domain::clock::{Clock, Ids, SystemClock, SystemIds};
use domain::credential::{Memory, SecretHash, Token, TokenRecord};
use domain::environment::Environment;
use domain::id::{DirectoryId, TenantId};
use domain::tenant::{Directory, Provider, Switch};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Instant;

/// Hits of a slice, and slices.
const HITS: u32 = 20_000;
const SLICES: usize = 9;

pub async fn run() -> Vec<Row> {
    say("verdict cache");
    let issued = token::issue(CredentialKind::Token, Environment::Test, &[7; token::RANDOM]);
    let header = format!("Bearer {}", issued.reveal());
    let now = SystemClock.now();
    let record = record(&issued, now);
    let (limits, aliases) = (Limits::default(), Aliases::new("a key"));
    let verifier = Verifier::new(Arc::new(SystemClock), Environment::Test, limits, aliases);
    let verifier = verifier.expect("a process key");
    let address = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let once = || async {
        let presented = verifier
            .precheck(CredentialKind::Token, [header.as_bytes()], address)
            .await
            .expect("a token");
        verifier
            .verify(presented, Some(record.clone()), now, async || Memory::default())
            .await
            .expect("the right secret")
            .admit(TenantUrl::default())
            .expect("its own directory")
    };
    let begin = Instant::now();
    once().await;
    let miss = begin.elapsed();
    let mut slices = Vec::new();
    for _ in 0..SLICES {
        let begin = Instant::now();
        for _ in 0..HITS {
            std::hint::black_box(once().await);
        }
        slices.push(begin.elapsed().as_secs_f64() * 1e6 / f64::from(HITS));
    }
    vec![Row {
        what: "verdict-cache hit".to_owned(),
        unit: "µs",
        ours: Side::median("precheck + verify, everything but the record's read", &slices),
        theirs: Some(Side::single("the first time: argon2id", miss.as_secs_f64() * 1e6)),
        bar: Bar::Below(5.0),
        notes: vec!["includes a copy of the record, which a request's own read makes".to_owned()],
    }]
}

fn record(issued: &token::Issued, now: DateTime<Utc>) -> TokenRecord {
    let ids = SystemIds::default();
    let (tenant, directory) = (
        TenantId::from_uuid(ids.next()),
        DirectoryId::from_uuid(ids.next()),
    );
    TokenRecord {
        token: Token {
            id: issued.id(),
            tenant,
            directory,
            label: None,
            created_at: now,
            expires_at: None,
            revoked_at: None,
            last_used_at: None,
            last_used_from: None,
            last_four: issued.last_four().to_owned(),
            allowed_networks: domain::network::AllowedNetworks::default(),
        },
        hash: SecretHash {
            phc: hash::hash(issued).expect("a hash"),
            version: 1,
        },
        directory: Directory {
            id: directory,
            tenant,
            profile: "advisors".parse().expect("a name"),
            provider: Provider::Entra,
            switch: Switch::On,
            extension: None,
            created_at: now,
            frozen_at: None,
        },
        tenant_name: "contoso".parse().expect("a name"),
        external_tenant_id: None,
        tenant_frozen_at: None,
        state: domain::credential::CredentialState::default(),
    }
}
