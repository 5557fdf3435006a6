//! Operations on identities (SCIM Users), one file each.

pub mod create;
pub mod delete;
pub mod get;
pub mod list;
pub mod patch;
pub mod replace;

use domain::id::IdentityId;
use domain::identity::Identity;
use domain::policy::{check_kept, check_required, check_size};
use domain::profile::{Profile, Thing, UnknownAttributes};
use scim::ScimType;
use scim::quirk::okta::is_unasked;
use scim::resource::{Accepted, Resource, check_immutable};
use serde_json::Value;
use store::{Saved, TenantTx};

use crate::error::Error;
use crate::record::Operation;

/// Reads the path's id; a text that is no id of ours cannot name anything here.
fn identity_id(profile: &Profile, id: &str) -> Result<IdentityId, Error> {
    id.parse().map_err(|_| not_found(profile))
}

/// Locks an identity of the version that the request asks for.
async fn lock(tx: &mut TenantTx, operation: &Operation, id: IdentityId) -> Result<Identity, Error> {
    let found = tx.lock(operation.caller.directory.id, id).await?;
    let identity = found.ok_or_else(|| not_found(&operation.profile))?;
    operation.check_version(identity.revision)?;
    // What was kept before there was one form of a list is in that form from its next change on, which this alone is none.
    let resource = identity.resource.canonical(&operation.profile.resource_type);
    Ok(Identity { resource, ..identity })
}

fn not_found(profile: &Profile) -> Error {
    Error::NotFound {
        profile: profile.name.clone(),
    }
}

fn taken(profile: &Profile) -> Error {
    let thing = match profile.thing {
        Thing::Person => "person",
        Thing::Room => "room",
    };
    Error::Taken {
        attribute: "userName",
        thing,
        profile: profile.name.clone(),
    }
}

/// A new document as sent (POST) → what this directory keeps of it, defaults included; it must be complete.
fn accept(profile: &Profile, body: Value) -> Result<Accepted, Error> {
    let accepted = accept_replacement(profile, body)?;
    check_required(profile, &accepted.resource)?;
    Ok(Accepted {
        resource: accepted.resource.with_defaults(),
        ..accepted
    })
}

/// A whole document as sent in place of another (PUT) → what this directory keeps of it.
fn accept_replacement(profile: &Profile, body: Value) -> Result<Accepted, Error> {
    let accepted = Resource::accept(&profile.resource_type, body)?;
    check_ignored(profile, &accepted.ignored)?;
    check_size(&accepted.resource)?;
    Ok(accepted)
}

/// What a replacement owes to the state it stands in for: as a change does, but what is required and left out is a value
/// that is wrong, not an operation that is.
fn check_replacement(profile: &Profile, before: &Resource, after: &Resource) -> Result<(), Error> {
    check_kept(profile, before, after).map_err(as_a_value)?;
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
fn check_change(profile: &Profile, before: &Resource, after: &Resource) -> Result<(), Error> {
    check_size(after)?;
    check_kept(profile, before, after)?;
    Ok(check_immutable(&profile.resource_type, before, after)?)
}

/// What the profile says about attributes it does not name (ADR 0007).
fn check_ignored(profile: &Profile, ignored: &[String]) -> Result<(), Error> {
    let asked = ignored.iter().find(|path| !is_unasked(path));
    if let (UnknownAttributes::Reject, Some(path)) = (profile.unknown_attributes, asked) {
        let detail = format!(
            "{path} is not part of the {} directory, which takes only the attributes of its mapping table. In Entra, open \
             Provisioning > Edit attribute mappings and delete the line for {path}.",
            profile.name
        );
        return Err(scim::error::Error::invalid_value(path, detail).into());
    }
    Ok(())
}

/// Commits the next state of a locked identity, or only a log row when nothing effectively changed.
async fn commit(
    tx: &mut TenantTx,
    operation: &Operation,
    before: &Identity,
    resource: Resource,
    ignored: &[String],
) -> Result<Identity, Error> {
    let after = Identity {
        revision: before.revision + 1,
        resource,
        modified_at: operation.at.max(before.modified_at),
        ..before.clone()
    };
    let Some(event) = operation.event(Some(before), Some(&after)) else {
        tx.log(&operation.row(before, None, ignored)).await?;
        return Ok(before.clone());
    };
    let row = operation.row(&after, Some(&event), ignored);
    match tx.save(&after, &event, &row).await? {
        Saved::Done => Ok(after),
        Saved::NameTaken => Err(taken(&operation.profile)),
        Saved::Gone => Err(not_found(&operation.profile)),
    }
}
