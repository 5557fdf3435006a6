//! PUT /Users/{id} (RFC 7644 §3.5.1). Entra never sends it; other providers do.

use domain::credential::Caller;
use domain::id::IdentityId;
use domain::identity::Identity;
use domain::log::Action;
use serde_json::Value;
use store::TenantTx;

use super::{accept_replacement, check_replacement, commit, identity_id, not_found};
use crate::call::Call;
use crate::context::Context;
use crate::error::Error;
use crate::record::{Operation, Whom};

/// Replaces an identity's document; what the body does not say is cleared, except `active` and what is set once.
///
/// # Errors
/// As for a creation, [`Error::NotFound`] and [`Error::Stale`].
pub async fn execute(
    context: &Context,
    caller: &Caller,
    call: &Call,
    id: &str,
    body: Value,
) -> Result<Identity, Error> {
    let operation = Operation::new(context, caller, call, "PUT")?;
    let id = identity_id(&operation.profile, id)?;
    let whom = Whom {
        resource: Some(id.into()),
        ..Whom::of_body(Action::Update, &body)
    };
    match commit_replacement(context, &operation, id, body).await {
        Ok(identity) => Ok(identity),
        Err(error) => Err(operation.refuse(context, whom, error).await),
    }
}

async fn commit_replacement(
    context: &Context,
    operation: &Operation,
    id: IdentityId,
    body: Value,
) -> Result<Identity, Error> {
    let accepted = std::sync::Arc::new(accept_replacement(&operation.profile, body)?);
    let work = operation.clone();
    context
        .store
        .write(operation.caller.scope, move |tx: &mut TenantTx| {
            let (operation, accepted) = (work.clone(), accepted.clone());
            Box::pin(async move {
                let found = tx.lock(operation.caller.directory.id, id).await?;
                let before = found.ok_or_else(|| not_found(&operation.profile))?;
                operation.check_version(before.revision)?;
                let profile = &operation.profile;
                let next = accepted.resource.clone();
                let next = next.replacing(&profile.resource_type, &before.resource);
                check_replacement(profile, &before.resource, &next)?;
                commit(tx, &operation, &before, next, &accepted.ignored).await
            })
        })
        .await
}
