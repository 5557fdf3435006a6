//! GET /Groups and POST /Groups/.search (RFC 7644 §3.4.2–3.4.3): Entra's match query, and half of its connection test.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use provisioning::groups;
use scim::message::list_response;

use super::super::error::Failure;
use super::super::response_body::{Entry, ResponseBody};
use super::super::{RequestContext, respond};

/// Lists groups, each with its members unless they are excluded; nothing in a directory that serves none.
///
/// # Errors
/// `invalidFilter`: never an unfiltered list; `invalidValue` for an order, `invalidCursor`, `tooMany`.
pub async fn answer(ctx: &RequestContext<'_>) -> Result<HttpResponse, Failure> {
    if super::served(ctx).is_err() {
        let nothing = list_response(0, ctx.query.start_index(), Vec::new());
        return Ok(respond::body(StatusCode::OK, &nothing));
    }
    let found = groups::list::execute(&ctx.state.provisioning, &ctx.caller, &ctx.query).await?;
    let groups = found.items.into_iter().map(Entry::Group);
    ResponseBody::of_list(ctx, &found.head, groups)?
        .into_response(StatusCode::OK)
        .await
}
