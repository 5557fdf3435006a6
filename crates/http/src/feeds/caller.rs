//! Who reads: the app's credential, its record, and whether the feed is its own. The record is read at every request,
//! so that a revoked credential is refused at the next one.

use actix_web::HttpRequest;
use actix_web::http::header::AUTHORIZATION;
use auth::{Kind, Refusal};
use domain::id::AppId;

use super::problem::{Code, Problem};
use crate::extract::client;
use crate::observe::Facts;
use crate::state::State;

/// The verified app whose feed the URL names.
///
/// # Errors
/// 401 for every bad credential, 404 for a feed that is not its own, 429 and 503 as for SCIM.
pub(super) async fn caller(state: &State, request: &HttpRequest) -> Result<AppId, Problem> {
    let lines = request
        .headers()
        .get_all(AUTHORIZATION)
        .map(|value| value.as_bytes());
    let ip = client::address(request, state.proxy_hops);
    let refused = |refusal: Refusal, id: Option<&str>| refusal_of(request, &refusal, id);
    let presented = state
        .verifier
        .precheck(Kind::App, lines, ip)
        .map_err(|refusal| refused(refusal, None))?;
    let record = state.store.app_credential(presented.id()).await?;
    let now = state.clock.now();
    let verified = state.verifier.verify_app(&presented, record, now).await;
    let app = verified.map_err(|refusal| refused(refusal, Some(presented.id())))?;
    if request.match_info().get("app") != Some(app.app_name.as_str()) {
        return Err(Problem::no_such_feed());
    }
    Ok(app.app)
}

/// The answer to a refusal; the operator's log is told more than the client.
fn refusal_of(request: &HttpRequest, refusal: &Refusal, id: Option<&str>) -> Problem {
    let request_id = Facts::of(request).map(|facts| tracing::field::display(facts.request));
    tracing::info!(
        event.name = "usher.security",
        reason = refusal.code(),
        usher.token.id = id,
        request.id = request_id,
        "app credential refused: {refusal}"
    );
    match refusal {
        Refusal::Busy => {
            Problem::new(Code::Unavailable, "many credentials are being checked: try again").after(1)
        }
        Refusal::Throttled { retry_after } => Problem::new(
            Code::TooMany,
            "too many failed attempts from this address: wait, then send a valid credential",
        )
        .after(retry_after.as_secs().max(1)),
        Refusal::Unauthorized(_) | Refusal::WrongDirectory { .. } | Refusal::DirectoryOff { .. } => {
            Problem::unauthorized()
        }
    }
}
