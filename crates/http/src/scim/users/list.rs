//! GET /Users (RFC 7644 §3.4.2): Entra's match query, and its connection test. The hottest path there is.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use provisioning::users;
use scim::message::list_response;

use super::super::error::Failure;
use super::super::{Asked, respond};
use super::view::View;

/// Lists identities; each with all its attributes, because Entra compares with the list answer and reads no further
/// (`entra.md` §2.0).
///
/// # Errors
/// `invalidFilter`: never an unfiltered list.
pub async fn answer(asked: &Asked<'_>) -> Result<HttpResponse, Failure> {
    let Asked {
        state, caller, query, ..
    } = asked;
    let filter = query.filter.as_deref();
    let start_index = query.start_index();
    let page = users::list::execute(&state.provisioning, caller, filter, start_index, query.count).await?;
    let view = View::of(asked, &page.items).await?;
    let resources = page
        .items
        .iter()
        .map(|identity| view.document(identity))
        .collect();
    Ok(respond::body(
        StatusCode::OK,
        &list_response(page.total.unwrap_or_default(), start_index, resources),
    ))
}
