//! PUT /Users/{id} (RFC 7644 §3.5.1).

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use provisioning::users;
use serde_json::Value;

use super::super::Asked;
use super::super::error::Failure;

/// Replaces an identity's document.
///
/// # Errors
/// As the use-case: `notFound`, `invalidSyntax`, `invalidValue`, `uniqueness`.
pub async fn answer(asked: &Asked<'_>, id: &str, body: Value) -> Result<HttpResponse, Failure> {
    let id = id.to_owned();
    let identity = asked
        .run(|context, caller, call| async move {
            users::replace::execute(&context, &caller, &call, &id, body).await
        })
        .await?;
    super::answer(asked, StatusCode::OK, &identity).await
}
