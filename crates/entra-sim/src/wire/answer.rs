//! Classifies answers as Entra does: which status is success for which request, which error code the log
//! gets, and what stops the whole job at once (bad credentials, an answer that is not SCIM).

use std::time::Duration;

use serde_json::Value;

use crate::problem::{ErrorCode, Problem};

/// The request of an answer; it decides which statuses are a success.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request {
    /// The query for an object that cannot exist.
    Probe,
    /// The match query of an object.
    Find,
    /// POST of a new object.
    Create,
    /// PATCH of an object whose id is known.
    Update,
    /// DELETE of an object whose id is known.
    Delete,
}

/// An answer, read to its end.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The HTTP status, 100 to 599.
    pub status: u16,
    /// The body, if it is JSON.
    pub body: Option<Value>,
    /// `Retry-After`, if it is a number of seconds.
    pub retry_after: Option<Duration>,
    /// The first characters of a body that is not JSON, for the log.
    pub excerpt: String,
}

/// Classifies an answer: its JSON body for a success (`Null` for an empty one), otherwise the problem.
///
/// # Errors
/// The problem with Entra's code, with the server's `detail` as the reason.
pub fn judge(request: Request, answer: Answer) -> Result<Value, Problem> {
    let status = answer.status;
    match (request, status) {
        (Request::Probe | Request::Find, 200) => list(answer),
        (Request::Create, 200 | 201) => resource(answer),
        (Request::Update, 200 | 204) | (Request::Delete, 200 | 202 | 204) => {
            Ok(answer.body.unwrap_or(Value::Null))
        }
        // Already deleted: the target is as wanted.
        (Request::Delete, 404) => Ok(Value::Null),
        _ => Err(refusal(request, &answer)),
    }
}

fn list(answer: Answer) -> Result<Value, Problem> {
    match answer.body {
        Some(body) if body.get("totalResults").is_some_and(Value::is_number) => Ok(body),
        Some(_) => Err(incompatible(
            answer.status,
            "the answer to a query is not a ListResponse with totalResults",
        )),
        None => Err(incompatible(
            answer.status,
            &format!("the answer to a query is not JSON: {}", answer.excerpt),
        )),
    }
}

fn resource(answer: Answer) -> Result<Value, Problem> {
    match answer.body {
        Some(body) if body.get("id").is_some_and(Value::is_string) => Ok(body),
        _ => Err(incompatible(
            answer.status,
            "the answer to a create is not a resource with an id",
        )),
    }
}

fn incompatible(status: u16, reason: &str) -> Problem {
    Problem {
        status: Some(status),
        ..Problem::new(ErrorCode::ServiceIncompatible, reason).stops_job()
    }
}

fn refusal(request: Request, answer: &Answer) -> Problem {
    let code = match (request, answer.status) {
        (_, 401) => ErrorCode::Unauthorized,
        (_, 403) => ErrorCode::InsufficientRights,
        (Request::Update, 404) => ErrorCode::InvalidAnchor,
        (_, 400) => ErrorCode::BadRequest,
        (_, 405) => ErrorCode::MethodNotAllowed,
        (_, 409) => ErrorCode::EntryConflict,
        (_, 422) => ErrorCode::UnprocessableEntity,
        (_, 429) => ErrorCode::TooManyRequests,
        (_, 501) => ErrorCode::NotImplemented,
        (_, 500..) => ErrorCode::InternalServerError,
        (_, 413 | 415) => ErrorCode::NotPermitted,
        _ => ErrorCode::ServiceIncompatible,
    };
    let problem = Problem {
        status: Some(answer.status),
        ..Problem::new(code, reason(answer))
    };
    // Entra quarantines at once for bad credentials and for a target that is not SCIM, and treats a refused
    // probe the same.
    let stops = matches!(code, ErrorCode::Unauthorized | ErrorCode::ServiceIncompatible)
        || (request == Request::Probe && answer.status < 500 && answer.status != 429);
    if stops { problem.stops_job() } else { problem }
}

/// The server's `detail` if there is one, as the customer's log shows it.
fn reason(answer: &Answer) -> String {
    let body = answer.body.as_ref();
    let detail = body.and_then(|body| body.get("detail")).and_then(Value::as_str);
    let kind = body.and_then(|body| body.get("scimType")).and_then(Value::as_str);
    match (detail, kind) {
        (Some(detail), Some(kind)) => format!("{kind}: {detail}"),
        (Some(detail), None) => detail.to_owned(),
        (None, _) if !answer.excerpt.is_empty() => {
            format!("HTTP {}; Web Response: {}", answer.status, answer.excerpt)
        }
        (None, _) => format!("HTTP {} without a SCIM error", answer.status),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::Severity;
    use serde_json::json;

    fn answer(status: u16, body: Option<Value>) -> Answer {
        Answer {
            status,
            body,
            retry_after: None,
            excerpt: String::new(),
        }
    }

    #[test]
    fn statuses_become_entras_codes() {
        let table = [
            (Request::Create, 409, ErrorCode::EntryConflict, Severity::Object),
            (Request::Create, 400, ErrorCode::BadRequest, Severity::Object),
            (Request::Create, 401, ErrorCode::Unauthorized, Severity::Job),
            (
                Request::Update,
                403,
                ErrorCode::InsufficientRights,
                Severity::Object,
            ),
            (Request::Update, 404, ErrorCode::InvalidAnchor, Severity::Object),
            (Request::Find, 404, ErrorCode::ServiceIncompatible, Severity::Job),
            (
                Request::Find,
                503,
                ErrorCode::InternalServerError,
                Severity::Object,
            ),
            (Request::Probe, 403, ErrorCode::InsufficientRights, Severity::Job),
            (
                Request::Probe,
                503,
                ErrorCode::InternalServerError,
                Severity::Object,
            ),
            (Request::Find, 429, ErrorCode::TooManyRequests, Severity::Object),
        ];
        for (request, status, code, severity) in table {
            let problem = judge(request, answer(status, None)).unwrap_err();
            assert_eq!(
                (problem.code, problem.severity),
                (code, severity),
                "{request:?} {status}"
            );
        }
    }

    #[test]
    fn the_servers_detail_is_the_reason() {
        let body = json!({"status": "409", "scimType": "uniqueness", "detail": "userName is taken"});
        let problem = judge(Request::Create, answer(409, Some(body))).unwrap_err();
        assert_eq!(problem.reason, "uniqueness: userName is taken");
    }

    #[test]
    fn an_answer_that_is_not_scim_stops_the_job() {
        for (request, body) in [
            (Request::Find, Some(json!([]))),
            (Request::Find, None),
            (Request::Create, Some(json!({}))),
        ] {
            let problem = judge(request, answer(200, body)).unwrap_err();
            assert_eq!(
                (problem.code, problem.severity),
                (ErrorCode::ServiceIncompatible, Severity::Job)
            );
        }
    }

    #[test]
    fn deleting_what_is_gone_is_done() {
        assert!(judge(Request::Delete, answer(404, None)).is_ok());
        assert!(judge(Request::Delete, answer(500, None)).is_err());
    }
}
