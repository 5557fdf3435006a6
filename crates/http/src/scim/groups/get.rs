//! GET /Groups/{id} (RFC 7644 §3.4.1); 304 for the version that If-None-Match names (§3.14).

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use provisioning::groups;

use super::super::RequestContext;
use super::super::error::{ErrorCode, Failure};

/// Reads a group, with its members unless they are excluded.
///
/// # Errors
/// `notFound`, also for another directory's group, and in a directory without groups; `preconditionFailed`.
pub async fn answer(ctx: &RequestContext<'_>, id: &str) -> Result<HttpResponse, Failure> {
    if super::served(ctx).is_err() {
        return Err(Failure::with(
            ErrorCode::NotFound,
            "No group with this id exists: this directory serves no groups.",
        ));
    }
    let group = groups::get::execute(&ctx.state.provisioning, &ctx.caller, id).await?;
    let tag = super::tag(ctx, &group).await?;
    if let Some(answer) = ctx.unread(group.revision, &tag)? {
        return Ok(answer);
    }
    super::tagged(ctx, StatusCode::OK, group, tag).await
}
