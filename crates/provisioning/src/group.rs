//! Groups: a directory may serve none, and members are rows of their own.
//!
//! A group's document and its membership are decided and stored apart: no operation holds all members of a group in memory.
//! Reading order: `membership` (the change of members), [`members`] (reading them).

pub mod members;
mod membership;

use std::sync::Arc;

use chrono::{DateTime, Utc};
use domain::event::Event;
use domain::event::group::{GroupChange, from_group_change};
use domain::group::{Group, MembersChanged};
use domain::id::{DirectoryId, GroupId, ResourceId};
use domain::identity::ExternalId;
use domain::log::LogEntry;
use domain::policy::{check_group_required, check_size};
use domain::portal::PortalPage;
use domain::profile::Profile;
use domain::tenant::Provider;
use scim::etag::Revision;
use scim::membership::Membership;
use scim::patch::{PatchRequest, StoredMembers, apply_to_group, described_members};
use scim::resource::{Resource, fold};
use scim::schema::ResourceType;
use serde_json::Value;
use store::{CreateOutcome, ListRequest, Page, SaveOutcome, StoreError, TenantTx};

use crate::error::Error;
use crate::log_row::LeftOut;
use crate::replace::as_a_value;
use crate::resource::{Desired, ManagedResource, MembershipResult, check_unknown};
use crate::taken::UniqueKey;
use crate::unit_of_work::{Locking, UnitOfWork};

impl ManagedResource for Group {
    type Id = GroupId;
    type Events = Vec<Event>;

    const ENDPOINT: &'static str = "/Groups";
    const NAME: &'static str = "displayName";
    const PAGE: PortalPage = PortalPage::Groups;

    fn id(&self) -> GroupId {
        self.id
    }

    fn revision(&self) -> Revision {
        self.revision
    }

    fn times(&self) -> (DateTime<Utc>, DateTime<Utc>) {
        (self.created_at, self.modified_at)
    }

    fn resource(&self) -> &Resource {
        &self.resource
    }

    fn name(&self) -> Option<&str> {
        self.resource.display_name()
    }

    fn next(&self, at: DateTime<Utc>, resource: Resource, member_count: i64) -> Self {
        Self {
            revision: self.revision.next(at),
            resource,
            member_count,
            modified_at: at.max(self.modified_at),
            ..*self
        }
    }

    fn described(&self) -> String {
        self.id.to_string()
    }

    fn noun(_: &Profile) -> &'static str {
        "group"
    }

    fn resource_type(profile: &Profile, provider: Provider) -> Result<&ResourceType, Error> {
        profile.group_type.as_ref().ok_or_else(|| Error::GroupsNotServed {
            profile: profile.name.clone(),
            provider,
        })
    }

    fn accept(unit: &UnitOfWork, body: Value) -> Result<Desired, Error> {
        let group_type = unit.resource_type::<Self>()?;
        let mentioned = Membership::is_mentioned(group_type, &body)?;
        let accepted = Resource::accept(group_type, body)?;
        let (resource, membership) = Membership::split(accepted.resource, mentioned)?;
        check(unit, &resource, &accepted.ignored)?;
        Ok(Desired {
            resource,
            membership: membership.unwrap_or(Membership::SAME),
            ignored: accepted.ignored,
        })
    }

    fn accept_new(unit: &UnitOfWork, body: Value) -> Result<Desired, Error> {
        let desired = Self::accept(unit, body)?;
        check_group_required(
            unit.provider(),
            unit.resource_type::<Self>()?,
            None,
            &desired.resource,
        )?;
        Ok(desired)
    }

    fn replace(unit: &UnitOfWork, before: &Self, sent: &Resource) -> Result<Resource, Error> {
        let group_type = unit.resource_type::<Self>()?;
        check_group_required(unit.provider(), group_type, Some(&before.resource), sent)
            .map_err(as_a_value)?;
        Ok(sent.clone())
    }

    fn patch(
        unit: &UnitOfWork,
        before: &Self,
        request: &PatchRequest,
        stored: &StoredMembers,
    ) -> Result<Desired, Error> {
        let (provider, group_type) = (unit.provider(), unit.resource_type::<Self>()?);
        let patched = apply_to_group(group_type, &before.resource, request, provider.rules(), stored)?;
        check_group_required(provider, group_type, Some(&before.resource), &patched.resource)?;
        check(unit, &patched.resource, &patched.ignored)?;
        Ok(Desired {
            resource: patched.resource,
            membership: patched.membership,
            ignored: patched.ignored,
        })
    }

    fn events(
        unit: &UnitOfWork,
        before: Option<&Self>,
        after: Option<&Self>,
        members: &MembersChanged,
    ) -> Option<Vec<Event>> {
        let change = GroupChange {
            before,
            after,
            members,
        };
        let events = from_group_change(unit.origin(), &unit.cause(), unit.ids(), unit.at, change);
        (!events.is_empty()).then_some(events)
    }

    async fn get(tx: &mut TenantTx, directory: DirectoryId, id: GroupId) -> Result<Option<Self>, StoreError> {
        tx.get(directory, id).await
    }

    async fn lock(
        tx: &mut TenantTx,
        directory: DirectoryId,
        id: GroupId,
    ) -> Result<Option<Self>, StoreError> {
        tx.lock(directory, id).await
    }

    async fn list(tx: &mut TenantTx, query: &ListRequest<'_>) -> Result<Page<Self>, StoreError> {
        tx.list(query).await
    }

    async fn holder(tx: &mut TenantTx, _: UniqueKey, wanted: &Self) -> Result<Option<Self>, StoreError> {
        let name = fold(wanted.resource.display_name().unwrap_or_default());
        tx.find_by_name(wanted.directory, &name).await
    }

    async fn described_members(
        tx: &mut TenantTx,
        unit: &UnitOfWork,
        before: &Self,
        request: &PatchRequest,
    ) -> Result<StoredMembers, Error> {
        let named = described_members(unit.resource_type::<Self>()?, request);
        membership::stored(tx, before, named).await
    }

    async fn change_members(
        tx: &mut TenantTx,
        before: &Self,
        membership: &Membership,
    ) -> Result<MembershipResult, Error> {
        membership::change_members(tx, before, membership).await
    }

    /// Members that exist are added; the others are skipped and named in the log.
    ///
    /// A `displayName` that is taken is always 409, whatever the provider: groups are matched by it, so Entra finds the one
    /// that exists at its next cycle, and Microsoft's validator creates a group twice to see the 409 (ADR 0006).
    async fn create(unit: &Arc<UnitOfWork>, desired: Desired) -> Result<Self, Error> {
        let id = GroupId::from_uuid(unit.ids().next());
        unit.transact(Locking::Locked, desired, move |tx, unit, desired| {
            Box::pin(create(tx, unit, id, desired))
        })
        .await
    }

    async fn save(
        tx: &mut TenantTx,
        _: &UnitOfWork,
        [before, after]: [&Self; 2],
        members: &MembersChanged,
        events: &Vec<Event>,
        row: &LogEntry,
    ) -> Result<SaveOutcome, StoreError> {
        let members = membership::write(tx, before, members).await?;
        tx.save(after, before.revision, ExternalId::IsFree, members, events, row)
            .await
    }

    async fn delete(
        tx: &mut TenantTx,
        before: &Self,
        events: &Vec<Event>,
        row: &LogEntry,
    ) -> Result<(), StoreError> {
        tx.delete(before, events, row).await
    }
}

/// Checks the size, and attributes that groups of this directory do not have.
fn check(unit: &UnitOfWork, resource: &Resource, ignored: &[String]) -> Result<(), Error> {
    // Read-only parts of members, such as their names, are no fault of a mapping.
    let unknown = ignored.iter().find(|path| !path.starts_with("members."));
    let name = &unit.profile.name;
    check_unknown::<Group>(unit, unknown, format_args!("groups of the {name} directory"))?;
    Ok(check_size(unit.provider(), PortalPage::Groups, resource)?)
}

async fn create(
    tx: &mut TenantTx,
    unit: &UnitOfWork,
    id: GroupId,
    desired: &Desired,
) -> Result<Group, Error> {
    let mut group = Group {
        id,
        directory: unit.directory(),
        revision: Revision::FIRST,
        resource: desired.resource.clone(),
        member_count: 0,
        created_at: unit.at,
        modified_at: unit.at,
    };
    let known = membership::Known::find(tx, &group, desired.membership.named(), [].into_iter()).await?;
    let joined = MembersChanged {
        added: known.joining(),
        ..MembersChanged::default()
    };
    let joining: Vec<ResourceId> = joined.added.iter().map(|member| member.id).collect();
    group.member_count = i64::try_from(joining.len()).unwrap_or(i64::MAX);
    let events = Group::events(unit, None, Some(&group), &joined).unwrap_or_default();
    let left_out = LeftOut {
        ignored: &desired.ignored,
        unknown: &known.unknown,
    };
    let row = unit.row(&group, events.first(), &left_out);
    match tx.create(&group, ExternalId::IsFree, &events, &row).await? {
        CreateOutcome::Done | CreateOutcome::DoneSharingExternalId => {
            tx.add_members(group.directory, group.id, &joining).await?;
            Ok(group)
        }
        CreateOutcome::Taken => adopt(tx, unit, &group, desired).await,
    }
}

/// The `displayName` is taken: by the group that is being created, or by another one.
async fn adopt(
    tx: &mut TenantTx,
    unit: &UnitOfWork,
    group: &Group,
    desired: &Desired,
) -> Result<Group, Error> {
    let found = Group::holder(tx, UniqueKey::Name, group).await?;
    // Its own id: the first attempt was committed, and the database's answer was lost.
    let existing = match found {
        Some(existing) if existing.id == group.id => existing,
        // `None`: it was deleted meanwhile; the client's repeat will create it.
        other => return Err(unit.taken_at_creation(UniqueKey::Name, other.as_ref())),
    };
    let joining = Membership::Change {
        add: desired.membership.named().map(str::to_owned).collect(),
        remove: Vec::new(),
    };
    let resource = desired.resource.clone();
    unit.save(tx, existing, resource, &joining, &desired.ignored)
        .await
}
