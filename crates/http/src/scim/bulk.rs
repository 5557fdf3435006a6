//! POST /Bulk (RFC 7644 §3.7): 200 with a result for each operation that was tried, successful or not.

use actix_web::HttpResponse;
use actix_web::http::{Method, StatusCode};
use provisioning::bulk::{self, BulkOutcome, BulkResult};
use scim::bulk::{BulkRequest, BulkResultLine, MAX_OPERATIONS, Refusal, Target, response};
use scim::{etag, message};
use serde_json::Value;

use super::error::{ErrorCode, Failure};
use super::route::Route;
use super::routes::{Operation, Verb};
use super::{RequestContext, respond};

/// Does the operations of a body.
///
/// # Errors
/// `bulkTooLarge`, `invalidSyntax`; ours, when nothing was done.
pub async fn answer(ctx: &RequestContext<'_>, body: Value) -> Result<HttpResponse, Failure> {
    let sent = BulkRequest::parse(body, &|path| target(ctx, path)).map_err(refused)?;
    let report = ctx.use_case(|request| bulk::execute(request, sent)).await?;
    if let Some(created) = ctx.answered {
        let made = report.results.iter().filter_map(BulkResult::created);
        made.for_each(|id| created.add(id));
    }
    let mut lines = Vec::with_capacity(report.results.len());
    for BulkResult {
        index,
        resource,
        outcome,
    } in report.results
    {
        if let Some(item) = report.items.get(index) {
            let (status, version, failure) = result(outcome);
            lines.push(BulkResultLine {
                item,
                status,
                location: resource.map(|(kind, id)| format!("{}{kind}/{id}", ctx.base)),
                version,
                response: failure,
            });
        }
    }
    Ok(respond::body(StatusCode::OK, &response(&lines)))
}

/// The target of the `path` of an operation: routed and authorised as the address of a request is.
fn target(ctx: &RequestContext<'_>, path: &str) -> Option<Target> {
    let Route { base, endpoint, id } = Route::named(path, &ctx.origin)?;
    let caller = &ctx.request.caller;
    if !base.tenant_url().names(&caller.tenant_name, &caller.directory) {
        return None;
    }
    // An operation changes what a GET of the same address reads.
    match endpoint.action(&Method::GET).ok()?.operation {
        Operation::Resource(kind, Verb::List) => Some((kind, None)),
        Operation::Resource(kind, Verb::Get) => Some((kind, Some(id.into_owned()))),
        _ => None,
    }
}

fn refused(refusal: Refusal) -> Failure {
    match refusal {
        Refusal::Invalid(error) => error.into(),
        Refusal::TooMany(count) => Failure::with(
            ErrorCode::BulkTooLarge,
            format!(
                "The bulk request has {count} operations, and at most {MAX_OPERATIONS} (maxOperations) are done in one. Send them \
                 in several requests; those that refer to each other belong into one."
            ),
        ),
    }
}

/// Status, version and error body of a line.
fn result(outcome: Result<BulkOutcome, provisioning::Error>) -> (u16, Option<String>, Option<Value>) {
    match outcome {
        Ok(BulkOutcome::Created(revision)) => (201, Some(etag::of(revision)), None),
        Ok(BulkOutcome::Changed(revision)) => (200, Some(etag::of(revision)), None),
        Ok(BulkOutcome::Deleted) => (204, None, None),
        Err(error) => {
            let failure = Failure::from(error);
            let row = failure.row();
            let body = message::error_body(row.status, row.scim_type, &failure.detail);
            (row.status, None, Some(body))
        }
    }
}
