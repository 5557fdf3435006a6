//! GET /Users/{id} (RFC 7644 §3.4.1); 304 for the version that If-None-Match names (§3.14).

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use provisioning::users;

use super::super::RequestContext;
use super::super::error::Failure;
use super::view::View;

/// Reads an identity.
///
/// # Errors
/// `notFound`, also for another directory's identity; `preconditionFailed`.
pub async fn answer(ctx: &RequestContext<'_>, id: &str) -> Result<HttpResponse, Failure> {
    let identity = users::get::execute(&ctx.state.provisioning, &ctx.caller, id).await?;
    let view = View::of(ctx)?;
    let shown = super::shown(ctx, &view, &identity).await?;
    if let Some(answer) = ctx.unread(identity.revision, &shown.tag)? {
        return Ok(answer);
    }
    Ok(view.answer(StatusCode::OK, &shown))
}
