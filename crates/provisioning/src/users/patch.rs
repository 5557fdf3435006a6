//! PATCH /Users/{id} (RFC 7644 §3.5.2), in both of Entra's dialects.

use domain::credential::Caller;
use domain::id::IdentityId;
use domain::identity::Identity;
use domain::log::Action;
use scim::patch::{self, PatchRequest};
use serde_json::Value;
use store::TenantTx;

use super::{check_change, check_ignored, commit, identity_id, not_found};
use crate::call::Call;
use crate::context::Context;
use crate::error::Error;
use crate::record::{Operation, Whom};

/// Changes an identity: all operations or none. No effective change makes no revision and no event.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Stale`], [`Error::Invalid`] for operations or a result the profile refuses, [`Error::Taken`].
pub async fn execute(
    context: &Context,
    caller: &Caller,
    call: &Call,
    id: &str,
    body: Value,
) -> Result<Identity, Error> {
    let operation = Operation::new(context, caller, call, "PATCH")?;
    let id = identity_id(&operation.profile, id)?;
    let outcome = match PatchRequest::parse(body) {
        Ok(request) => commit_patch(context, &operation, id, request).await,
        Err(error) => Err(error.into()),
    };
    match outcome {
        Ok(identity) => Ok(identity),
        Err(error) => Err(operation
            .refuse(context, Whom::of_id(Action::Update, id), error)
            .await),
    }
}

async fn commit_patch(
    context: &Context,
    operation: &Operation,
    id: IdentityId,
    request: PatchRequest,
) -> Result<Identity, Error> {
    let work = operation.clone();
    let request = std::sync::Arc::new(request);
    context
        .store
        .write(operation.caller.scope, move |tx| {
            let (operation, request) = (work.clone(), request.clone());
            Box::pin(async move { decide(tx, &operation, id, &request).await })
        })
        .await
}

async fn decide(
    tx: &mut TenantTx,
    operation: &Operation,
    id: IdentityId,
    request: &PatchRequest,
) -> Result<Identity, Error> {
    let profile = &operation.profile;
    let before = tx
        .lock(operation.caller.directory.id, id)
        .await?
        .ok_or_else(|| not_found(profile))?;
    operation.check_version(before.revision)?;
    let rules = operation.caller.directory.provider.rules();
    let patched = patch::apply(&profile.resource_type, &before.resource, request, rules)?;
    check_ignored(profile, &patched.ignored)?;
    check_change(profile, &before.resource, &patched.resource)?;
    commit(tx, operation, &before, patched.resource, &patched.ignored).await
}
