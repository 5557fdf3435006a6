//! PATCH /Users/{id} and PATCH /Groups/{id} (RFC 7644 §3.5.2), in both of Entra's dialects.

use std::sync::Arc;

use domain::log::LogAction;
use scim::patch::PatchRequest;
use serde_json::Value;
use store::TenantTx;

use crate::error::Error;
use crate::log_row::LogSubject;
use crate::request::Request;
use crate::resource::ManagedResource;
use crate::unit_of_work::{Locking, UnitOfWork};

/// Changes a resource: all operations or none. No effective change makes no revision and no event.
///
/// Adding a present member and removing an absent one succeed. Unknown members to add are skipped and named in the log; the
/// others are added.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Stale`], [`Error::Invalid`] for operations or a result the directory refuses,
/// [`Error::Taken`], [`Error::GroupsNotServed`].
pub async fn execute<R: ManagedResource>(request: Arc<Request>, id: &str, body: Value) -> Result<R, Error> {
    let unit = UnitOfWork::new::<R>(request, "PATCH")?;
    let id = unit.id::<R>(id)?;
    let outcome = match PatchRequest::parse(body) {
        Ok(patch) => {
            unit.transact(Locking::RevisionFirst, patch, move |tx, unit, patch| {
                Box::pin(change::<R>(tx, unit, id, patch))
            })
            .await
        }
        Err(error) => Err(error.into()),
    };
    let subject = LogSubject::of_id(LogAction::Update, id);
    unit.conclude(subject, outcome).await
}

async fn change<R: ManagedResource>(
    tx: &mut TenantTx,
    unit: &UnitOfWork,
    id: R::Id,
    patch: &PatchRequest,
) -> Result<R, Error> {
    let before: R = unit.load(tx, id).await?;
    let described = R::described_members(tx, unit, &before, patch).await?;
    let desired = R::patch(unit, &before, patch, &described)?;
    let (membership, ignored) = (&desired.membership, &desired.ignored);
    unit.save(tx, before, desired.resource, membership, ignored).await
}
