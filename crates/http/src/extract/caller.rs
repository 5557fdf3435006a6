//! The caller of a SCIM request: its verified credential, compared with the URL.
//!
//! The record of a token that was right before may be one that this process kept; the request's first statement checks that
//! it still holds (ADR 0038). Every refusal is the same 401; the reason goes to the log.

use std::sync::Arc;
use std::time::Duration;

use actix_web::HttpRequest;
use auth::tenant_url::TenantUrl;
use auth::{CredentialKind, CredentialRecord as _, Presented, Refusal};
use domain::credential::{Caller, CredentialStatus, TokenId, TokenRecord};
use moka::sync::Cache;
use store::StoreError;

use super::credential::{Denied, log_refusal, verified};
use crate::observe::Facts;
use crate::scim::error::{ErrorCode, Failure};
use crate::scim::route::Base;
use crate::state::State;

/// Tokens whose records are kept.
const KEPT: u64 = 10_000;
/// How long a record is kept: it also says when the token was last used, which is written once a minute.
const KEPT_FOR: Duration = Duration::from_secs(60);

/// The records of tokens that were read lately, by the tokens' ids.
#[derive(Clone)]
pub struct TokenRecords(Cache<TokenId, Arc<TokenRecord>>);

impl Default for TokenRecords {
    fn default() -> Self {
        let cache = Cache::builder().max_capacity(KEPT).time_to_live(KEPT_FOR);
        Self(cache.build())
    }
}

impl TokenRecords {
    /// The kept record, if it would admit the request: whatever it would refuse is refused by what the database has.
    fn usable(&self, state: &State, id: TokenId, url: TenantUrl<'_>) -> Option<TokenRecord> {
        let kept = self.0.get(&id)?;
        let is_active = kept.status(state.clock.now()) == CredentialStatus::Active;
        let admits = is_active && url.check(&kept.tenant_name, &kept.directory).is_ok();
        admits.then(|| TokenRecord::clone(&kept))
    }
}

/// Where the record of a token may come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// This process may have kept it: the request's first statement checks it.
    KeptOrDatabase,
    /// It is read for this request.
    Database,
}

/// The verified caller of a SCIM request.
///
/// # Errors
/// `unauthorized`, `directoryOff`, `busy`, or `unavailable` when the record cannot be read.
pub async fn caller(
    state: &State,
    request: &HttpRequest,
    base: &Base<'_>,
    source: Source,
) -> Result<Caller, Failure> {
    let verified = verified(state, request, async |presented| {
        record(state, presented, base.tenant_url(), source).await
    });
    let verified = verified.await.map_err(|denied| match denied {
        Denied::Refused(refusal) => failure(&refusal),
        Denied::RecordUnreadable => Failure::new(ErrorCode::Unavailable),
    })?;
    let id = verified.id();
    let caller = verified.admit(base.tenant_url()).map_err(|refusal| {
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
    // A secret that was not right before never comes by the kept record: guesses are judged by what the database has.
    if source == Source::KeptOrDatabase
        && presented.was_right()
        && let Some(kept) = state.token_records.usable(state, id, url)
    {
        return Ok(Some(kept));
    }
    let record = state.store.token_record(id).await?;
    match &record {
        Some(record) => state.token_records.0.insert(id, Arc::new(record.clone())),
        None => state.token_records.0.invalidate(&id),
    }
    Ok(record)
}

/// The answer to a refusal. A 401 only for what was checked: Entra stops calling after one.
fn failure(refusal: &Refusal) -> Failure {
    match refusal {
        Refusal::Unauthorized(_) | Refusal::WrongDirectory { .. } => Failure::new(ErrorCode::Unauthorized),
        Refusal::DirectoryOff { .. } => Failure::new(ErrorCode::DirectoryOff),
        Refusal::Busy => Failure::new(ErrorCode::Busy).after(1),
    }
}
