//! POST /Users (RFC 7644 §3.3): 201 with the whole resource.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use provisioning::users;
use serde_json::Value;

use super::super::RequestContext;
use super::super::error::Failure;
use crate::extract::connection::AnsweredCreations;

/// Creates an identity.
///
/// # Errors
/// As the use-case: `invalidSyntax`, `invalidValue`, `uniqueness`.
pub async fn answer(
    ctx: &RequestContext<'_>,
    body: Value,
    created: Option<&AnsweredCreations>,
) -> Result<HttpResponse, Failure> {
    let identity =
        ctx.run(|context, caller, call| async move {
            users::create::execute(&context, &caller, &call, body).await
        })
        .await?;
    let answer = super::answer(ctx, StatusCode::CREATED, &identity).await?;
    if let Some(created) = created {
        created.add(identity.id);
    }
    Ok(answer)
}
