//! PUT /Users/{id} and PUT /Groups/{id} (RFC 7644 §3.5.1). Entra never sends it; other providers do.

use std::sync::Arc;

use domain::log::LogAction;
use scim::ScimType;
use serde_json::Value;
use store::TenantTx;

use crate::error::Error;
use crate::log_row::LogSubject;
use crate::request::Request;
use crate::resource::{Desired, ManagedResource};
use crate::unit_of_work::{Locking, UnitOfWork};

/// Replaces a document. Attributes that are not in the body are cleared, except `active` and immutable ones. The members of a group
/// are replaced by those in the body, and stay when the body has no `members` (ADR 0018).
///
/// # Errors
/// As for a creation, [`Error::NotFound`] and [`Error::Stale`].
pub async fn execute<R: ManagedResource>(request: Arc<Request>, id: &str, body: Value) -> Result<R, Error> {
    let unit = UnitOfWork::new::<R>(request, "PUT")?;
    let id = unit.id::<R>(id)?;
    let subject = LogSubject {
        resource: Some(id.into()),
        ..LogSubject::of_body::<R>(LogAction::Update, &body)
    };
    let outcome = match R::accept(&unit, body) {
        Ok(sent) => {
            unit.transact(Locking::RevisionFirst, sent, move |tx, unit, sent| {
                Box::pin(change::<R>(tx, unit, id, sent))
            })
            .await
        }
        Err(error) => Err(error),
    };
    unit.conclude(subject, outcome).await
}

async fn change<R: ManagedResource>(
    tx: &mut TenantTx,
    unit: &UnitOfWork,
    id: R::Id,
    sent: &Desired,
) -> Result<R, Error> {
    let before: R = unit.load(tx, id).await?;
    let resource = R::replace(unit, &before, &sent.resource)?;
    unit.save(tx, before, resource, &sent.membership, &sent.ignored)
        .await
}

/// A violation of `mutability` in a PATCH is an `invalidValue` in the body of a PUT.
pub(crate) fn as_a_value(error: scim::Error) -> scim::Error {
    scim::Error {
        scim_type: ScimType::InvalidValue,
        ..error
    }
}
