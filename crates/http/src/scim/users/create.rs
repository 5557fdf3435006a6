//! POST /Users (RFC 7644 §3.3): 201 with the whole resource.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use provisioning::users;
use serde_json::Value;

use super::super::Asked;
use super::super::error::Failure;

/// Creates an identity.
///
/// # Errors
/// As the use-case: `invalidSyntax`, `invalidValue`, `uniqueness`.
pub async fn answer(asked: &Asked<'_>, body: Value) -> Result<HttpResponse, Failure> {
    let Asked {
        state, caller, call, ..
    } = asked;
    let identity = users::create::execute(&state.provisioning, caller, call, body).await?;
    super::answer(asked, StatusCode::CREATED, &identity).await
}
