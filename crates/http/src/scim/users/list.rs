//! GET /Users (RFC 7644 §3.4.2): Entra's match query, and its connection test. The hottest path there is. Also
//! POST /Users/.search, which says the same in a body.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use provisioning::users;

use super::super::RequestContext;
use super::super::error::Failure;
use super::super::response_body::{Entry, ResponseBody};

/// Lists identities; each with all its attributes, because Entra compares with the list answer and reads no further
/// (`docs/background/entra.md`, "Order of calls").
///
/// # Errors
/// `invalidFilter`: never an unfiltered list; `invalidValue` for an order, `invalidCursor`, `tooMany`.
pub async fn answer(ctx: &RequestContext<'_>) -> Result<HttpResponse, Failure> {
    let found = users::list::execute(&ctx.state.provisioning, &ctx.caller, &ctx.query).await?;
    let people = found.items.into_iter().map(Entry::Person);
    ResponseBody::of_list(ctx, &found.head, people)?
        .into_response(StatusCode::OK)
        .await
}
