//! PATCH /Users/{id} (RFC 7644 §3.5.2): 200 with the resource, which every Entra validator accepts (`entra.md` §4.1).

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use provisioning::users;
use serde_json::Value;

use super::super::Asked;
use super::super::error::Failure;

/// Changes an identity.
///
/// # Errors
/// As the use-case: `notFound`, the keywords of RFC 7644 table 9, `uniqueness`.
pub async fn answer(asked: &Asked<'_>, id: &str, body: Value) -> Result<HttpResponse, Failure> {
    let Asked {
        state, caller, call, ..
    } = asked;
    let identity = users::patch::execute(&state.provisioning, caller, call, id, body).await?;
    super::answer(asked, StatusCode::OK, &identity)
}
