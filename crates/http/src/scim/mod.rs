//! SCIM 2.0 over HTTP (RFC 7644) at the Tenant URLs: one table of routes ([`routes`]), the operations once for users and
//! groups (`handlers`), one table of errors ([`error`]).
//!
//! The order of the steps (`docs/architecture.md`): size → route → method → credential → permit → body → use-case →
//! projection. Must not know: how anything is decided or stored.

mod bulk;
mod context;
mod discovery;
pub mod error;
mod handlers;
pub mod respond;
mod response_body;
pub mod route;
pub mod routes;
mod search;
mod view;

use std::time::Instant;

use actix_web::{HttpRequest, HttpResponse, web};
use store::CredentialGuard;

use self::context::{RequestContext, announced_length};
use self::error::{ErrorCode, Failure};
use self::route::Route;
use self::routes::{Action, ExpectedBody, Operation};
use crate::extract::body::drain;
use crate::extract::caller::{Source, caller};
use crate::limits::{BODY_BYTES, CREDENTIAL_CHECK_AGE, LONG_BODY_BYTES};
use crate::observe::Facts;
use crate::state::State;

/// The number of times that a request is run when its credential changes before each first statement.
const ATTEMPTS: usize = 3;

/// Answers every request that no other route of the gateway takes.
pub async fn serve(request: HttpRequest, mut payload: web::Payload, state: web::Data<State>) -> HttpResponse {
    match answer(&request, &mut payload, &state).await {
        Ok(answer) => answer,
        Err(failure) => {
            drain(&request, &mut payload).await;
            respond::failure(&request, &failure)
        }
    }
}

async fn answer(
    request: &HttpRequest,
    payload: &mut web::Payload,
    state: &State,
) -> Result<HttpResponse, Failure> {
    let begun = Instant::now();
    if announced_length(request) > BODY_BYTES {
        return Err(Failure::new(ErrorCode::BodyTooLarge));
    }
    let route = Route::of(request.path()).ok_or_else(|| Failure::new(ErrorCode::NoSuchRoute))?;
    let action = route.endpoint.action(request.method())?;
    Facts::record(request, |facts| facts.operation = Some(action.word));
    let source = source(request, action);
    let caller = caller(state, request, &route.base, source).await?;
    let read = RequestContext::of(state, request, payload, (&route, action), caller).await;
    let (mut ctx, _permits) = match read {
        Ok(read) => read,
        Err(failure) => {
            // A refusal needs a credential that was checked, and no statement of this request has done it.
            if source == Source::CacheOrDatabase && !failure.is_fault() {
                self::caller(state, request, &route.base, Source::Database).await?;
            }
            return Err(failure);
        }
    };
    if begun.elapsed() > CREDENTIAL_CHECK_AGE {
        // It has waited, for a permit or for its body: the credential may have been revoked meanwhile.
        ctx.verify_again().await?;
    }
    match source {
        Source::Database => ctx.run(None).await,
        Source::CacheOrDatabase => attempts(&mut ctx).await,
    }
}

/// Runs a request until a statement has found its credential unchanged, or until it needed no statement.
async fn attempts(ctx: &mut RequestContext<'_>) -> Result<HttpResponse, Failure> {
    for _ in 0..ATTEMPTS {
        let state = ctx.request.caller.credential_state;
        let guard = CredentialGuard::new(state);
        let outcome = ctx.run(Some(guard.clone())).await;
        let no_database = outcome
            .as_ref()
            .is_err_and(|failure| failure.code == ErrorCode::Unavailable);
        if guard.was_checked() || no_database && !guard.was_refused() {
            return outcome;
        }
        // The credential has changed, or no statement has checked it. In both cases nothing was changed.
        ctx.verify_again().await?;
        if !guard.was_refused() && ctx.request.caller.credential_state == state {
            return outcome;
        }
    }
    Err(Failure::new(ErrorCode::Unavailable))
}

/// Whether the record of the token may come from the cache. Not for a bulk request, whose operations are authorised one by
/// one; and not for a long body, so that one with a revoked credential takes no permit of the tenant while it is sent.
fn source(request: &HttpRequest, action: &Action) -> Source {
    let length = announced_length(request);
    let is_short = action.body == ExpectedBody::Nothing || (1..=LONG_BODY_BYTES).contains(&length);
    match action.operation {
        Operation::Bulk => Source::Database,
        _ if is_short => Source::CacheOrDatabase,
        _ => Source::Database,
    }
}
