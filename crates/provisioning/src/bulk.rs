//! POST /Bulk (RFC 7644 §3.7): each operation in a transaction of its own, through the same use-cases as a single request.
//!
//! [`scim::bulk::BulkPlan`] decides the order; this module does the operations. When the answer is lost, the client cannot
//! know which operations were done; the same request can be sent again like any repeat.

use std::sync::Arc;

use domain::group::Group;
use domain::id::IdentityId;
use domain::identity::Identity;
use scim::bulk::{
    BulkAction, BulkFault, BulkPlan, BulkRequest, BulkStep, Item, UserOrGroup, Work, in_a_circle,
};
use scim::etag::{Precondition, Revision};

use crate::error::Error;
use crate::log_row::LogSubject;
use crate::request::Request;
use crate::resource::ManagedResource;
use crate::unit_of_work::UnitOfWork;
use crate::{create, delete, patch, replace};

/// The result of a bulk request.
pub struct BulkReport {
    /// The operations, as sent.
    pub items: Vec<Item>,
    /// The result of each operation that was tried, in the order of the request.
    pub results: Vec<BulkResult>,
}

/// The result of one operation.
pub struct BulkResult {
    /// Its index in the request.
    pub index: usize,
    /// The resource, if it is known.
    pub resource: Option<(UserOrGroup, String)>,
    /// The success or the refusal.
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

    /// The identity that the operation created, if it created one.
    pub fn created(&self) -> Option<IdentityId> {
        match (&self.outcome, &self.resource) {
            (Ok(BulkOutcome::Created(_)), Some((UserOrGroup::User, id))) => id.parse().ok(),
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
/// A fault that is not caused by an operation, before any was done: the profile or the database is missing, the credential
/// was revoked. After the first operation such a fault ends the report instead.
pub async fn execute(request: Arc<Request>, bulk: BulkRequest) -> Result<BulkReport, Error> {
    let profile = request.profile()?;
    let mut types = vec![(UserOrGroup::User, &profile.resource_type)];
    types.extend(
        profile
            .group_type
            .as_ref()
            .map(|group_type| (UserOrGroup::Group, group_type)),
    );
    let mut plan = BulkPlan::new(bulk, &types);
    let mut created = request.created.clone();
    let mut results: Vec<BulkResult> = Vec::new();
    while let Some(step) = plan.step() {
        let tried = match step {
            BulkStep::Do(index, work) => {
                // Each operation checks the credential as a request of its own does (ADR 0005).
                let tried = match request.context.check_still_admitted(&request.caller).await {
                    Ok(()) => run(&request, index, work, &created).await,
                    Err(error) => BulkResult::failed(index, error),
                };
                match (&tried.outcome, &tried.resource) {
                    (Ok(_), Some((_, id))) => plan.done(index, id),
                    _ => plan.failed(index),
                }
                // The same creation twice in one request is a duplicate, not a repeat after a lost answer.
                created.extend(tried.created());
                tried
            }
            BulkStep::Refuse(index, trouble) => {
                let unit = UnitOfWork::new::<Identity>(Arc::clone(&request), "POST")?;
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

/// Keeps one result for each operation: the second part of a creation (its references) replaces that of the first.
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
            // The same request, but for its condition and for what was created before this operation.
            let request = Arc::new(Request {
                precondition,
                created: created.to_vec(),
                ..request.clone()
            });
            match kind {
                UserOrGroup::User => act::<Identity>(request, work.action).await,
                UserOrGroup::Group => act::<Group>(request, work.action).await,
            }
        }
        Err(error) => Err(error.into()),
    };
    let (resource, outcome) = match outcome {
        Ok((id, done)) => (Some((kind, id)), Ok(done)),
        // The value that is missing is the reference that was left out because of the circle.
        Err(Error::Invalid(_)) if partial => (None, Err(in_a_circle().into())),
        Err(error) => (target.map(|id| (kind, id)), Err(error)),
    };
    BulkResult {
        index,
        resource,
        outcome,
    }
}

/// Does one operation; returns the resource's id.
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
