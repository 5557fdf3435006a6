//! PUT /Groups/{id} (RFC 7644 §3.5.1).

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use provisioning::groups;
use serde_json::Value;

use super::super::RequestContext;
use super::super::error::Failure;

/// Replaces a group's document, and its members where the body names them.
///
/// # Errors
/// As the use-case: `notFound`, `invalidSyntax`, `invalidValue`, `uniqueness`, `tooMany`, `preconditionFailed`,
/// `groupsNotServed`.
pub async fn answer(ctx: &RequestContext<'_>, id: &str, body: Value) -> Result<HttpResponse, Failure> {
    let id = id.to_owned();
    let group = ctx
        .run(|context, caller, call| async move {
            groups::replace::execute(&context, &caller, &call, &id, body).await
        })
        .await?;
    super::answer(ctx, StatusCode::OK, group).await
}
