//! POST /Bulk (RFC 7644 §3.7): each operation in a transaction of its own, through the same use-cases as a single request.
//!
//! [`scim::bulk::Plan`] decides what is next; here it is done. An answer that is lost loses no change, but the client cannot
//! know which operations were done: like any repeat, the same request sent again heals.

use domain::credential::Caller;
use domain::id::IdentityId;
use scim::bulk::{Action, BulkRequest, Item, Kind, Plan, Step, Trouble, Work, in_a_circle};
use scim::etag::Precondition;

use crate::call::Call;
use crate::context::Context;
use crate::error::Error;
use crate::record::{Operation, Whom};
use crate::{groups, users};

/// What became of a request.
pub struct Report {
    /// The operations, as sent.
    pub items: Vec<Item>,
    /// Of each operation that was tried, in the order of the request.
    pub results: Vec<Tried>,
}

/// What became of one operation.
pub struct Tried {
    /// Its index in the request.
    pub index: usize,
    /// The resource, if there is one by now.
    pub resource: Option<(Kind, String)>,
    /// How it ended.
    pub outcome: Result<Done, Error>,
}

impl Tried {
    /// The identity that the operation created, if it did.
    pub fn created(&self) -> Option<IdentityId> {
        match (&self.outcome, &self.resource) {
            (Ok(Done::Created(_)), Some((Kind::User, id))) => id.parse().ok(),
            _ => None,
        }
    }
}

/// A success.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Done {
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
    call: &Call,
    request: BulkRequest,
) -> Result<Report, Error> {
    let profile = context.profile(caller)?;
    let mut types = vec![(Kind::User, &profile.resource_type)];
    types.extend(
        profile
            .group_type
            .as_ref()
            .map(|group_type| (Kind::Group, group_type)),
    );
    let mut plan = Plan::new(request, &types);
    let mut call = call.clone();
    let mut results: Vec<Tried> = Vec::new();
    while let Some(step) = plan.step() {
        let tried = match step {
            Step::Do(index, work) => {
                // A request like any other, so its credential is looked at like any other's (DESIGN §2.4).
                let tried = match context.check_still_admitted(caller).await {
                    Ok(()) => run(context, caller, &call, index, work).await,
                    Err(error) => Tried {
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
            Step::Refuse(index, trouble) => {
                let error = match trouble {
                    Trouble::Invalid(error) => Error::Invalid(error),
                    Trouble::Conflict(detail) => Error::Conflict(detail),
                };
                let operation = Operation::new(context, caller, &call, "POST")?;
                Tried {
                    index,
                    resource: None,
                    outcome: Err(operation.refuse(context, Whom::default(), error).await),
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
    Ok(Report {
        items: plan.items().to_vec(),
        results,
    })
}

/// One line an operation: the second half of a creation (its references) is told in the line of the first.
fn keep(results: &mut Vec<Tried>, tried: Tried) {
    let Some(first) = results.iter_mut().find(|earlier| earlier.index == tried.index) else {
        results.push(tried);
        return;
    };
    first.outcome = match tried.outcome {
        Ok(Done::Changed(revision)) => Ok(Done::Created(revision)),
        other => other,
    };
}

async fn run(context: &Context, caller: &Caller, call: &Call, index: usize, work: Work) -> Tried {
    let target = match &work.action {
        Action::Create(_) => None,
        Action::Replace(id, _) | Action::Patch(id, _) | Action::Delete(id) => Some(id.clone()),
    };
    let (kind, partial) = (work.kind, work.partial);
    let call = Precondition::of_version(work.version.as_deref()).map(|precondition| Call {
        precondition,
        ..call.clone()
    });
    let outcome = match call {
        Ok(call) => act(context, caller, &call, kind, work.action).await,
        Err(error) => Err(error.into()),
    };
    match outcome {
        Ok((id, done)) => Tried {
            index,
            resource: Some((kind, id)),
            outcome: Ok(done),
        },
        // What is missing is what the circle took away.
        Err(Error::Invalid(_)) if partial => Tried {
            index,
            resource: None,
            outcome: Err(match in_a_circle() {
                Trouble::Conflict(detail) => Error::Conflict(detail),
                Trouble::Invalid(error) => Error::Invalid(error),
            }),
        },
        Err(error) => Tried {
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
    call: &Call,
    kind: Kind,
    action: Action,
) -> Result<(String, Done), Error> {
    match (kind, action) {
        (Kind::User, Action::Create(body)) => {
            let made = users::create::execute(context, caller, call, body).await?;
            Ok((made.id.to_string(), Done::Created(made.revision)))
        }
        (Kind::User, Action::Replace(id, body)) => {
            let changed = users::replace::execute(context, caller, call, &id, body).await?;
            Ok((id, Done::Changed(changed.revision)))
        }
        (Kind::User, Action::Patch(id, body)) => {
            let changed = users::patch::execute(context, caller, call, &id, body).await?;
            Ok((id, Done::Changed(changed.revision)))
        }
        (Kind::User, Action::Delete(id)) => {
            users::delete::execute(context, caller, call, &id).await?;
            Ok((id, Done::Deleted))
        }
        (Kind::Group, Action::Create(body)) => {
            let made = groups::create::execute(context, caller, call, body).await?;
            Ok((made.id.to_string(), Done::Created(made.revision)))
        }
        (Kind::Group, Action::Replace(id, body)) => {
            let changed = groups::replace::execute(context, caller, call, &id, body).await?;
            Ok((id, Done::Changed(changed.revision)))
        }
        (Kind::Group, Action::Patch(id, body)) => {
            let changed = groups::patch::execute(context, caller, call, &id, body).await?;
            Ok((id, Done::Changed(changed.revision)))
        }
        (Kind::Group, Action::Delete(id)) => {
            groups::delete::execute(context, caller, call, &id).await?;
            Ok((id, Done::Deleted))
        }
    }
}
