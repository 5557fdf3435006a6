//! Who is calling: the credential, its record, and whether it belongs to this URL. Before any body is read.
//!
//! The record is read at every request, so that a revoked token is refused at the next one, on every instance
//! (DESIGN §2.4). Every refusal is the same 401; the reason goes to the log.

use actix_web::HttpRequest;
use actix_web::http::header::AUTHORIZATION;
use auth::place::Place;
use auth::{Kind, Refusal};
use domain::credential::Caller;

use super::client;
use crate::observe::Facts;
use crate::scim::error::{Code, Failure};
use crate::scim::route::Base;
use crate::state::State;

/// The verified caller of a SCIM request.
///
/// # Errors
/// `unauthorized`, `directoryOff`, `throttled`, `busy`, or `unavailable` when the record cannot be read.
pub async fn caller(state: &State, request: &HttpRequest, base: &Base<'_>) -> Result<Caller, Failure> {
    let refused = |refusal: Refusal, id: Option<&str>| refusal_of(request, &refusal, id);
    let lines = request
        .headers()
        .get_all(AUTHORIZATION)
        .map(|value| value.as_bytes());
    let ip = client::address(request, state.proxy_hops);
    let presented = state
        .verifier
        .precheck(Kind::Token, lines, ip)
        .map_err(|refusal| refused(refusal, None))?;
    let id = Some(presented.id());
    let record = state.store.token_record(presented.id()).await?;
    let now = state.clock.now();
    let caller = state
        .verifier
        .verify(&presented, record, now)
        .await
        .map_err(|refusal| refused(refusal, id))?;
    let place = Place {
        tenant: base.tenant.as_deref(),
        profile: base.profile.as_deref(),
    };
    state
        .verifier
        .admit(&caller, place)
        .map_err(|refusal| refused(refusal, id))?;
    Facts::tell_caller(request, &caller);
    Ok(caller)
}

/// The answer to a refusal; says to the operator's log what it does not say to the client.
fn refusal_of(request: &HttpRequest, refusal: &Refusal, token_id: Option<&str>) -> Failure {
    let request_id = Facts::of(request).map(|facts| tracing::field::display(facts.request));
    tracing::info!(
        event.name = "usher.security",
        reason = refusal.code(),
        usher.token.id = token_id,
        request.id = request_id,
        "credential refused: {refusal}"
    );
    match refusal {
        Refusal::Unauthorized(_) | Refusal::WrongDirectory { .. } => Failure::new(Code::Unauthorized),
        Refusal::DirectoryOff { .. } => Failure::new(Code::DirectoryOff),
        Refusal::Busy => Failure::new(Code::Busy).after(1),
        Refusal::Throttled { retry_after } => {
            Failure::new(Code::Throttled).after(retry_after.as_secs().max(1))
        }
    }
}
