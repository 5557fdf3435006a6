//! Identities as SCIM Users, one file an operation.

pub mod create;
pub mod delete;
pub mod get;
pub mod list;
pub mod patch;
pub mod replace;
pub mod view;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use domain::identity::Identity;
use scim::query::Projection;
use scim::quirk::rules::Answer;

use self::view::{Shown, View};
use super::error::Failure;
use super::{RequestContext, respond};

/// One identity as the answer to this request.
async fn answer(
    ctx: &RequestContext<'_>,
    status: StatusCode,
    identity: &Identity,
) -> Result<HttpResponse, Failure> {
    let view = View::of(ctx)?;
    let shown = shown(ctx, &view, identity).await?;
    Ok(view.answer(status, &shown))
}

/// One identity as this request wants to see it.
async fn shown<'i>(
    ctx: &RequestContext<'_>,
    view: &View,
    identity: &'i Identity,
) -> Result<Shown<'i>, Failure> {
    let one = std::slice::from_ref(identity);
    let mut shown = view.shown(&ctx.state.provisioning, &ctx.caller, one).await?;
    Ok(shown.swap_remove(0))
}

/// The answer to a PATCH that succeeded; who asks for certain attributes gets them (RFC 7644 §3.5.2).
async fn changed(
    ctx: &RequestContext<'_>,
    wanted: Answer,
    identity: &Identity,
) -> Result<HttpResponse, Failure> {
    if wanted == Answer::NoContent && ctx.query.projection == Projection::default() {
        return Ok(respond::no_content(&respond::meta(identity, &ctx.base)));
    }
    answer(ctx, StatusCode::OK, identity).await
}
