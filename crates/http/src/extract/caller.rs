//! The caller of a SCIM request: its verified credential, compared with the URL.
//!
//! The record of a token whose secret was found right before may come from this process's cache; the first statement of the
//! request then checks that it is current (ADR 0038). Every refusal is the same 401; the reason goes to the log.

use std::sync::Arc;
use std::time::Duration;

use actix_web::HttpRequest;
use auth::tenant_url::TenantUrl;
use auth::{CredentialKind, CredentialRecord as _, Presented, Refusal};
use domain::credential::{Caller, CredentialStatus, TokenId, TokenRecord};
use moka::sync::Cache;
use store::StoreError;

use super::access;
use super::credential::{Denied, log_refusal, verified};
use crate::limits::FROZEN_SECONDS;
use crate::observe::Facts;
use crate::scim::error::{ErrorCode, Failure};
use crate::scim::route::Base;
use crate::state::State;

/// The number of records in the cache.
const CACHED_RECORDS: u64 = 10_000;
/// The time a record is cached. It holds the time of the last use, which is written once a minute.
const CACHED_FOR: Duration = Duration::from_mins(1);

/// A cache of token records, by token id.
#[derive(Clone)]
pub struct TokenRecords(Cache<TokenId, Arc<TokenRecord>>);

impl Default for TokenRecords {
    fn default() -> Self {
        let cache = Cache::builder()
            .max_capacity(CACHED_RECORDS)
            .time_to_live(CACHED_FOR);
        Self(cache.build())
    }
}

impl TokenRecords {
    /// The cached record, if it would admit the request. A refusal is always decided by the record in the database.
    fn usable(&self, state: &State, presented: &Presented, url: TenantUrl<'_>) -> Option<TokenRecord> {
        let cached = self.0.get(&presented.id())?;
        let is_active = cached.status(state.clock.now()) == CredentialStatus::Active;
        let opens = || url.check(&cached.tenant_name, &cached.directory, cached.serving());
        let admits = is_active && cached.allows(presented.client()) && opens().is_ok();
        admits.then(|| TokenRecord::clone(&cached))
    }
}

/// The source of a token's record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The cache or the database; the first statement of the request checks a cached one.
    CacheOrDatabase,
    /// The database only.
    Database,
}

/// The verified caller of a SCIM request.
///
/// # Errors
/// `unauthorized`, `frozen`, `directoryOff`, `busy`, or `unavailable` when the record cannot be read.
pub async fn caller(
    state: &State,
    request: &HttpRequest,
    base: &Base<'_>,
    source: Source,
) -> Result<Caller, Failure> {
    let denied = |denied| match denied {
        Denied::Refused(refusal) => failure(&refusal),
        Denied::RecordUnreadable => Failure::new(ErrorCode::Unavailable),
    };
    let (id, admitted) = if let Some(text) = access::presented(request) {
        let verified = access::verified(state, request, base.tenant_url(), source, text).await;
        let verified = verified.map_err(denied)?;
        (verified.id(), verified.admit(base.tenant_url()))
    } else {
        let verified = verified(state, request, async |presented| {
            record(state, presented, base.tenant_url(), source).await
        });
        let verified = verified.await.map_err(denied)?;
        (verified.id(), verified.admit(base.tenant_url()))
    };
    let caller = admitted.map_err(|refusal| {
        log_refusal(state, request, CredentialKind::Token, &refusal, Some(id));
        failure(&refusal)
    })?;
    Facts::record_caller(request, &caller);
    Ok(caller)
}

async fn record(
    state: &State,
    presented: &Presented,
    url: TenantUrl<'_>,
    source: Source,
) -> Result<Option<TokenRecord>, StoreError> {
    let id = presented.id();
    // Only a secret that was found right before is checked by a cached record: a guess is checked by the database's.
    if source == Source::CacheOrDatabase
        && presented.was_verified_before()
        && let Some(cached) = state.token_records.usable(state, presented, url)
    {
        return Ok(Some(cached));
    }
    let record = state.store.token_record(id).await?;
    match &record {
        Some(record) => state.token_records.0.insert(id, Arc::new(record.clone())),
        None => state.token_records.0.invalidate(&id),
    }
    Ok(record)
}

/// The answer to a refusal. 401 only for a credential that was checked, because Entra stops calling after a 401.
fn failure(refusal: &Refusal) -> Failure {
    match refusal {
        Refusal::Unauthorized(_) | Refusal::WrongDirectory { .. } => Failure::new(ErrorCode::Unauthorized),
        Refusal::Frozen { .. } => Failure::new(ErrorCode::Frozen).after(FROZEN_SECONDS),
        Refusal::DirectoryOff { .. } => Failure::new(ErrorCode::DirectoryOff),
        Refusal::Busy => Failure::new(ErrorCode::Busy).after(1),
    }
}
