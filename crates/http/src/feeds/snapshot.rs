//! `GET /feeds/{app}/snapshot?limit=&cursor=`: a page of everything that there is, and the position to go on after (ADR 0039).

use actix_web::{HttpRequest, HttpResponse, web};
use domain::event::in_epoch;
use domain::tenant::Directory;
use events::{SnapshotPage, Sources};
use serde_json::json;

use super::caller::caller;
use super::problem::Problem;
use super::query;
use super::streamed::{JsonArray, streamed};
use crate::observe::Facts;
use crate::state::State;

/// Answers the route.
pub(super) async fn entries(request: HttpRequest, state: web::Data<State>) -> HttpResponse {
    Facts::record(&request, |facts| facts.route = super::SNAPSHOT);
    page(&request, &state)
        .await
        .unwrap_or_else(|problem| problem.problem(&request))
}

async fn page(request: &HttpRequest, state: &State) -> Result<HttpResponse, Problem> {
    let app = caller(state, request).await?;
    let (limit, cursor) = query::snapshot(request.query_string())?;
    let provisioning = &state.provisioning;
    let sources = Sources {
        environment: provisioning.environment,
        ids: state.ids.as_ref(),
        profile: &|directory: &Directory| {
            let profile = provisioning.profile_of(directory);
            profile.map_err(|error| error.to_string())
        },
    };
    let feeds = state.events.feeds();
    let (page, permit) = feeds.snapshot(app, limit, cursor.as_deref(), sources).await?;
    let mut response = HttpResponse::Ok();
    response
        .insert_header(("usher-position", page.position.to_string()))
        .insert_header(("usher-epoch", page.epoch.to_string()))
        .content_type("application/json");
    Ok(response.body(streamed(written(page), permit)))
}

/// `{"events","position","epoch","next"}`.
fn written(page: SnapshotPage) -> JsonArray<impl Iterator<Item = String>> {
    let SnapshotPage {
        entries,
        position,
        epoch,
        next,
    } = page;
    let closing = format!(
        "],\"position\":{position},\"epoch\":\"{epoch}\",\"next\":{}}}",
        json!(next)
    );
    JsonArray {
        opening: "{\"events\":[",
        items: entries.into_iter().map(move |entry| in_epoch(&entry, &epoch)),
        closing,
    }
}
