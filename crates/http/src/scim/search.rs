//! POST /.search at the Tenant URL itself (RFC 7644 §3.4.3): people and groups in one list.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use domain::identity::Identity;
use provisioning::lists::everything::{self, Found};
use scim::message::list_page;
use serde_json::Value;

use super::error::Failure;
use super::groups::script::{Entry, Script};
use super::{Asked, groups, respond, users};

/// Lists both types in one order; people alone in a directory without groups.
///
/// # Errors
/// `invalidFilter` for an attribute that neither type has; `invalidValue`, `invalidCursor`, `tooMany`.
pub async fn answer(asked: &Asked<'_>) -> Result<HttpResponse, Failure> {
    let found = everything::execute(&asked.state.provisioning, &asked.caller, &asked.query).await?;
    let identities: Vec<&Identity> = found.items.iter().filter_map(identity).collect();
    let people = users::view::View::of(asked, identities.iter().copied()).await?;
    if groups::served(asked).is_err() {
        let resources: Vec<Value> = identities
            .into_iter()
            .map(|identity| people.document(identity))
            .collect();
        let body = list_page(&found.head, resources.len(), resources);
        return Ok(respond::body(StatusCode::OK, &body));
    }
    let entries = found.items.iter().map(|found| match found {
        Found::Identity(identity) => Entry::Whole(people.document(identity)),
        Found::Group(group) => Entry::Group(group),
    });
    let envelope = list_page(&found.head, found.items.len(), Vec::new());
    let script = Script::of_list(asked, groups::view::View::of(asked)?, &envelope, entries)?;
    script.perform(StatusCode::OK).await
}

fn identity(found: &Found) -> Option<&Identity> {
    match found {
        Found::Identity(identity) => Some(identity),
        Found::Group(_) => None,
    }
}
