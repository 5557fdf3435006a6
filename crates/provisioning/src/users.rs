//! Operations on identities (SCIM Users), one file each.

pub mod create;
pub mod delete;
pub mod get;
pub mod list;
pub mod patch;
pub mod replace;

use domain::id::IdentityId;
use domain::identity::{Identity, MatchKeys};
use domain::policy::{check_kept, check_required, check_size};
use domain::portal::PortalPage;
use domain::profile::UnknownAttributes;
use scim::ScimType;
use scim::quirk::okta::is_unasked;
use scim::resource::{Accepted, Resource, check_immutable};
use serde_json::Value;
use store::{SaveOutcome, TenantTx};

use crate::error::Error;
use crate::taken::{Holder, Key};
use crate::unit_of_work::UnitOfWork;

/// Reads the path's id; a text that is no id of ours cannot name anything here.
fn identity_id(operation: &UnitOfWork, id: &str) -> Result<IdentityId, Error> {
    id.parse().map_err(|_| operation.not_found())
}

/// Locks an identity of the version that the request asks for.
async fn lock(tx: &mut TenantTx, operation: &UnitOfWork, id: IdentityId) -> Result<Identity, Error> {
    let found = tx.lock(operation.caller.directory.id, id).await?;
    let identity = found.ok_or_else(|| operation.not_found())?;
    operation.check_version(identity.revision)?;
    // What was kept before there was one form of a list is in that form from its next change on, which this alone is none.
    let resource = identity.resource.canonical(&operation.profile.resource_type);
    Ok(Identity { resource, ..identity })
}

/// A new document as sent (POST) → what this directory keeps of it, defaults included; it must be complete.
fn accept(operation: &UnitOfWork, body: Value) -> Result<Accepted, Error> {
    let accepted = accept_replacement(operation, body)?;
    check_required(operation.provider(), &operation.profile, &accepted.resource)?;
    Ok(Accepted {
        resource: accepted.resource.with_defaults(),
        ..accepted
    })
}

/// A whole document as sent in place of another (PUT) → what this directory keeps of it.
fn accept_replacement(operation: &UnitOfWork, body: Value) -> Result<Accepted, Error> {
    let rt = &operation.profile.resource_type;
    let accepted = Resource::accept(rt, body)?;
    let accepted = Accepted {
        resource: accepted
            .resource
            .with_roles_read(rt, operation.provider().rules()),
        ..accepted
    };
    check_ignored(operation, &accepted.ignored)?;
    check_size(operation.provider(), PortalPage::Users, &accepted.resource)?;
    Ok(accepted)
}

/// What a replacement owes to the state it stands in for: as a change does, but what is required and left out is a value
/// that is wrong, not an operation that is.
fn check_replacement(operation: &UnitOfWork, before: &Resource, after: &Resource) -> Result<(), Error> {
    let profile = &operation.profile;
    check_kept(operation.provider(), profile, before, after).map_err(as_a_value)?;
    Ok(check_immutable(&profile.resource_type, before, after)?)
}

/// What a PATCH may not do (`mutability`) is a wrong value in the body of a PUT.
pub(crate) fn as_a_value(error: scim::Error) -> scim::Error {
    scim::Error {
        scim_type: ScimType::InvalidValue,
        ..error
    }
}

/// What a change owes to the state it starts from: lists within bounds, nothing required taken away, nothing changed
/// that is set once.
fn check_change(operation: &UnitOfWork, before: &Resource, after: &Resource) -> Result<(), Error> {
    let (provider, profile) = (operation.provider(), &operation.profile);
    check_size(provider, PortalPage::Users, after)?;
    check_kept(provider, profile, before, after)?;
    Ok(check_immutable(&profile.resource_type, before, after)?)
}

/// What the profile says about attributes it does not name (ADR 0007).
fn check_ignored(operation: &UnitOfWork, ignored: &[String]) -> Result<(), Error> {
    let profile = &operation.profile;
    let asked = ignored.iter().find(|path| !is_unasked(path));
    if let (UnknownAttributes::Reject, Some(path)) = (profile.unknown_attributes, asked) {
        let detail = format!(
            "{path} is not part of the {} directory, which takes only the attributes of its mapping table. {} delete the line for \
             {path}.",
            profile.name,
            operation.provider().at(PortalPage::Users)
        );
        return Err(scim::error::Error::invalid_value(path, detail).into());
    }
    Ok(())
}

/// Commits the next state of a locked identity, or only a log row when nothing effectively changed.
async fn commit(
    tx: &mut TenantTx,
    operation: &UnitOfWork,
    before: &Identity,
    resource: Resource,
    ignored: &[String],
) -> Result<Identity, Error> {
    let after = Identity {
        id: before.id,
        directory: before.directory,
        revision: before.revision + 1,
        resource,
        created_at: before.created_at,
        modified_at: operation.at.max(before.modified_at),
    };
    let Some(event) = operation.event(Some(before), Some(&after)) else {
        tx.log(&operation.row(before, None, ignored)).await?;
        return Ok(before.clone());
    };
    let row = operation.row(&after, Some(&event), ignored);
    let external_id = operation.profile.external_id();
    match tx.save(&after, external_id, &event, &row).await? {
        SaveOutcome::Done => Ok(after),
        SaveOutcome::DoneBeside => {
            if before.resource.external_id() != after.resource.external_id() {
                tx.log(&operation.shared_external_id(&after)).await?;
            }
            Ok(after)
        }
        SaveOutcome::NameTaken => {
            let holder = by_user_name(tx, &after).await?;
            Err(operation.taken_at_change(Key::UserName, &named(holder.as_ref())))
        }
        SaveOutcome::ExternalIdTaken => {
            let holder = by_external_id(tx, &after).await?;
            Err(operation.taken_at_change(Key::ExternalId, &named(holder.as_ref())))
        }
        SaveOutcome::Gone => Err(operation.not_found()),
    }
}

/// Who has the `userName` of an identity.
async fn by_user_name(tx: &mut TenantTx, identity: &Identity) -> Result<Option<Identity>, Error> {
    let key = MatchKeys::of(&identity.resource).user_name;
    Ok(tx.find_by_user_name(identity.directory, &key).await?)
}

/// Who has the `externalId` of an identity.
async fn by_external_id(tx: &mut TenantTx, identity: &Identity) -> Result<Option<Identity>, Error> {
    match MatchKeys::of(&identity.resource).external_id {
        Some(key) => Ok(tx.find_by_external_id(identity.directory, &key).await?),
        None => Ok(None),
    }
}

fn named(holder: Option<&Identity>) -> Holder<'_> {
    holder.map_or(Holder::Gone, Holder::Identity)
}
