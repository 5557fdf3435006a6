//! POST /.search at the Tenant URL itself (RFC 7644 §3.4.3): people and groups in one list.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use provisioning::lists::everything::{self, Found};
use scim::message::list_page;

use super::Asked;
use super::error::Failure;
use super::script::{Entry, Script};

/// Lists both types in one order; people alone in a directory without groups.
///
/// # Errors
/// `invalidFilter` for an attribute that neither type has; `invalidValue`, `invalidCursor`, `tooMany`.
pub async fn answer(asked: &Asked<'_>) -> Result<HttpResponse, Failure> {
    let found = everything::execute(&asked.state.provisioning, &asked.caller, &asked.query).await?;
    let envelope = list_page(&found.head, found.items.len(), Vec::new());
    let entries = found.items.into_iter().map(|found| match found {
        Found::Identity(identity) => Entry::Person(*identity),
        Found::Group(group) => Entry::Group(*group),
    });
    Script::of_list(asked, &envelope, entries)?
        .perform(StatusCode::OK)
        .await
}
