//! POST /Groups (RFC 7644 §3.3): 201 with the whole resource.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use provisioning::groups;
use serde_json::Value;

use super::super::RequestContext;
use super::super::error::Failure;

/// Creates a group.
///
/// # Errors
/// As the use-case: `invalidSyntax`, `invalidValue`, `uniqueness`, `tooMany`, `groupsNotServed`.
pub async fn answer(ctx: &RequestContext<'_>, body: Value) -> Result<HttpResponse, Failure> {
    let group =
        ctx.run(|context, caller, call| async move {
            groups::create::execute(&context, &caller, &call, body).await
        })
        .await?;
    super::answer(ctx, StatusCode::CREATED, group).await
}
