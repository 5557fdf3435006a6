//! DELETE /Users/{id} and DELETE /Groups/{id} (RFC 7644 §3.6).

use std::sync::Arc;

use domain::group::MembersChanged;
use domain::log::LogAction;
use store::TenantTx;

use crate::error::Error;
use crate::log_row::{LeftOut, LogSubject};
use crate::request::Request;
use crate::resource::ManagedResource;
use crate::unit_of_work::{Locking, UnitOfWork};

/// Deletes a resource and all its memberships; its one event is a tombstone and names no member.
///
/// # Errors
/// [`Error::NotFound`], also at the second deletion; [`Error::Stale`]; [`Error::GroupsNotServed`].
pub async fn execute<R: ManagedResource>(request: Arc<Request>, id: &str) -> Result<(), Error> {
    let unit = UnitOfWork::new::<R>(request, "DELETE")?;
    let id = unit.id::<R>(id)?;
    let outcome = unit
        .transact(Locking::RevisionFirst, (), move |tx, unit, ()| {
            Box::pin(delete::<R>(tx, unit, id))
        })
        .await;
    let subject = LogSubject::of_id(LogAction::Delete, id);
    unit.conclude(subject, outcome).await
}

async fn delete<R: ManagedResource>(tx: &mut TenantTx, unit: &UnitOfWork, id: R::Id) -> Result<(), Error> {
    let before: R = unit.load(tx, id).await?;
    if let Some(events) = R::events(unit, Some(&before), None, &MembersChanged::default()) {
        let row = unit.row(&before, events.as_ref().first(), &LeftOut::default());
        R::delete(tx, &before, &events, &row).await?;
    }
    Ok(())
}
