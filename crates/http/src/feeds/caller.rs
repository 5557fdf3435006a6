//! Who reads: the app's credential, its record, and whether the feed is its own. The record is read at every request,
//! so that a revoked credential is refused at the next one.

use actix_web::HttpRequest;
use auth::{CredentialKind, Refusal};
use domain::id::AppId;

use super::problem::{Problem, ProblemCode};
use crate::extract::credential::{log_refusal, log_unreadable, memory, present};
use crate::observe::Facts;
use crate::state::State;

/// The verified app whose feed the URL names.
///
/// # Errors
/// 401 for every bad credential, 404 for a feed that is not its own, 503 as for SCIM.
pub(super) async fn caller(state: &State, request: &HttpRequest) -> Result<AppId, Problem> {
    let refused = |refusal: Refusal, id: Option<&str>| {
        log_refusal(state, request, CredentialKind::App, &refusal, id);
        problem(&refusal)
    };
    let presented = present(state, request, CredentialKind::App)
        .await
        .map_err(|refusal| refused(refusal, None))?;
    let id = presented.id().to_owned();
    let record = state.store.app_credential(&id).await.map_err(|error| {
        log_unreadable(state, request, &error);
        Problem::database_away()
    })?;
    let remembered = async || memory(state, CredentialKind::App, &id).await;
    let app = state
        .verifier
        .verify_app(presented, record, state.clock.now(), remembered)
        .await
        .map_err(|refusal| refused(refusal, Some(&id)))?;
    Facts::record(request, |facts| facts.verified = true);
    if request.match_info().get("app") != Some(app.app_name.as_str()) {
        return Err(Problem::no_such_feed());
    }
    Ok(app.app)
}

/// The answer to a refusal.
fn problem(refusal: &Refusal) -> Problem {
    match refusal {
        Refusal::Busy => Problem::new(
            ProblemCode::Unavailable,
            "many credentials are being checked: try again",
        )
        .after(1),
        Refusal::Unauthorized(_) | Refusal::WrongDirectory { .. } | Refusal::DirectoryOff { .. } => {
            Problem::unauthorized()
        }
    }
}
