//! PUT /Users/{id} (RFC 7644 §3.5.1).

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use provisioning::users;
use serde_json::Value;

use super::super::RequestContext;
use super::super::error::Failure;

/// Replaces an identity's document.
///
/// # Errors
/// As the use-case: `notFound`, `invalidSyntax`, `invalidValue`, `uniqueness`.
pub async fn answer(ctx: &RequestContext<'_>, id: &str, body: Value) -> Result<HttpResponse, Failure> {
    let id = id.to_owned();
    let identity = ctx
        .run(|context, caller, call| async move {
            users::replace::execute(&context, &caller, &call, &id, body).await
        })
        .await?;
    super::answer(ctx, StatusCode::OK, &identity).await
}
