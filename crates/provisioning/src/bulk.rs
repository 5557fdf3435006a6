//! POST /Bulk (RFC 7644 §3.7): each operation in a transaction of its own, through the same use-cases as a single request.
//!
//! [`scim::bulk::BulkPlan`] decides what is next; here it is done. An answer that is lost loses no change, but the client cannot
//! know which operations were done: like any repeat, the same request sent again heals.

use domain::credential::Caller;
use domain::id::IdentityId;
use scim::bulk::{
    BulkAction, BulkFault, BulkPlan, BulkRequest, BulkResource, BulkStep, Item, Work, in_a_circle,
};
use scim::etag::Precondition;

use crate::call::RequestMetadata;
use crate::context::Context;
use crate::error::Error;
use crate::unit_of_work::{LogSubject, UnitOfWork};
use crate::{groups, users};

/// What became of a request.
pub struct BulkReport {
    /// The operations, as sent.
    pub items: Vec<Item>,
    /// Of each operation that was tried, in the order of the request.
    pub results: Vec<BulkResult>,
}

/// What became of one operation.
pub struct BulkResult {
    /// Its index in the request.
    pub index: usize,
    /// The resource, if there is one by now.
    pub resource: Option<(BulkResource, String)>,
    /// How it ended.
    pub outcome: Result<BulkOutcome, Error>,
}

impl BulkResult {
    /// The identity that the operation created, if it did.
    pub fn created(&self) -> Option<IdentityId> {
        match (&self.outcome, &self.resource) {
            (Ok(BulkOutcome::Created(_)), Some((BulkResource::User, id))) => id.parse().ok(),
            _ => None,
        }
    }
}

/// A success.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BulkOutcome {
    /// A new resource of this revision.
    Created(i64),
    /// A resource that has this revision now.
    Changed(i64),
    /// A resource that is gone.
    Deleted,
}

/// Does the operations of a request one after the other.
///
/// # Errors
/// What is no operation's fault, before anything was done: the profile or the database is missing, the credential was taken
/// back. Once something was done, it ends the report at the operation it struck.
pub async fn execute(
    context: &Context,
    caller: &Caller,
    call: &RequestMetadata,
    request: BulkRequest,
) -> Result<BulkReport, Error> {
    let profile = context.profile(caller)?;
    let mut types = vec![(BulkResource::User, &profile.resource_type)];
    types.extend(
        profile
            .group_type
            .as_ref()
            .map(|group_type| (BulkResource::Group, group_type)),
    );
    let mut plan = BulkPlan::new(request, &types);
    let mut call = call.clone();
    let mut results: Vec<BulkResult> = Vec::new();
    while let Some(step) = plan.step() {
        let tried = match step {
            BulkStep::Do(index, work) => {
                // A request like any other, so its credential is looked at like any other's (ADR 0005).
                let tried = match context.check_still_admitted(caller).await {
                    Ok(()) => run(context, caller, &call, index, work).await,
                    Err(error) => BulkResult {
                        index,
                        resource: None,
                        outcome: Err(error),
                    },
                };
                match (&tried.outcome, &tried.resource) {
                    (Ok(_), Some((_, id))) => plan.done(index, id),
                    _ => plan.failed(index),
                }
                // The same creation twice in one request is a duplicate, no lost one.
                call.created.extend(tried.created());
                tried
            }
            BulkStep::Refuse(index, trouble) => {
                let error = match trouble {
                    BulkFault::Invalid(error) => Error::Invalid(error),
                    BulkFault::Conflict(detail) => Error::Conflict(detail),
                };
                let operation = UnitOfWork::new(context, caller, &call, "POST")?;
                BulkResult {
                    index,
                    resource: None,
                    outcome: Err(operation.refuse(context, LogSubject::default(), error).await),
                }
            }
        };
        let fault = matches!(&tried.outcome, Err(error) if !error.is_refusal());
        match tried.outcome {
            Err(error) if fault && results.is_empty() => return Err(error),
            _ => keep(&mut results, tried),
        }
        if fault {
            break;
        }
    }
    results.sort_by_key(|tried| tried.index);
    Ok(BulkReport {
        items: plan.items().to_vec(),
        results,
    })
}

/// One line an operation: the second half of a creation (its references) is told in the line of the first.
fn keep(results: &mut Vec<BulkResult>, tried: BulkResult) {
    let Some(first) = results.iter_mut().find(|earlier| earlier.index == tried.index) else {
        results.push(tried);
        return;
    };
    first.outcome = match tried.outcome {
        Ok(BulkOutcome::Changed(revision)) => Ok(BulkOutcome::Created(revision)),
        other => other,
    };
}

async fn run(
    context: &Context,
    caller: &Caller,
    call: &RequestMetadata,
    index: usize,
    work: Work,
) -> BulkResult {
    let target = match &work.action {
        BulkAction::Create(_) => None,
        BulkAction::Replace(id, _) | BulkAction::Patch(id, _) | BulkAction::Delete(id) => Some(id.clone()),
    };
    let (kind, partial) = (work.kind, work.partial);
    let call = Precondition::of_version(work.version.as_deref()).map(|precondition| RequestMetadata {
        precondition,
        ..call.clone()
    });
    let outcome = match call {
        Ok(call) => act(context, caller, &call, kind, work.action).await,
        Err(error) => Err(error.into()),
    };
    match outcome {
        Ok((id, done)) => BulkResult {
            index,
            resource: Some((kind, id)),
            outcome: Ok(done),
        },
        // What is missing is what the circle took away.
        Err(Error::Invalid(_)) if partial => BulkResult {
            index,
            resource: None,
            outcome: Err(match in_a_circle() {
                BulkFault::Conflict(detail) => Error::Conflict(detail),
                BulkFault::Invalid(error) => Error::Invalid(error),
            }),
        },
        Err(error) => BulkResult {
            index,
            resource: target.map(|id| (kind, id)),
            outcome: Err(error),
        },
    }
}

/// Does it; answers the resource's id.
async fn act(
    context: &Context,
    caller: &Caller,
    call: &RequestMetadata,
    kind: BulkResource,
    action: BulkAction,
) -> Result<(String, BulkOutcome), Error> {
    match (kind, action) {
        (BulkResource::User, BulkAction::Create(body)) => {
            let made = users::create::execute(context, caller, call, body).await?;
            Ok((made.id.to_string(), BulkOutcome::Created(made.revision)))
        }
        (BulkResource::User, BulkAction::Replace(id, body)) => {
            let changed = users::replace::execute(context, caller, call, &id, body).await?;
            Ok((id, BulkOutcome::Changed(changed.revision)))
        }
        (BulkResource::User, BulkAction::Patch(id, body)) => {
            let changed = users::patch::execute(context, caller, call, &id, body).await?;
            Ok((id, BulkOutcome::Changed(changed.revision)))
        }
        (BulkResource::User, BulkAction::Delete(id)) => {
            users::delete::execute(context, caller, call, &id).await?;
            Ok((id, BulkOutcome::Deleted))
        }
        (BulkResource::Group, BulkAction::Create(body)) => {
            let made = groups::create::execute(context, caller, call, body).await?;
            Ok((made.id.to_string(), BulkOutcome::Created(made.revision)))
        }
        (BulkResource::Group, BulkAction::Replace(id, body)) => {
            let changed = groups::replace::execute(context, caller, call, &id, body).await?;
            Ok((id, BulkOutcome::Changed(changed.revision)))
        }
        (BulkResource::Group, BulkAction::Patch(id, body)) => {
            let changed = groups::patch::execute(context, caller, call, &id, body).await?;
            Ok((id, BulkOutcome::Changed(changed.revision)))
        }
        (BulkResource::Group, BulkAction::Delete(id)) => {
            groups::delete::execute(context, caller, call, &id).await?;
            Ok((id, BulkOutcome::Deleted))
        }
    }
}
