//! POST /.search at the Tenant URL itself (RFC 7644 §3.4.3): people and groups in one list.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use provisioning::search;
use store::AnyResource;

use super::RequestContext;
use super::error::Failure;
use super::response_body::{Entry, ResponseBody};

/// Lists both types in one order; people alone in a directory without groups.
///
/// # Errors
/// `invalidFilter` for an attribute that neither type has; `invalidValue`, `invalidCursor`, `tooMany`.
pub async fn answer(ctx: &RequestContext<'_>) -> Result<HttpResponse, Failure> {
    let found = search::execute(&ctx.request.context, &ctx.request.caller, &ctx.query).await?;
    let entries = found.items.into_iter().map(|found| match found {
        AnyResource::Identity(identity) => Entry::User(identity),
        AnyResource::Group(group) => Entry::Group(group),
    });
    ResponseBody::of_list(ctx, &found.head, entries)?
        .into_response(StatusCode::OK)
        .await
}
