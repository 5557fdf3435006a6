//! Identities as SCIM Users, one file an operation.

pub mod create;
pub mod delete;
pub mod get;
pub mod list;
pub mod patch;
pub mod replace;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use domain::identity::Identity;
use scim::query::Projection;
use scim::quirk::rules::Answer;

use super::error::Failure;
use super::{Asked, respond};

/// One identity as the answer to this request.
fn answer(asked: &Asked<'_>, status: StatusCode, identity: &Identity) -> Result<HttpResponse, Failure> {
    let profile = asked.state.provisioning.profile(&asked.caller)?;
    Ok(respond::identity(
        status,
        &profile,
        identity,
        &asked.base,
        &asked.query.projection,
    ))
}

/// The answer to a PATCH that succeeded; who asks for certain attributes gets them (RFC 7644 §3.5.2).
fn changed(asked: &Asked<'_>, wanted: Answer, identity: &Identity) -> Result<HttpResponse, Failure> {
    if wanted == Answer::NoContent && asked.query.projection == Projection::default() {
        return Ok(respond::no_content(&respond::meta(identity, &asked.base)));
    }
    answer(asked, StatusCode::OK, identity)
}
