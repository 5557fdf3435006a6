//! PUT /Users/{id} (RFC 7644 §3.5.1). Entra never sends it; other providers do.

use domain::credential::Caller;
use domain::id::IdentityId;
use domain::identity::Identity;
use domain::log::LogAction;
use scim::resource::Accepted;
use serde_json::Value;
use store::TenantTx;

use super::{accept_replacement, check_replacement, commit, identity_id, lock};
use crate::call::RequestMetadata;
use crate::context::Context;
use crate::error::Error;
use crate::unit_of_work::{LogSubject, UnitOfWork};

/// Replaces an identity's document; what the body does not say is cleared, except `active` and what is set once.
///
/// # Errors
/// As for a creation, [`Error::NotFound`] and [`Error::Stale`].
pub async fn execute(
    context: &Context,
    caller: &Caller,
    call: &RequestMetadata,
    id: &str,
    body: Value,
) -> Result<Identity, Error> {
    let operation = UnitOfWork::new(context, caller, call, "PUT")?;
    let id = identity_id(&operation, id)?;
    let subject = LogSubject {
        resource: Some(id.into()),
        ..LogSubject::of_body(LogAction::Update, &body)
    };
    let outcome = match accept_replacement(&operation, body) {
        Ok(accepted) => {
            operation
                .transact(context, accepted, move |tx, operation, accepted| {
                    Box::pin(decide(tx, operation, id, accepted))
                })
                .await
        }
        Err(error) => Err(error),
    };
    operation.conclude(context, subject, outcome).await
}

async fn decide(
    tx: &mut TenantTx,
    operation: &UnitOfWork,
    id: IdentityId,
    accepted: &Accepted,
) -> Result<Identity, Error> {
    let before = lock(tx, operation, id).await?;
    let profile = &operation.profile;
    let next = accepted.resource.clone();
    let next = next.replacing(&profile.resource_type, &before.resource);
    check_replacement(operation, &before.resource, &next)?;
    commit(tx, operation, &before, next, &accepted.ignored).await
}
