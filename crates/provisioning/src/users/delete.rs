//! DELETE /Users/{id} (RFC 7644 §3.6).

use domain::credential::Caller;
use domain::id::IdentityId;
use domain::log::LogAction;
use store::TenantTx;

use super::{identity_id, lock};
use crate::call::RequestMetadata;
use crate::context::Context;
use crate::error::Error;
use crate::unit_of_work::{LogSubject, UnitOfWork};

/// Deletes an identity for good; its event carries a tombstone.
///
/// # Errors
/// [`Error::NotFound`], also at the second deletion; [`Error::Stale`].
pub async fn execute(
    context: &Context,
    caller: &Caller,
    call: &RequestMetadata,
    id: &str,
) -> Result<(), Error> {
    let operation = UnitOfWork::new(context, caller, call, "DELETE")?;
    let id = identity_id(&operation, id)?;
    let outcome = operation
        .transact(context, (), move |tx, operation, ()| {
            Box::pin(delete(tx, operation, id))
        })
        .await;
    let subject = LogSubject::of_id(LogAction::Delete, id);
    operation.conclude(context, subject, outcome).await
}

async fn delete(tx: &mut TenantTx, operation: &UnitOfWork, id: IdentityId) -> Result<(), Error> {
    let before = lock(tx, operation, id).await?;
    if let Some(event) = operation.event(Some(&before), None) {
        let row = operation.row(&before, Some(&event), &[]);
        tx.delete(&before, &event, &row).await?;
    }
    Ok(())
}
