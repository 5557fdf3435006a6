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
use super::{Asked, respond};

/// One identity as the answer to this request.
async fn answer(asked: &Asked<'_>, status: StatusCode, identity: &Identity) -> Result<HttpResponse, Failure> {
    let shown = shown(asked, identity).await?;
    let location = respond::meta(identity, &asked.base).location;
    Ok(respond::resource(status, &shown.document, &shown.tag, &location))
}

/// One identity as this request wants to see it.
async fn shown(asked: &Asked<'_>, identity: &Identity) -> Result<Shown, Failure> {
    let one = std::slice::from_ref(identity);
    let view = View::of(asked)?;
    let mut shown = view
        .documents(&asked.state.provisioning, &asked.caller, one)
        .await?;
    Ok(shown.swap_remove(0))
}

/// The answer to a PATCH that succeeded; who asks for certain attributes gets them (RFC 7644 §3.5.2).
async fn changed(asked: &Asked<'_>, wanted: Answer, identity: &Identity) -> Result<HttpResponse, Failure> {
    if wanted == Answer::NoContent && asked.query.projection == Projection::default() {
        return Ok(respond::no_content(&respond::meta(identity, &asked.base)));
    }
    answer(asked, StatusCode::OK, identity).await
}
