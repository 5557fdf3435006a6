//! PATCH /Users/{id} (RFC 7644 §3.5.2), in both of Entra's dialects.

use domain::credential::Caller;
use domain::id::IdentityId;
use domain::identity::Identity;
use domain::log::LogAction;
use scim::patch::{self, PatchRequest};
use serde_json::Value;
use store::TenantTx;

use super::{check_change, check_ignored, commit, identity_id, lock};
use crate::call::RequestMetadata;
use crate::context::Context;
use crate::error::Error;
use crate::unit_of_work::{LogSubject, UnitOfWork};

/// Changes an identity: all operations or none. No effective change makes no revision and no event.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Stale`], [`Error::Invalid`] for operations or a result the profile refuses, [`Error::Taken`].
pub async fn execute(
    context: &Context,
    caller: &Caller,
    call: &RequestMetadata,
    id: &str,
    body: Value,
) -> Result<Identity, Error> {
    let operation = UnitOfWork::new(context, caller, call, "PATCH")?;
    let id = identity_id(&operation, id)?;
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
    id: IdentityId,
    request: &PatchRequest,
) -> Result<Identity, Error> {
    let profile = &operation.profile;
    let before = lock(tx, operation, id).await?;
    let rules = operation.caller.directory.provider.rules();
    let patched = patch::apply(&profile.resource_type, &before.resource, request, rules)?;
    check_ignored(operation, &patched.ignored)?;
    check_change(operation, &before.resource, &patched.resource)?;
    commit(tx, operation, &before, patched.resource, &patched.ignored).await
}
