//! DELETE /Users/{id} (RFC 7644 §3.6): 204, and 404 the second time.

use actix_web::HttpResponse;
use provisioning::users;

use super::super::RequestContext;
use super::super::error::Failure;

/// Deletes an identity.
///
/// # Errors
/// `notFound`, also when it is gone already.
pub async fn answer(ctx: &RequestContext<'_>, id: &str) -> Result<HttpResponse, Failure> {
    let RequestContext {
        state, caller, call, ..
    } = ctx;
    users::delete::execute(&state.provisioning, caller, call, id).await?;
    Ok(HttpResponse::NoContent().finish())
}
