//! GET /Groups/{id} (RFC 7644 §3.4.1); 304 for the version that If-None-Match names (§3.14).

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use provisioning::groups;

use super::super::Asked;
use super::super::error::{Code, Failure};

/// Reads a group, with its members unless they are excluded.
///
/// # Errors
/// `notFound`, also for another directory's group, and in a directory without groups; `preconditionFailed`.
pub async fn answer(asked: &Asked<'_>, id: &str) -> Result<HttpResponse, Failure> {
    if super::served(asked).is_err() {
        return Err(Failure::with(
            Code::NotFound,
            "No group with this id exists: this directory serves no groups.",
        ));
    }
    let group = groups::get::execute(&asked.state.provisioning, &asked.caller, id).await?;
    let tag = super::tag(asked, &group).await?;
    if let Some(answer) = asked.unread(group.revision, &tag)? {
        return Ok(answer);
    }
    super::tagged(asked, StatusCode::OK, group, tag).await
}
