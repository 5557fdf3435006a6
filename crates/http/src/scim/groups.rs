//! Groups as SCIM Groups, one file an operation; and what a directory without groups says instead: Entra asks for groups in
//! every connection test, and a 404 there fails the test, so the query answers an empty list
//! (`docs/background/entra.md`, "The probe").

pub mod create;
pub mod delete;
pub mod get;
pub mod list;
pub mod patch;
pub mod replace;
pub mod view;

use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{ETAG, LOCATION};
use domain::group::Group;
use domain::profile::Profile;
use scim::query::Projection;
use scim::quirk::rules::Answer;

use self::view::View;
use super::error::Failure;
use super::response_body::ResponseBody;
use super::{RequestContext, respond};

/// The profile of a directory that serves groups.
///
/// # Errors
/// `groupsNotServed`: to be asked before a body is read.
pub fn served(ctx: &RequestContext<'_>) -> Result<Arc<Profile>, Failure> {
    let profile = ctx.state.provisioning.profile(&ctx.caller)?;
    match profile.group_type {
        Some(_) => Ok(profile),
        None => Err(provisioning::Error::GroupsNotServed {
            profile: profile.name.clone(),
            provider: ctx.caller.directory.provider,
        }
        .into()),
    }
}

/// One group as the answer to this request, with its members if they are wanted.
async fn answer(ctx: &RequestContext<'_>, status: StatusCode, group: Group) -> Result<HttpResponse, Failure> {
    let tag = tag(ctx, &group).await?;
    tagged(ctx, status, group, tag).await
}

/// The tag of a group's answer: the revision, and a mark of the members that are shown.
async fn tag(ctx: &RequestContext<'_>, group: &Group) -> Result<String, Failure> {
    let view = View::of(ctx)?;
    view.tag(&ctx.state.provisioning, &ctx.caller, group).await
}

/// The same, with a tag that is known already.
async fn tagged(
    ctx: &RequestContext<'_>,
    status: StatusCode,
    group: Group,
    tag: String,
) -> Result<HttpResponse, Failure> {
    let location = View::of(ctx)?.meta(&group).location;
    let body = ResponseBody::of_group(ctx, group, tag.clone())?;
    let mut answer = body.into_response(status).await?;
    for (name, value) in [(ETAG, tag), (LOCATION, location)] {
        if let Ok(value) = value.parse() {
            answer.headers_mut().insert(name, value);
        }
    }
    Ok(answer)
}

/// The answer to a PATCH that succeeded; who asks for certain attributes gets them (RFC 7644 §3.5.2).
async fn changed(ctx: &RequestContext<'_>, group: Group) -> Result<HttpResponse, Failure> {
    let wanted = ctx.caller.directory.provider.rules().patch_group;
    if wanted == Answer::NoContent && ctx.query.projection == Projection::default() {
        return Ok(respond::no_content(&View::of(ctx)?.meta(&group)));
    }
    answer(ctx, StatusCode::OK, group).await
}
