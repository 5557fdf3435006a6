//! POST /Users (RFC 7644 §3.3).

use domain::credential::Caller;
use domain::id::IdentityId;
use domain::identity::{Identity, MatchKeys};
use domain::log::Action;
use scim::resource::Resource;
use serde_json::Value;
use store::{Created, TenantTx};

use super::{accept, commit, taken};
use crate::call::Call;
use crate::context::Context;
use crate::error::Error;
use crate::record::{Operation, Whom};

/// Creates an identity.
///
/// A repeated POST whose first answer was lost heals: the same `externalId` and `userName` in the same directory answer
/// the existing identity and make no second event (ADR 0006). If the repeat carries other values, they are taken as an
/// update, because Entra believes that it is creating what it now says.
///
/// # Errors
/// [`Error::Invalid`] for a document the profile refuses, [`Error::Taken`] when another identity has the `userName`.
pub async fn execute(
    context: &Context,
    caller: &Caller,
    call: &Call,
    body: Value,
) -> Result<Identity, Error> {
    let operation = Operation::new(context, caller, call, "POST")?;
    let whom = Whom::of_body(Action::Create, &body);
    let outcome = create(context, &operation, body).await;
    match outcome {
        Ok(identity) => Ok(identity),
        Err(error) => Err(operation.refuse(context, whom, error).await),
    }
}

async fn create(context: &Context, operation: &Operation, body: Value) -> Result<Identity, Error> {
    let accepted = accept(&operation.profile, body)?;
    let identity = Identity {
        id: IdentityId::from_uuid(context.ids.next()),
        directory: operation.caller.directory.id,
        revision: 1,
        resource: accepted.resource,
        created_at: operation.at,
        modified_at: operation.at,
    };
    let work = operation.clone();
    let ignored = accepted.ignored;
    context
        .store
        .write(operation.caller.scope, move |tx| {
            let (operation, identity, ignored) = (work.clone(), identity.clone(), ignored.clone());
            Box::pin(async move { insert_or_heal(tx, &operation, identity, &ignored).await })
        })
        .await
}

async fn insert_or_heal(
    tx: &mut TenantTx,
    operation: &Operation,
    identity: Identity,
    ignored: &[String],
) -> Result<Identity, Error> {
    let Some(event) = operation.event(None, Some(&identity)) else {
        return Ok(identity);
    };
    let row = operation.row(&identity, Some(&event), ignored);
    match tx.create(&identity, &event, &row).await? {
        Created::Done => Ok(identity),
        Created::UserNameTaken => heal(tx, operation, identity.resource, ignored).await,
    }
}

/// The `userName` is taken: by the very thing that is being created, or by another one.
async fn heal(
    tx: &mut TenantTx,
    operation: &Operation,
    resource: Resource,
    ignored: &[String],
) -> Result<Identity, Error> {
    let keys = MatchKeys::of(&resource);
    let existing = tx
        .find_by_user_name(operation.caller.directory.id, &keys.user_name)
        .await?;
    match existing {
        Some(existing)
            if keys.external_id.is_some() && existing.resource.external_id() == resource.external_id() =>
        {
            commit(tx, operation, &existing, resource, ignored).await
        }
        _ => Err(taken(&operation.profile)),
    }
}
