//! Operations on groups (SCIM Groups), one file each.
//!
//! A group's document and its membership are decided and kept apart: no operation ever holds all members of a group.
//! Reading order: [`patch`], the operation Entra uses most; `membership` (what a change of members comes to); `record`
//! (what is told of it).

pub mod create;
pub mod delete;
pub mod get;
pub mod list;
mod log_row;
pub mod members;
mod membership;
pub mod patch;
pub mod replace;

use domain::group::Group;
use domain::id::GroupId;
use domain::policy::check_size;
use domain::portal::PortalPage;
use domain::profile::{Profile, UnknownAttributes};
use domain::tenant::Provider;
use scim::membership::Membership;
use scim::resource::{Resource, fold};
use scim::schema::ResourceType;
use serde_json::Value;
use store::{SaveOutcome, TenantTx};

use crate::error::Error;
use crate::taken::{Holder, Key};
use crate::unit_of_work::UnitOfWork;

/// The type of this directory's groups.
fn group_type(profile: &Profile, provider: Provider) -> Result<&ResourceType, Error> {
    profile.group_type.as_ref().ok_or_else(|| Error::GroupsNotServed {
        profile: profile.name.clone(),
        provider,
    })
}

/// Reads the path's id; a text that is no id of ours cannot name anything here.
fn group_id(operation: &UnitOfWork, id: &str) -> Result<GroupId, Error> {
    id.parse().map_err(|_| operation.not_found())
}

/// Locks a group of the version that the request asks for.
async fn lock(tx: &mut TenantTx, operation: &UnitOfWork, id: GroupId) -> Result<Group, Error> {
    let found = tx.lock_group(operation.caller.directory.id, id).await?;
    let group = found.ok_or_else(|| operation.not_found())?;
    operation.check_version(group.revision)?;
    Ok(group)
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
fn accept(operation: &UnitOfWork, body: Value) -> Result<Body, Error> {
    let group_type = operation.group_type()?;
    let mentioned = Membership::is_mentioned(group_type, &body)?;
    let accepted = Resource::accept(group_type, body)?;
    let (resource, membership) = Membership::split(accepted.resource, mentioned)?;
    check(operation, &resource, &accepted.ignored)?;
    Ok(Body {
        resource,
        membership: membership.unwrap_or(Membership::SAME),
        ignored: accepted.ignored,
    })
}

/// What every group owes, and what is made of attributes that no group here has.
fn check(operation: &UnitOfWork, resource: &Resource, ignored: &[String]) -> Result<(), Error> {
    // Parts of members that are the server's to know, such as their names, are no fault of a mapping.
    let unknown = ignored.iter().find(|path| !path.starts_with("members."));
    let profile = &operation.profile;
    if let (UnknownAttributes::Reject, Some(path)) = (profile.unknown_attributes, unknown) {
        let detail = format!(
            "{path} is not part of the groups of the {} directory. {} delete the line for {path}.",
            profile.name,
            operation.provider().at(PortalPage::Groups)
        );
        return Err(scim::Error::invalid_value(path, detail).into());
    }
    Ok(check_size(operation.provider(), PortalPage::Groups, resource)?)
}

impl UnitOfWork {
    /// The type of this directory's groups.
    fn group_type(&self) -> Result<&ResourceType, Error> {
        group_type(&self.profile, self.provider())
    }
}

/// Commits the next state of a locked group, or only a log row when nothing effectively changed.
async fn commit(
    tx: &mut TenantTx,
    operation: &UnitOfWork,
    before: Group,
    resource: Resource,
    membership: &Membership,
    ignored: &[String],
) -> Result<Group, Error> {
    let settled = membership::settle(tx, &before, membership).await?;
    let after = Group {
        id: before.id,
        directory: before.directory,
        revision: before.revision + 1,
        resource,
        member_count: settled.member_count,
        created_at: before.created_at,
        modified_at: operation.at.max(before.modified_at),
    };
    let events = operation.group_events(Some(&before), Some(&after), &settled.changed);
    let left_out = log_row::LeftOut {
        ignored,
        unknown: &settled.unknown,
    };
    if events.is_empty() {
        tx.log(&operation.group_row(&before, &[], &left_out)).await?;
        return Ok(before);
    }
    let row = operation.group_row(&after, &events, &left_out);
    match tx.save_group(&after, &events, &row).await? {
        SaveOutcome::Done | SaveOutcome::DoneBeside => Ok(after),
        SaveOutcome::NameTaken | SaveOutcome::ExternalIdTaken => {
            let holder = by_name(tx, &after).await?;
            Err(operation.taken_at_change(Key::GroupName, &named(holder.as_ref())))
        }
        SaveOutcome::Gone => Err(operation.not_found()),
    }
}

/// Who has the name of a group.
async fn by_name(tx: &mut TenantTx, group: &Group) -> Result<Option<Group>, Error> {
    let name = fold(group.resource.display_name().unwrap_or_default());
    Ok(tx.find_group_by_name(group.directory, &name).await?)
}

fn named(holder: Option<&Group>) -> Holder<'_> {
    holder.map_or(Holder::Gone, Holder::Group)
}
