//! DELETE /Groups/{id} (RFC 7644 §3.6).

use domain::credential::Caller;
use domain::group::MembersChanged;
use domain::id::GroupId;
use domain::log::LogAction;
use store::TenantTx;

use super::log_row::LeftOut;
use super::{group_id, lock};
use crate::call::RequestMetadata;
use crate::context::Context;
use crate::error::Error;
use crate::unit_of_work::{LogSubject, UnitOfWork};

/// Deletes a group for good, and with it all its memberships, its own in other groups too; its one event carries a
/// tombstone and names no member.
///
/// # Errors
/// [`Error::NotFound`], also at the second deletion; [`Error::Stale`]; [`Error::GroupsNotServed`].
pub async fn execute(
    context: &Context,
    caller: &Caller,
    call: &RequestMetadata,
    id: &str,
) -> Result<(), Error> {
    let operation = UnitOfWork::new(context, caller, call, "DELETE")?;
    operation.group_type()?;
    let id = group_id(&operation, id)?;
    let outcome = operation
        .transact(context, (), move |tx, operation, ()| {
            Box::pin(delete(tx, operation, id))
        })
        .await;
    let subject = LogSubject::of_id(LogAction::Delete, id);
    operation.conclude(context, subject, outcome).await
}

async fn delete(tx: &mut TenantTx, operation: &UnitOfWork, id: GroupId) -> Result<(), Error> {
    let before = lock(tx, operation, id).await?;
    let events = operation.group_events(Some(&before), None, &MembersChanged::default());
    let nothing = LeftOut {
        ignored: &[],
        unknown: &[],
    };
    let row = operation.group_row(&before, &events, &nothing);
    tx.delete_group(&before, &events, &row).await?;
    Ok(())
}
