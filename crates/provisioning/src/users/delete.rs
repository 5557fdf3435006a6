//! DELETE /Users/{id} (RFC 7644 §3.6).

use domain::credential::Caller;
use domain::id::IdentityId;
use domain::log::Action;
use store::TenantTx;

use super::{identity_id, not_found};
use crate::call::Call;
use crate::context::Context;
use crate::error::Error;
use crate::record::{Operation, Whom};

/// Deletes an identity for good; its event carries a tombstone.
///
/// # Errors
/// [`Error::NotFound`], also at the second deletion; [`Error::Stale`].
pub async fn execute(context: &Context, caller: &Caller, call: &Call, id: &str) -> Result<(), Error> {
    let operation = Operation::new(context, caller, call, "DELETE")?;
    let id = identity_id(&operation.profile, id)?;
    let work = operation.clone();
    let outcome = context
        .store
        .write(caller.scope, move |tx| {
            let operation = work.clone();
            Box::pin(async move { delete(tx, &operation, id).await })
        })
        .await;
    match outcome {
        Ok(()) => Ok(()),
        Err(error) => Err(operation
            .refuse(context, Whom::of_id(Action::Delete, id), error)
            .await),
    }
}

async fn delete(tx: &mut TenantTx, operation: &Operation, id: IdentityId) -> Result<(), Error> {
    let found = tx.lock(operation.caller.directory.id, id).await?;
    let before = found.ok_or_else(|| not_found(&operation.profile))?;
    operation.check_version(before.revision)?;
    if let Some(event) = operation.event(Some(&before), None) {
        let row = operation.row(&before, Some(&event), &[]);
        tx.delete(&before, &event, &row).await?;
    }
    Ok(())
}
