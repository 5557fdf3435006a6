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
