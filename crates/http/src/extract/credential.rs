//! The credential of a request, for SCIM and for feeds: text → record → verification, before any body is read.
//!
//! A revoked credential is refused at the next request, on every instance: its record is read for the request, or checked by
//! the request's first statement ([`super::caller`], ADR 0038). A verified credential gives no access yet: [`super::caller`]
//! and the feeds compare it with the URL. Every refusal is logged with its reason.

use std::net::IpAddr;

use actix_web::HttpRequest;
use actix_web::http::header::{AUTHORIZATION, HeaderValue};
use auth::{CredentialKind, CredentialRecord, Presented, Refusal, Verified};
use domain::credential::TokenId;
use store::StoreError;

use super::client;
use crate::observe::Facts;
use crate::state::State;

/// The client's network: its IPv4 address, or the /64 of its IPv6 address.
pub fn network(state: &State, request: &HttpRequest) -> IpAddr {
    auth::rate_limiter::network(client::address(request, state.proxy_hops))
}

/// Why there is no verified credential. It is logged already.
pub enum Denied {
    /// The credential is refused, or cannot be checked now.
    Refused(Refusal),
    /// Its record could not be read from the database.
    RecordUnreadable,
}

/// Verifies the credential of a request; `read` reads its record.
///
/// # Errors
/// [`Denied`].
pub async fn verified<R: CredentialRecord>(
    state: &State,
    request: &HttpRequest,
    read: impl AsyncFnOnce(&Presented) -> Result<Option<R>, StoreError>,
) -> Result<Verified<R>, Denied> {
    let lines = request.headers().get_all(AUTHORIZATION);
    let lines = lines.map(HeaderValue::as_bytes);
    let ip = client::address(request, state.proxy_hops);
    let presented = state.verifier.precheck(R::KIND, lines, ip).await;
    verified_presented(state, request, presented, read).await
}

/// The same for a credential that does not stand in the header as a bearer.
///
/// # Errors
/// [`Denied`].
pub async fn verified_text<R: CredentialRecord>(
    state: &State,
    request: &HttpRequest,
    text: &str,
    read: impl AsyncFnOnce(&Presented) -> Result<Option<R>, StoreError>,
) -> Result<Verified<R>, Denied> {
    let ip = client::address(request, state.proxy_hops);
    let presented = state.verifier.precheck_text(R::KIND, text, ip).await;
    verified_presented(state, request, presented, read).await
}

async fn verified_presented<R: CredentialRecord>(
    state: &State,
    request: &HttpRequest,
    presented: Result<Presented, Refusal>,
    read: impl AsyncFnOnce(&Presented) -> Result<Option<R>, StoreError>,
) -> Result<Verified<R>, Denied> {
    let refused = |refusal: Refusal, id: Option<TokenId>| {
        log_refusal(state, request, R::KIND, &refusal, id);
        Denied::Refused(refusal)
    };
    let presented = presented.map_err(|refusal| refused(refusal, None))?;
    let id = presented.id();
    let record = read(&presented).await.map_err(|error| {
        log_unreadable(state, request, &error);
        Denied::RecordUnreadable
    })?;
    // It only saves time, so the check goes on without it when it cannot be read.
    let memory = async || {
        let memory = state.store.credential_memory(R::KIND, id).await;
        memory.unwrap_or_default()
    };
    state
        .verifier
        .verify(presented, record, state.clock.now(), memory)
        .await
        .map_err(|refusal| refused(refusal, Some(id)))
}

/// Counts the refusal for the audit log, and logs the reason, which the answer does not give. It is the only log line of this request.
pub fn log_refusal(
    state: &State,
    request: &HttpRequest,
    kind: CredentialKind,
    refusal: &Refusal,
    id: Option<TokenId>,
) {
    state.refusal_counts.count(network(state, request), kind, refusal);
    if !may_log(state, request) {
        return;
    }
    let (facts, method) = (Facts::of(request), request.method().as_str());
    tracing::info!(
        event.name = "usher.security",
        reason = refusal.code(),
        kind = kind.as_str(),
        usher.token.id = id.as_ref().map(TokenId::as_str),
        request.id = facts.as_ref().map(|facts| tracing::field::display(facts.request)),
        http.request.method = crate::observe::known_method(method),
        http.route = facts.as_ref().map(|facts| facts.route),
        "credential refused: {refusal}"
    );
}

/// Logs that a credential's record could not be read. This is no refusal of the credential.
pub fn log_unreadable(state: &State, request: &HttpRequest, error: &StoreError) {
    if may_log(state, request) {
        let id = Facts::of(request).map(|facts| tracing::field::display(facts.request));
        tracing::error!(request.id = id, %error, "the database could not serve a request");
    }
}

/// Whether this request may have a log line, which is then its only one.
fn may_log(state: &State, request: &HttpRequest) -> bool {
    Facts::record(request, |facts| facts.logged = true);
    state.log_budget.allows(network(state, request))
}
