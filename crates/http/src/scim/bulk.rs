//! POST /Bulk (RFC 7644 §3.7): 200 with a line for each operation that was tried, whatever became of it.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use provisioning::bulk::{self, Done, Tried};
use scim::bulk::{BulkRequest, Line, MAX_OPERATIONS, Refusal, response};
use scim::{etag, message};
use serde_json::Value;

use super::error::{Code, Failure};
use super::{Asked, respond};
use crate::extract::connection::Created;

/// Does the operations of a body.
///
/// # Errors
/// `bulkTooLarge`, `invalidSyntax`; ours, when nothing was done.
pub async fn answer(
    asked: &Asked<'_>,
    body: Value,
    created: Option<&Created>,
) -> Result<HttpResponse, Failure> {
    let request = BulkRequest::parse(body).map_err(refused)?;
    let Asked {
        state, caller, call, ..
    } = asked;
    let report = bulk::execute(&state.provisioning, caller, call, request).await?;
    if let Some(created) = created {
        let made = report.results.iter().filter_map(Tried::created);
        made.for_each(|id| created.add(id));
    }
    let mut lines = Vec::with_capacity(report.results.len());
    for Tried {
        index,
        resource,
        outcome,
    } in report.results
    {
        if let Some(item) = report.items.get(index) {
            let (status, version, failure) = result(outcome);
            lines.push(Line {
                item,
                status,
                location: resource.map(|(kind, id)| format!("{}{}/{id}", asked.base, kind.endpoint())),
                version,
                response: failure,
            });
        }
    }
    Ok(respond::body(StatusCode::OK, &response(&lines)))
}

fn refused(refusal: Refusal) -> Failure {
    match refusal {
        Refusal::Invalid(error) => error.into(),
        Refusal::TooMany(count) => Failure::with(
            Code::BulkTooLarge,
            format!(
                "The bulk request has {count} operations, and at most {MAX_OPERATIONS} (maxOperations) are done in one. Send them \
                 in several requests; those that refer to each other belong into one."
            ),
        ),
    }
}

/// Status, version and error body of a line.
fn result(outcome: Result<Done, provisioning::Error>) -> (u16, Option<String>, Option<Value>) {
    match outcome {
        Ok(Done::Created(revision)) => (201, Some(etag::of(revision)), None),
        Ok(Done::Changed(revision)) => (200, Some(etag::of(revision)), None),
        Ok(Done::Deleted) => (204, None, None),
        Err(error) => {
            let failure = Failure::from(error);
            let row = failure.code.row();
            let body = message::error_body(row.status, row.scim_type, &failure.detail);
            (row.status, None, Some(body))
        }
    }
}
