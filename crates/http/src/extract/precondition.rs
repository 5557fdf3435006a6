//! The condition on the version of what a request is about: If-Match and If-None-Match (RFC 9110 §13.1).

use actix_web::HttpRequest;
use actix_web::http::header::{HeaderName, IF_MATCH, IF_NONE_MATCH};
use scim::etag::Precondition;

/// Reads both fields; several lines are one list.
///
/// # Errors
/// A field that is no list of tags.
pub fn of(request: &HttpRequest) -> Result<Precondition, scim::Error> {
    let field = |name: HeaderName| -> Option<String> {
        let lines: Vec<_> = request
            .headers()
            .get_all(name)
            .map(|line| String::from_utf8_lossy(line.as_bytes()))
            .collect();
        (!lines.is_empty()).then(|| lines.join(","))
    };
    Precondition::parse(field(IF_MATCH).as_deref(), field(IF_NONE_MATCH).as_deref())
}
