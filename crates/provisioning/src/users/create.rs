//! POST /Users (RFC 7644 §3.3).

use domain::credential::Caller;
use domain::id::IdentityId;
use domain::identity::Identity;
use domain::log::LogAction;
use scim::quirk::rules::RepeatedCreate;
use serde_json::Value;
use store::{CreateOutcome, TenantTx};

use super::{accept, by_external_id, by_user_name};
use crate::call::RequestMetadata;
use crate::context::Context;
use crate::error::Error;
use crate::taken::{Holder, Key};
use crate::unit_of_work::{LogSubject, UnitOfWork};

/// Creates an identity.
///
/// A POST is judged as a creation: whatever is answered is what the body would have made in an empty directory, but for id
/// and times (ADR 0035). So a repeated POST whose first answer was lost heals (ADR 0006) while nothing has happened since:
/// it says word for word what is there, nobody has changed that or put it into a group, and its client cannot have read
/// the first answer, which it has when it asks on the connection that carried it ([`RequestMetadata::created`]). Everything else is a
/// duplicate, as is every repeat where the directory's provider wants the RFC's 409.
///
/// # Errors
/// [`Error::Invalid`] for a document the profile refuses, [`Error::Taken`] when another identity has the `userName`, or the `externalId` where it
/// is the key.
pub async fn execute(
    context: &Context,
    caller: &Caller,
    call: &RequestMetadata,
    body: Value,
) -> Result<Identity, Error> {
    let operation = UnitOfWork::new(context, caller, call, "POST")?;
    let subject = LogSubject::of_body(LogAction::Create, &body);
    let outcome = create(context, &operation, body).await;
    operation.conclude(context, subject, outcome).await
}

async fn create(context: &Context, operation: &UnitOfWork, body: Value) -> Result<Identity, Error> {
    let accepted = accept(operation, body)?;
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
    let external_id = operation.profile.external_id();
    let scope = operation.caller.scope;
    match context
        .store
        .create(scope, &identity, external_id, &event, &row)
        .await?
    {
        CreateOutcome::Done => Ok(identity),
        CreateOutcome::DoneBeside => {
            operation
                .note(context, operation.shared_external_id(&identity))
                .await;
            Ok(identity)
        }
        CreateOutcome::Taken => {
            let work = (identity, ignored);
            operation
                .transact(context, work, |tx, operation, (identity, ignored)| {
                    Box::pin(adopt(tx, operation, identity, ignored))
                })
                .await
        }
    }
}

/// A key is taken: by the very thing that is being created, or by another one.
async fn adopt(
    tx: &mut TenantTx,
    operation: &UnitOfWork,
    identity: &Identity,
    ignored: &[String],
) -> Result<Identity, Error> {
    let (key, found) = match by_user_name(tx, identity).await? {
        Some(existing) => (Key::UserName, Some(existing)),
        None => (Key::ExternalId, by_external_id(tx, identity).await?),
    };
    let Some(existing) = found else {
        // Deleted in between; the client's repeat will create it.
        return Err(operation.taken_at_creation(Key::UserName, &Holder::Gone));
    };
    if existing.id == identity.id {
        // The first attempt was committed, and only the database's answer was lost.
        return Ok(identity.clone());
    }
    if key != Key::UserName || !repeats(tx, operation, identity, &existing).await? {
        return Err(operation.taken_at_creation(key, &Holder::Identity(&existing)));
    }
    tx.log(&operation.row(&existing, None, ignored)).await?;
    Ok(existing)
}

/// Whether this creation is the one that made `existing`, sent again because its answer was lost, and `existing` is still
/// what it made.
async fn repeats(
    tx: &mut TenantTx,
    operation: &UnitOfWork,
    identity: &Identity,
    existing: &Identity,
) -> Result<bool, Error> {
    let directory = &operation.caller.directory;
    let heals = directory.provider.rules().repeated_create == RepeatedCreate::Heal;
    let lost = heals && !operation.call.created.contains(&existing.id);
    let untouched = existing.revision == 1 && existing.resource == identity.resource;
    if !lost || !untouched || identity.resource.external_id().is_none() {
        return Ok(false);
    }
    // Groups are no part of the document, and shown all the same; who put somebody into one knew the id.
    Ok(operation.profile.group_type.is_none() || {
        let (_, groups) = tx.groups_of(directory.id, &[existing.id]).await?;
        groups.is_empty()
    })
}
