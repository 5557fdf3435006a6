//! PATCH /Groups/{id} (RFC 7644 §3.5.2), in both of Entra's dialects: a rename, or members that come and go.

use domain::credential::Caller;
use domain::group::Group;
use domain::id::GroupId;
use domain::log::LogAction;
use domain::policy::check_group_kept;
use scim::patch::{PatchRequest, apply_to_group, described_members};
use serde_json::Value;
use store::TenantTx;

use super::{check, commit, group_id, lock, membership};
use crate::call::RequestMetadata;
use crate::context::Context;
use crate::error::Error;
use crate::unit_of_work::{LogSubject, UnitOfWork};

/// Changes a group: all operations or none. Adding a member that is one, or removing one that is none, succeeds; members to
/// be that this directory does not have are skipped and named in the log, and the others join. No effective change makes no
/// revision and no event.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Stale`], [`Error::Invalid`] for operations or a result the directory refuses,
/// [`Error::Taken`], [`Error::GroupsNotServed`].
pub async fn execute(
    context: &Context,
    caller: &Caller,
    call: &RequestMetadata,
    id: &str,
    body: Value,
) -> Result<Group, Error> {
    let operation = UnitOfWork::new(context, caller, call, "PATCH")?;
    operation.group_type()?;
    let id = group_id(&operation, id)?;
    let outcome = match PatchRequest::parse(body) {
        Ok(request) => {
            operation
                .transact(context, request, move |tx, operation, request| {
                    Box::pin(decide(tx, operation, id, request))
                })
                .await
        }
        Err(error) => Err(error.into()),
    };
    let subject = LogSubject::of_id(LogAction::Update, id);
    operation.conclude(context, subject, outcome).await
}

async fn decide(
    tx: &mut TenantTx,
    operation: &UnitOfWork,
    id: GroupId,
    request: &PatchRequest,
) -> Result<Group, Error> {
    let before = lock(tx, operation, id).await?;
    let rules = operation.caller.directory.provider.rules();
    let group_type = operation.group_type()?;
    let stored = membership::stored(tx, &before, described_members(group_type, request)).await?;
    let patched = apply_to_group(group_type, &before.resource, request, rules, &stored)?;
    check_group_kept(
        operation.provider(),
        group_type,
        &before.resource,
        &patched.resource,
    )?;
    check(operation, &patched.resource, &patched.ignored)?;
    commit(
        tx,
        operation,
        before,
        patched.resource,
        &patched.membership,
        &patched.ignored,
    )
    .await
}
