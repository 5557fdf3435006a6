//! SCIM 2.0 over HTTP (RFC 7644) at the Tenant URLs: one table of routes ([`routes`]), the operations once for users and
//! groups (`handlers`), one table of errors ([`error`]).
//!
//! The order of things (`docs/architecture.md`): size → route → method → credential → place → body → use-case →
//! projection. Must not know: how anything is decided or stored.

mod bulk;
mod context;
mod discovery;
pub mod error;
mod groups;
mod handlers;
mod prepared;
pub mod respond;
mod response_body;
pub mod route;
pub mod routes;
mod search;
mod users;

use std::time::Instant;

use actix_web::{HttpRequest, HttpResponse, web};
use store::CredentialGuard;

use self::context::RequestContext;
use self::error::{ErrorCode, Failure};
use self::prepared::{Prepared, announced_length};
use self::route::Route;
use self::routes::Operation;
use crate::extract::body::drain;
use crate::extract::caller::{Source, caller};
use crate::limits::{ADMITTED, BODY_BYTES};
use crate::observe::Facts;
use crate::state::State;

/// Answers everything that is no other route of the gateway.
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
    // The operations of a bulk request are admitted one by one, whatever the first of them finds.
    let source = match action.operation {
        Operation::Bulk => Source::Database,
        _ => Source::KeptOrDatabase,
    };
    let caller = caller(state, request, &route.base, source).await?;
    let prepared = Prepared::of(state, request, payload, (&route, action), &caller).await;
    let (prepared, permits) = match prepared {
        Ok(prepared) => prepared,
        Err(failure) => {
            // No statement has checked the credential of the request that is refused.
            if source == Source::KeptOrDatabase && !failure.is_fault() {
                self::caller(state, request, &route.base, Source::Database).await?;
            }
            return Err(failure);
        }
    };
    let caller = match begun.elapsed() > ADMITTED {
        // It has waited, for a place or for its body: what was taken back meanwhile does nothing any more.
        true => self::caller(state, request, &route.base, source).await?,
        false => caller,
    };
    if source == Source::Database {
        return prepared.run(caller, permits, None).await;
    }
    let admitted = caller.credential_state.clone();
    let guard = CredentialGuard::new(&caller.token_id, &admitted);
    let outcome = prepared.run(caller, permits, Some(guard.clone())).await;
    let is_fault = outcome.as_ref().is_err_and(Failure::is_fault);
    if guard.was_checked() || is_fault && !guard.was_refused() {
        return outcome;
    }
    // The credential has changed, or no statement has checked it; either way nothing was done.
    let caller = self::caller(state, request, &route.base, Source::Database).await?;
    if !guard.was_refused() && caller.credential_state == admitted {
        return outcome;
    }
    let permits = prepared.permits(&caller).await?;
    prepared.run(caller, permits, None).await
}
