//! Writes SCIM answers: always `application/scim+json` without parameters, for errors too.

use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, ETAG, HeaderValue, LOCATION};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use scim::message::{self, MEDIA_TYPE, Meta};
use serde_json::Value;

use super::error::{ErrorCode, Failure};

/// A body with a status.
pub fn body(status: StatusCode, body: &Value) -> HttpResponse {
    write(&mut HttpResponseBuilder::new(status), body)
}

/// 204 for a change, with the `ETag` and `Location` of a 200.
pub fn no_content(meta: &Meta) -> HttpResponse {
    HttpResponseBuilder::new(StatusCode::NO_CONTENT)
        .insert_header((ETAG, meta.etag()))
        .insert_header((LOCATION, meta.location.as_str()))
        .finish()
}

/// 304 for a GET whose answer the client already has (RFC 9110 §15.4.5).
pub fn not_modified(tag: &str) -> HttpResponse {
    HttpResponseBuilder::new(StatusCode::NOT_MODIFIED)
        .insert_header((ETAG, tag))
        .finish()
}

/// A refusal. Entra's provisioning log shows its `detail`, so it ends with the request id, by which the operator finds the
/// log line. Apart from that id every 401 is the same, whatever its reason.
pub fn failure(request: &HttpRequest, failure: &Failure) -> HttpResponse {
    let mut answer = failure.begin_answer(request);
    if matches!(
        failure.code,
        ErrorCode::BodyTooLarge | ErrorCode::BodyTooSlow | ErrorCode::ConnectionsBusy
    ) {
        answer.force_close();
    }
    let row = failure.row();
    let detail = failure.detail_with_id(request);
    write(
        &mut answer,
        &message::error_body(row.status, row.scim_type, &detail),
    )
}

fn write(answer: &mut HttpResponseBuilder, body: &Value) -> HttpResponse {
    answer.insert_header((CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE)));
    answer.body(body.to_string())
}
