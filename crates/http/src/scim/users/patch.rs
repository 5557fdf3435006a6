//! PATCH /Users/{id} (RFC 7644 §3.5.2): 200 with the resource, or 204, as the directory's provider likes it (ADR 0013).

use actix_web::HttpResponse;
use provisioning::users;
use serde_json::Value;

use super::super::RequestContext;
use super::super::error::Failure;

/// Changes an identity.
///
/// # Errors
/// As the use-case: `notFound`, the keywords of RFC 7644 table 9, `uniqueness`.
pub async fn answer(ctx: &RequestContext<'_>, id: &str, body: Value) -> Result<HttpResponse, Failure> {
    let id = id.to_owned();
    let identity = ctx
        .run(|context, caller, call| async move {
            users::patch::execute(&context, &caller, &call, &id, body).await
        })
        .await?;
    let answer = ctx.caller.directory.provider.rules().patch_user;
    super::changed(ctx, answer, &identity).await
}
