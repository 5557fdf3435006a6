//! DELETE /Groups/{id} (RFC 7644 §3.6): 204, and 404 the second time.

use actix_web::HttpResponse;
use provisioning::groups;

use super::super::Asked;
use super::super::error::Failure;

/// Deletes a group.
///
/// # Errors
/// `notFound`, also when it is gone already; `preconditionFailed`, `groupsNotServed`.
pub async fn answer(asked: &Asked<'_>, id: &str) -> Result<HttpResponse, Failure> {
    let Asked {
        state, caller, call, ..
    } = asked;
    groups::delete::execute(&state.provisioning, caller, call, id).await?;
    Ok(HttpResponse::NoContent().finish())
}
