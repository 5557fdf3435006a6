//! PATCH /Groups/{id} (RFC 7644 §3.5.2): 204, or 200 with the resource, as the directory's provider likes it (ADR 0013).

use actix_web::HttpResponse;
use provisioning::groups;
use serde_json::Value;

use super::super::RequestContext;
use super::super::error::Failure;

/// Changes a group.
///
/// # Errors
/// As the use-case: `notFound`, the keywords of RFC 7644 table 9, `uniqueness`, `preconditionFailed`, `groupsNotServed`.
pub async fn answer(ctx: &RequestContext<'_>, id: &str, body: Value) -> Result<HttpResponse, Failure> {
    let id = id.to_owned();
    let group = ctx
        .run(|context, caller, call| async move {
            groups::patch::execute(&context, &caller, &call, &id, body).await
        })
        .await?;
    super::changed(ctx, group).await
}
