//! An access token on a SCIM route: signature, claims and record (ADR 0043), or a token that Entra made itself (ADR 0044). It costs no more
//! than a pasted token: what was verified once is kept, and the record may come from this process's cache, because the request's first
//! statement checks that it is current (ADR 0038).
//!
//! Must not know: how tokens are made ([`crate::oauth`]).

use std::sync::Arc;
use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::http::header::{AUTHORIZATION, HeaderValue};
use auth::access::{AccessClaims, AccessRecord, RecordKind};
use auth::jwt::{Jwt, JwtError, is_likely};
use auth::queue::{Priority, Requester};
use auth::tenant_url::TenantUrl;
use auth::verify::VerifiedAccess;
use auth::{CredentialKind, Reason, Refusal, federation, token};
use domain::credential::TokenId;
use domain::environment::Environment;
use moka::sync::Cache;
use store::StoreError;

use super::caller::Source;
use super::client;
use super::credential::{Denied, log_refusal, log_unreadable, network};
use crate::oauth::{KEYS_AGE, UNKNOWN_KEY_AGE};
use crate::state::State;

/// The number of records in the cache.
const CACHED_RECORDS: u64 = 10_000;
/// The time a record is cached.
const CACHED_FOR: Duration = Duration::from_mins(1);

/// A cache of the records of access tokens, by kind and id.
#[derive(Clone)]
pub struct AccessRecords(Cache<(RecordKind, TokenId), Arc<AccessRecord>>);

impl Default for AccessRecords {
    fn default() -> Self {
        let cache = Cache::builder()
            .max_capacity(CACHED_RECORDS)
            .time_to_live(CACHED_FOR);
        Self(cache.build())
    }
}

/// The JWT that a request brings, if it brings one.
pub fn presented(request: &HttpRequest) -> Option<&str> {
    let lines = request.headers().get_all(AUTHORIZATION);
    let text = token::bearer(lines.map(HeaderValue::as_bytes)).ok()?;
    is_likely(text).then_some(text)
}

/// Verifies the JWT of a request.
///
/// # Errors
/// [`Denied`]; it is logged.
pub async fn verified(
    state: &State,
    request: &HttpRequest,
    url: TenantUrl<'_>,
    source: Source,
    text: &str,
) -> Result<VerifiedAccess, Denied> {
    let unreadable = |error: StoreError| {
        log_unreadable(state, request, &error);
        Denied::RecordUnreadable
    };
    // With the former keys when the database is away: the record needs it anyway.
    let read = state.oauth.refresh(KEYS_AGE).await;
    let now = state.clock.now();
    let mut claims = state.oauth.tokens.verify(text, now);
    if claims == Err(JwtError::Key) {
        read.and(state.oauth.refresh(UNKNOWN_KEY_AGE).await)
            .map_err(unreadable)?;
        claims = state.oauth.tokens.verify(text, now);
    }
    let claims = match claims {
        Ok(claims) => claims,
        Err(JwtError::Type) => return entra(state, request, url, text).await,
        Err(error) => return Err(refused(state, request, Reason::Jwt(error), None)),
    };
    let id = claims.record_id();
    let address = client::address(request, state.proxy_hops);
    let cached = || {
        let cached = state.access_records.0.get(&(claims.record, id))?;
        let opens = cached.opens();
        let admits = cached.check(&claims, now, address).is_ok()
            && url
                .check(&opens.tenant_name, &opens.directory, opens.serving())
                .is_ok();
        admits.then(|| AccessRecord::clone(&cached))
    };
    // A refusal is always decided by the record in the database.
    let kept = (source == Source::CacheOrDatabase).then(cached).flatten();
    let record = match kept {
        Some(record) => Some(record),
        None => record(state, &claims).await.map_err(unreadable)?,
    };
    let verified = state.verifier.verify_access(&claims, record, now, address);
    verified.map_err(|refusal| {
        log_refusal(state, request, CredentialKind::Token, &refusal, Some(id));
        Denied::Refused(refusal)
    })
}

async fn record(state: &State, claims: &AccessClaims) -> Result<Option<AccessRecord>, StoreError> {
    let id = claims.record_id();
    let record = match claims.record {
        RecordKind::Client => {
            let found = state.store.client_record(id).await?;
            found.map(AccessRecord::Client)
        }
        RecordKind::Token => {
            let found = state.store.token_record(id).await?;
            found.map(AccessRecord::Token)
        }
    };
    let key = (claims.record, id);
    match &record {
        Some(record) => state.access_records.0.insert(key, Arc::new(record.clone())),
        None => state.access_records.0.invalidate(&key),
    }
    Ok(record)
}

/// A token that Entra made: only the URL says which directory it is for, so the URL must name tenant and profile.
async fn entra(
    state: &State,
    request: &HttpRequest,
    url: TenantUrl<'_>,
    text: &str,
) -> Result<VerifiedAccess, Denied> {
    let refused = |reason: Reason| refused(state, request, reason, None);
    let jwt = Jwt::read(text).and_then(|jwt| federation::head(&jwt).map(|()| jwt));
    let jwt = jwt.map_err(|error| refused(Reason::Jwt(error)))?;
    let (Some(tenant), Some(profile)) = (url.tenant, url.profile) else {
        return Err(refused(Reason::EntraNotAccepted));
    };
    let requester = Requester {
        priority: Priority::Unknown,
        network: network(state, request),
    };
    let busy = |_| Denied::Refused(Refusal::Busy);
    let _permit = state.oauth.assertions.enter(requester).await.map_err(busy)?;
    let found = state.store.directory_by_names(tenant, profile).await;
    let found = found.map_err(|error| {
        log_unreadable(state, request, &error);
        Denied::RecordUnreadable
    })?;
    let in_production = state.provisioning.environment == Environment::Production;
    let accepted = found.and_then(|found| {
        let entra = found.oauth.entra.clone();
        let entra = entra.filter(|entra| entra.in_production || !in_production)?;
        Some((entra, found))
    });
    let (entra, found) = accepted.ok_or_else(|| refused(Reason::EntraNotAccepted))?;
    let key = state.oauth.jwks.key(&entra.keys_url, &jwt.kid).await;
    let checked = key.and_then(|key| federation::check_entra_token(&jwt, &key, &entra, state.clock.now()));
    match checked {
        Ok(()) => {
            let id = token::id_for(&entra.entra_tenant);
            Ok(state.verifier.verified_entra(AccessRecord::Entra(found), id))
        }
        // No fault of the caller's, so no 401.
        Err(JwtError::KeysUnreadable) => Err(Denied::Refused(Refusal::Busy)),
        Err(error) => Err(refused(Reason::Jwt(error))),
    }
}

fn refused(state: &State, request: &HttpRequest, reason: Reason, id: Option<TokenId>) -> Denied {
    let refusal = state.verifier.count_refusal(Refusal::Unauthorized(reason));
    log_refusal(state, request, CredentialKind::Token, &refusal, id);
    Denied::Refused(refusal)
}
