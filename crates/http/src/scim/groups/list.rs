//! GET /Groups (RFC 7644 §3.4.2): Entra's match query, and half of its connection test.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use provisioning::groups;
use scim::message::list_response;

use super::super::error::Failure;
use super::super::{Asked, respond};
use super::script::Script;
use super::view::View;

/// Lists groups, each with its members unless they are excluded; nothing in a directory that serves none.
///
/// # Errors
/// `invalidFilter`: never an unfiltered list.
pub async fn answer(asked: &Asked<'_>) -> Result<HttpResponse, Failure> {
    let start_index = asked.query.start_index();
    if super::served(asked).is_err() {
        let nothing = list_response(0, start_index, Vec::new());
        return Ok(respond::body(StatusCode::OK, &nothing));
    }
    let filter = asked.query.filter.as_deref();
    let found = groups::list::execute(&asked.state.provisioning, &asked.caller, filter).await?;
    let mut envelope = list_response(found.len(), start_index, Vec::new());
    envelope["itemsPerPage"] = found.len().into();
    let script = Script::of_list(asked, View::of(asked)?, &envelope, &found)?;
    script.perform(StatusCode::OK).await
}
