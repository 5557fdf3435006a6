//! POST /Groups (RFC 7644 §3.3).

use domain::credential::Caller;
use domain::group::{Group, MembersChanged};
use domain::id::GroupId;
use domain::log::LogAction;
use domain::policy::check_group_required;
use scim::membership::Membership;
use serde_json::Value;
use store::{CreateOutcome, TenantTx};

use super::log_row::{LeftOut, subject};
use super::{Body, accept, by_name, commit, membership, named};
use crate::call::RequestMetadata;
use crate::context::Context;
use crate::error::Error;
use crate::taken::Key;
use crate::unit_of_work::UnitOfWork;

/// Creates a group, with the members it names as far as they exist; the others are skipped and named in the log.
///
/// A `displayName` that is taken is always 409, whoever asks: groups are matched by it, so Entra finds the one that exists at
/// its next cycle, and Microsoft's validator creates a group twice to see the 409 (ADR 0006).
///
/// # Errors
/// [`Error::Invalid`] for a document the directory refuses, [`Error::Taken`] when another group has the `displayName`,
/// [`Error::GroupsNotServed`].
pub async fn execute(
    context: &Context,
    caller: &Caller,
    call: &RequestMetadata,
    body: Value,
) -> Result<Group, Error> {
    let operation = UnitOfWork::new(context, caller, call, "POST")?;
    let subject = subject(LogAction::Create, &body);
    let outcome = match accept_new(&operation, body) {
        Ok(body) => {
            let id = GroupId::from_uuid(context.ids.next());
            operation
                .transact(context, body, move |tx, operation, body| {
                    Box::pin(decide(tx, operation, id, body))
                })
                .await
        }
        Err(error) => Err(error),
    };
    operation.conclude(context, subject, outcome).await
}

/// A new document as sent; it must be complete.
fn accept_new(operation: &UnitOfWork, body: Value) -> Result<Body, Error> {
    let body = accept(operation, body)?;
    check_group_required(operation.provider(), operation.group_type()?, &body.resource)?;
    Ok(body)
}

async fn decide(tx: &mut TenantTx, operation: &UnitOfWork, id: GroupId, body: &Body) -> Result<Group, Error> {
    let directory = operation.caller.directory.id;
    let mut group = Group {
        id,
        directory,
        revision: 1,
        resource: body.resource.clone(),
        member_count: 0,
        created_at: operation.at,
        modified_at: operation.at,
    };
    let known = membership::Known::find(tx, &group, body.membership.named()).await?;
    group.member_count = known.count();
    let joined = MembersChanged {
        added: known.members.clone(),
        ..MembersChanged::default()
    };
    let events = operation.group_events(None, Some(&group), &joined);
    let left_out = LeftOut {
        ignored: &body.ignored,
        unknown: &known.unknown,
    };
    let row = operation.group_row(&group, &events, &left_out);
    match tx.create_group(&group, &events, &row).await? {
        CreateOutcome::Done | CreateOutcome::DoneBeside => {
            known.join(tx, &group).await?;
            Ok(group)
        }
        CreateOutcome::Taken => adopt(tx, operation, &group, body).await,
    }
}

/// The `displayName` is taken: by the very group that is being created, or by another one.
async fn adopt(
    tx: &mut TenantTx,
    operation: &UnitOfWork,
    group: &Group,
    body: &Body,
) -> Result<Group, Error> {
    let found = by_name(tx, group).await?;
    // Its own id: the first attempt was committed, and only the database's answer was lost.
    let existing = match found {
        Some(existing) if existing.id == group.id => existing,
        // `Gone`: deleted in between; the client's repeat will create it.
        other => return Err(operation.taken_at_creation(Key::GroupName, &named(other.as_ref()))),
    };
    let joining = Membership::Change {
        add: body.membership.named().map(str::to_owned).collect(),
        remove: Vec::new(),
    };
    commit(
        tx,
        operation,
        existing,
        body.resource.clone(),
        &joining,
        &body.ignored,
    )
    .await
}
