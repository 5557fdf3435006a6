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
    let shown = shown(ctx, identity).await?;
    let location = respond::meta(identity, &ctx.base).location;
    Ok(respond::resource(status, &shown.document, &shown.tag, &location))
}

/// One identity as this request wants to see it.
async fn shown(ctx: &RequestContext<'_>, identity: &Identity) -> Result<Shown, Failure> {
    let one = std::slice::from_ref(identity);
    let view = View::of(ctx)?;
    let mut shown = view.documents(&ctx.state.provisioning, &ctx.caller, one).await?;
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
