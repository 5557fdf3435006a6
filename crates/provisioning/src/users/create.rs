//! POST /Users (RFC 7644 §3.3).

use domain::credential::Caller;
use domain::id::IdentityId;
use domain::identity::{Identity, MatchKeys};
use domain::log::Action;
use scim::change::diff;
use scim::quirk::rules::RepeatedCreate;
use serde_json::Value;
use store::{Created, TenantTx};

use super::{accept, check_change, commit, taken};
use crate::call::Call;
use crate::context::Context;
use crate::error::Error;
use crate::record::{Operation, Whom};

/// Creates an identity.
///
/// A repeated POST whose first answer was lost heals, unless the directory's provider wants the RFC's 409: the same
/// `externalId` and `userName` in the same directory answer the existing identity and make no second event (ADR 0006). If
/// the repeat carries other values, they are taken as an update, because Entra believes that it is creating what it now
/// says. A client that has read the first answer is creating a duplicate instead: it asks on the connection that carried
/// the answer ([`Call::created`]), or the identity has been changed since, by somebody who knows its id.
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
    operation.conclude(context, whom, outcome).await
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
    let Some(event) = operation.event(None, Some(&identity)) else {
        return Ok(identity);
    };
    let ignored = accepted.ignored;
    let row = operation.row(&identity, Some(&event), &ignored);
    match context
        .store
        .create(operation.caller.scope, &identity, &event, &row)
        .await?
    {
        Created::Done => Ok(identity),
        Created::NameTaken => {
            let work = (identity, ignored);
            operation
                .transact(context, work, |tx, operation, (identity, ignored)| {
                    Box::pin(adopt(tx, operation, identity, ignored))
                })
                .await
        }
    }
}

/// The `userName` is taken: by the very thing that is being created, or by another one.
async fn adopt(
    tx: &mut TenantTx,
    operation: &Operation,
    identity: &Identity,
    ignored: &[String],
) -> Result<Identity, Error> {
    let user_name = MatchKeys::of(&identity.resource).user_name;
    let found = tx.find_by_user_name(identity.directory, &user_name).await?;
    let Some(existing) = found else {
        // Deleted in between; the client's repeat will create it.
        return Err(taken(&operation.profile));
    };
    let external_id = identity.resource.external_id();
    let heals = operation.caller.directory.provider.rules().repeated_create == RepeatedCreate::Heal;
    let lost = heals && !operation.call.created.contains(&existing.id);
    let repeated = lost && external_id.is_some() && existing.resource.external_id() == external_id;
    // Its own id: the first attempt was committed, and only the database's answer was lost.
    let same = existing.id == identity.id || repeated;
    if !same {
        return Err(taken(&operation.profile));
    }
    let profile = &operation.profile;
    let next = identity.resource.clone();
    let next = next.replacing(&profile.resource_type, &existing.resource);
    let touched = existing.id != identity.id && existing.revision > 1;
    if touched && !diff(&profile.resource_type, &existing.resource, &next).is_empty() {
        return Err(taken(profile));
    }
    check_change(profile, &existing.resource, &next)?;
    commit(tx, operation, &existing, next, ignored).await
}
