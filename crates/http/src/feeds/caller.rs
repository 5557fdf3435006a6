//! The caller of a feed: the verified credential of an app, compared with the feed in the URL.

use actix_web::HttpRequest;
use auth::Refusal;
use domain::id::AppId;

use super::problem::{Problem, ProblemCode};
use crate::extract::credential::{Denied, verified};
use crate::observe::Facts;
use crate::state::State;

/// The verified app of the feed in the URL.
///
/// # Errors
/// 401 for every bad credential, 404 for a feed that is not its own, 503 as for SCIM.
pub(super) async fn caller(state: &State, request: &HttpRequest) -> Result<AppId, Problem> {
    let verified = verified(state, request, async |presented| {
        state.store.app_credential(presented.id()).await
    })
    .await;
    let verified = verified.map_err(|denied| match denied {
        Denied::Refused(Refusal::Busy) => Problem::with(
            ProblemCode::Unavailable,
            "many credentials are being checked: try again",
        )
        .after(1),
        Denied::Refused(_) => Problem::of(ProblemCode::Unauthorized),
        Denied::RecordUnreadable => Problem::of(ProblemCode::Unavailable).after(1),
    })?;
    Facts::record(request, |facts| facts.verified = true);
    let feed = request.match_info().get("app");
    let app = feed.and_then(|feed| verified.admit(feed));
    app.map(|app| app.app)
        .ok_or_else(|| Problem::of(ProblemCode::NoSuchFeed))
}
