//! `/Groups` of directories that serve none: Entra asks for groups in every connection test, and a 404 there fails the
//! test (`entra.md` §1.1), so the query answers an empty list.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use scim::message::list_response;

use super::error::{Code, Failure};
use super::{Asked, respond};

/// GET /Groups: nothing, whatever is asked for.
pub fn list(asked: &Asked<'_>) -> HttpResponse {
    respond::body(
        StatusCode::OK,
        &list_response(0, asked.query.start_index(), Vec::new()),
    )
}

/// GET /Groups/{id}: there is none.
pub fn missing() -> Failure {
    Failure::with(
        Code::NotFound,
        "No group with this id exists: this directory serves no groups.",
    )
}
