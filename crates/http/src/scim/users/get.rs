//! GET /Users/{id} (RFC 7644 §3.4.1); 304 for the version that If-None-Match names (§3.14).

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use provisioning::users;

use super::super::Asked;
use super::super::error::Failure;

/// Reads an identity.
///
/// # Errors
/// `notFound`, also for another directory's identity; `preconditionFailed`.
pub async fn answer(asked: &Asked<'_>, id: &str) -> Result<HttpResponse, Failure> {
    let identity = users::get::execute(&asked.state.provisioning, &asked.caller, id).await?;
    if let Some(answer) = asked.unread(identity.revision)? {
        return Ok(answer);
    }
    super::answer(asked, StatusCode::OK, &identity).await
}
