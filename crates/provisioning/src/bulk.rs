//! POST /Bulk (RFC 7644 §3.7): each operation in a transaction of its own, through the same use-cases as a single request.
//!
//! [`scim::bulk::BulkPlan`] decides what is next; here it is done. An answer that is lost loses no change, but the client cannot
//! know which operations were done: like any repeat, the same request sent again heals.

use std::sync::Arc;

use domain::group::Group;
use domain::id::IdentityId;
use domain::identity::Identity;
use scim::bulk::{
    BulkAction, BulkFault, BulkPlan, BulkRequest, BulkResource, BulkStep, Item, Work, in_a_circle,
};
use scim::etag::{Precondition, Revision};

use crate::error::Error;
use crate::log_row::LogSubject;
use crate::request::Request;
use crate::resource::ManagedResource;
use crate::unit_of_work::UnitOfWork;
use crate::{create, delete, patch, replace};

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
    const fn failed(index: usize, error: Error) -> Self {
        Self {
            index,
            resource: None,
            outcome: Err(error),
        }
    }

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
    Created(Revision),
    /// A resource that has this revision now.
    Changed(Revision),
    /// A resource that is gone.
    Deleted,
}

/// Does the operations of a request one after the other.
///
/// # Errors
/// What is no operation's fault, before anything was done: the profile or the database is missing, the credential was taken
/// back. Once something was done, it ends the report at the operation it struck.
pub async fn execute(request: Arc<Request>, bulk: BulkRequest) -> Result<BulkReport, Error> {
    let profile = request.profile()?;
    let types = profile.group_type.as_ref();
    let types = types.map(|group_type| (BulkResource::Group, group_type));
    let types: Vec<_> = [(BulkResource::User, &profile.resource_type)]
        .into_iter()
        .chain(types)
        .collect();
    let mut plan = BulkPlan::new(bulk, &types);
    let mut created = request.metadata.created.clone();
    let mut results: Vec<BulkResult> = Vec::new();
    while let Some(step) = plan.step() {
        let tried = match step {
            BulkStep::Do(index, work) => {
                // A request like any other, so its credential is looked at like any other's (ADR 0005).
                let tried = match request.context.check_still_admitted(&request.caller).await {
                    Ok(()) => run(&request, index, work, &created).await,
                    Err(error) => BulkResult::failed(index, error),
                };
                match (&tried.outcome, &tried.resource) {
                    (Ok(_), Some((_, id))) => plan.done(index, id),
                    _ => plan.failed(index),
                }
                // The same creation twice in one request is a duplicate, no lost one.
                created.extend(tried.created());
                tried
            }
            BulkStep::Refuse(index, trouble) => {
                let unit = UnitOfWork::new(Arc::clone(&request), "POST")?;
                let refused = unit.refuse(LogSubject::default(), trouble.into());
                BulkResult::failed(index, refused.await)
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

/// One line an operation: the second half of a creation (its references) counts in the line of the first.
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

async fn run(request: &Request, index: usize, work: Work, created: &[IdentityId]) -> BulkResult {
    let target = match &work.action {
        BulkAction::Create(_) => None,
        BulkAction::Replace(id, _) | BulkAction::Patch(id, _) | BulkAction::Delete(id) => Some(id.clone()),
    };
    let (kind, partial) = (work.kind, work.partial);
    let outcome = match Precondition::of_version(work.version.as_deref()) {
        Ok(precondition) => {
            let request = request.operation(precondition, created);
            match kind {
                BulkResource::User => act::<Identity>(request, work.action).await,
                BulkResource::Group => act::<Group>(request, work.action).await,
            }
        }
        Err(error) => Err(error.into()),
    };
    let (resource, outcome) = match outcome {
        Ok((id, done)) => (Some((kind, id)), Ok(done)),
        // What is missing is what the circle took away.
        Err(Error::Invalid(_)) if partial => (None, Err(in_a_circle().into())),
        Err(error) => (target.map(|id| (kind, id)), Err(error)),
    };
    BulkResult {
        index,
        resource,
        outcome,
    }
}

/// Does it; answers the resource's id.
async fn act<R: ManagedResource>(
    request: Arc<Request>,
    action: BulkAction,
) -> Result<(String, BulkOutcome), Error> {
    match action {
        BulkAction::Create(body) => {
            let made: R = create::execute(request, body).await?;
            Ok((made.id().to_string(), BulkOutcome::Created(made.revision())))
        }
        BulkAction::Replace(id, body) => {
            let changed: R = replace::execute(request, &id, body).await?;
            Ok((id, BulkOutcome::Changed(changed.revision())))
        }
        BulkAction::Patch(id, body) => {
            let changed: R = patch::execute(request, &id, body).await?;
            Ok((id, BulkOutcome::Changed(changed.revision())))
        }
        BulkAction::Delete(id) => {
            delete::execute::<R>(request, &id).await?;
            Ok((id, BulkOutcome::Deleted))
        }
    }
}

impl From<BulkFault> for Error {
    fn from(fault: BulkFault) -> Self {
        match fault {
            BulkFault::Invalid(error) => Self::Invalid(error),
            BulkFault::Conflict(detail) => Self::Conflict(detail),
        }
    }
}
