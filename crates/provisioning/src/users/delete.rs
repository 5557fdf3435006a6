//! DELETE /Users/{id} (RFC 7644 §3.6).

use domain::credential::Caller;
use domain::id::IdentityId;
use domain::log::Action;
use store::TenantTx;

use super::{identity_id, lock};
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
    let id = identity_id(&operation, id)?;
    let outcome = operation
        .transact(context, (), move |tx, operation, ()| {
            Box::pin(delete(tx, operation, id))
        })
        .await;
    let whom = Whom::of_id(Action::Delete, id);
    operation.conclude(context, whom, outcome).await
}

async fn delete(tx: &mut TenantTx, operation: &Operation, id: IdentityId) -> Result<(), Error> {
    let before = lock(tx, operation, id).await?;
    if let Some(event) = operation.event(Some(&before), None) {
        let row = operation.row(&before, Some(&event), &[]);
        tx.delete(&before, &event, &row).await?;
    }
    Ok(())
}
