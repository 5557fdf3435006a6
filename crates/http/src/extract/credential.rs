//! What SCIM and feeds share in checking a credential: reading it, what is remembered of it, and telling the log why it
//! was refused. Whose it is and what it opens is for [`super::caller`] and the feeds' own `caller`.

use std::net::IpAddr;

use actix_web::HttpRequest;
use actix_web::http::header::AUTHORIZATION;
use auth::{CredentialKind, Presented, Refusal};
use domain::credential::Memory;
use store::StoreError;

use super::client;
use crate::observe::Facts;
use crate::state::State;

/// The network that a request comes from.
pub fn network(state: &State, request: &HttpRequest) -> IpAddr {
    auth::rate_limiter::network(client::address(request, state.proxy_hops))
}

/// The credential in the `Authorization` lines, when its record may be read.
///
/// # Errors
/// As [`auth::Verifier::precheck`].
pub async fn present(
    state: &State,
    request: &HttpRequest,
    kind: CredentialKind,
) -> Result<Presented, Refusal> {
    let lines = request.headers().get_all(AUTHORIZATION);
    let lines = lines.map(|value| value.as_bytes());
    let ip = client::address(request, state.proxy_hops);
    state.verifier.precheck(kind, lines, ip).await
}

/// What is remembered of a credential; nothing, if that cannot be read: it only speeds things up.
pub async fn memory(state: &State, kind: CredentialKind, id: &str) -> Memory {
    let memory = state.store.credential_memory(kind, id).await;
    memory.unwrap_or_default()
}

/// Tells the operator's log what the answer does not say. It is the only line of this request.
pub fn log_refusal(
    state: &State,
    request: &HttpRequest,
    kind: CredentialKind,
    refusal: &Refusal,
    id: Option<&str>,
) {
    if !may_log(state, request) {
        return;
    }
    let (facts, method) = (Facts::of(request), request.method().as_str());
    tracing::info!(
        event.name = "usher.security",
        reason = refusal.code(),
        kind = kind.as_str(),
        usher.token.id = id,
        request.id = facts.as_ref().map(|facts| tracing::field::display(facts.request)),
        http.request.method = crate::observe::known_method(method),
        http.route = facts.as_ref().map(|facts| facts.route),
        "credential refused: {refusal}"
    );
}

/// Tells the log that a credential's record could not be read: the database's fault, for which nobody is refused.
pub fn log_unreadable(state: &State, request: &HttpRequest, error: &StoreError) {
    if may_log(state, request) {
        let id = Facts::of(request).map(|facts| tracing::field::display(facts.request));
        tracing::error!(request.id = id, %error, "the database could not serve a request");
    }
}

/// Whether this request may have a line, which is then its only one.
fn may_log(state: &State, request: &HttpRequest) -> bool {
    Facts::record(request, |facts| facts.logged = true);
    state.log_budget.allows(network(state, request))
}
