//! GET /Users (RFC 7644 §3.4.2): Entra's match query, and its connection test. The hottest path there is. Also
//! POST /Users/.search, which says the same in a body.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use provisioning::users;
use scim::message::list_page;
use serde_json::Value;

use super::super::error::Failure;
use super::super::{Asked, respond};
use super::view::View;

/// Lists identities; each with all its attributes, because Entra compares with the list answer and reads no further
/// (`entra.md` §2.0).
///
/// # Errors
/// `invalidFilter`: never an unfiltered list; `invalidValue` for an order, `invalidCursor`, `tooMany`.
pub async fn answer(asked: &Asked<'_>) -> Result<HttpResponse, Failure> {
    let found = users::list::execute(&asked.state.provisioning, &asked.caller, &asked.query).await?;
    let view = View::of(asked, &found.items).await?;
    let resources: Vec<Value> = found
        .items
        .iter()
        .map(|identity| view.document(identity))
        .collect();
    Ok(respond::body(
        StatusCode::OK,
        &list_page(&found.head, resources.len(), resources),
    ))
}
