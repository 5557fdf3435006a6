//! Routes for GET, which take HEAD too (RFC 9110 §9.3.2).

use actix_web::{Route, guard, web};

/// A route for GET and HEAD. The server leaves the body of an answer to HEAD out and keeps its length.
pub fn get() -> Route {
    web::route().guard(guard::Any(guard::Get()).or(guard::Head()))
}
