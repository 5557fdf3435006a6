//! Operations on groups (SCIM Groups), one file each.
//!
//! A group's document and its membership are decided and kept apart: no operation ever holds all members of a group.
//! Reading order: [`patch`], the operation Entra uses most; `membership` (what a change of members comes to); `record`
//! (what is told of it).

pub mod create;
pub mod delete;
pub mod get;
pub mod list;
pub mod members;
mod membership;
pub mod patch;
mod record;
pub mod replace;

use domain::group::Group;
use domain::id::GroupId;
use domain::policy::check_size;
use domain::profile::{Profile, UnknownAttributes};
use scim::membership::Membership;
use scim::resource::Resource;
use scim::schema::ResourceType;
use serde_json::Value;
use store::{Saved, TenantTx};

use crate::error::Error;
use crate::record::Operation;

/// The type of this directory's groups.
fn group_type(profile: &Profile) -> Result<&ResourceType, Error> {
    profile.group_type.as_ref().ok_or_else(|| Error::GroupsNotServed {
        profile: profile.name.clone(),
    })
}

/// Reads the path's id; a text that is no id of ours cannot name anything here.
fn group_id(profile: &Profile, id: &str) -> Result<GroupId, Error> {
    id.parse().map_err(|_| not_found(profile))
}

/// Locks a group of the version that the request asks for.
async fn lock(tx: &mut TenantTx, operation: &Operation, id: GroupId) -> Result<Group, Error> {
    let found = tx.lock_group(operation.caller.directory.id, id).await?;
    let group = found.ok_or_else(|| not_found(&operation.profile))?;
    operation.check_version(group.revision)?;
    Ok(group)
}

fn not_found(profile: &Profile) -> Error {
    Error::NotFound {
        profile: profile.name.clone(),
    }
}

fn taken(profile: &Profile) -> Error {
    Error::Taken {
        attribute: "displayName",
        thing: "group",
        profile: profile.name.clone(),
    }
}

/// A whole document as sent (POST, PUT).
#[derive(Debug, Clone)]
struct Body {
    resource: Resource,
    /// What it says of members: [`Membership::SAME`] when nothing.
    membership: Membership,
    ignored: Vec<String>,
}

/// A whole document as sent → what this directory keeps of it, and what it says of members.
fn accept(profile: &Profile, body: Value) -> Result<Body, Error> {
    let group_type = group_type(profile)?;
    let mentioned = Membership::is_mentioned(group_type, &body)?;
    let accepted = Resource::accept(group_type, body)?;
    let (resource, membership) = Membership::split(accepted.resource, mentioned)?;
    check(profile, &resource, &accepted.ignored)?;
    Ok(Body {
        resource,
        membership: membership.unwrap_or(Membership::SAME),
        ignored: accepted.ignored,
    })
}

/// What every group owes, and what is made of attributes that no group here has.
fn check(profile: &Profile, resource: &Resource, ignored: &[String]) -> Result<(), Error> {
    // Parts of members that are the server's to know, such as their names, are no fault of a mapping.
    let unknown = ignored.iter().find(|path| !path.starts_with("members."));
    if let (UnknownAttributes::Reject, Some(path)) = (profile.unknown_attributes, unknown) {
        let detail = format!(
            "{path} is not part of the groups of the {} directory. In Entra, open Provisioning > Edit attribute mappings > \
             Provision Microsoft Entra ID Groups and delete the line for {path}.",
            profile.name
        );
        return Err(scim::Error::invalid_value(path, detail).into());
    }
    Ok(check_size(resource)?)
}

/// Commits the next state of a locked group, or only a log row when nothing effectively changed.
async fn commit(
    tx: &mut TenantTx,
    operation: &Operation,
    before: Group,
    resource: Resource,
    membership: &Membership,
    ignored: &[String],
) -> Result<Group, Error> {
    let settled = membership::settle(tx, &before, membership).await?;
    let after = Group {
        revision: before.revision + 1,
        resource,
        member_count: settled.member_count,
        modified_at: operation.at.max(before.modified_at),
        ..before.clone()
    };
    let events = operation.group_events(Some(&before), Some(&after), &settled.changed);
    let left_out = record::LeftOut {
        ignored,
        unknown: &settled.unknown,
    };
    if events.is_empty() {
        tx.log(&operation.group_row(&before, &[], &left_out)).await?;
        return Ok(before);
    }
    let row = operation.group_row(&after, &events, &left_out);
    match tx.save_group(&after, &events, &row).await? {
        Saved::Done => Ok(after),
        Saved::NameTaken => Err(taken(&operation.profile)),
        Saved::Gone => Err(not_found(&operation.profile)),
    }
}
