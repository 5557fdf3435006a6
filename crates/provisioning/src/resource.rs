//! The trait of users and groups. Users ([`crate::user`]) and groups ([`crate::group`])
//! implement it; [`crate::create`], [`crate::get`], [`crate::list`], [`crate::replace`], [`crate::patch`] and
//! [`crate::delete`] are written once over it.
//!
//! Three parts: what a resource is, decisions (pure), and its statements.

use std::fmt::{self, Display};
use std::str::FromStr;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use domain::event::Event;
use domain::group::MembersChanged;
use domain::id::{DirectoryId, ResourceId};
use domain::log::LogEntry;
use domain::portal::PortalPage;
use domain::profile::{Profile, UnknownAttributes};
use domain::tenant::Provider;
use scim::etag::Revision;
use scim::membership::Membership;
use scim::patch::{PatchRequest, StoredMembers};
use scim::quirk::rules::Rules;
use scim::resource::Resource;
use scim::schema::ResourceType;
use serde_json::Value;
use store::{ListRequest, Page, SaveOutcome, StoreError, TenantTx};

use crate::error::Error;
use crate::taken::UniqueKey;
use crate::unit_of_work::UnitOfWork;

/// The state that a request asks for.
#[derive(Debug, Clone)]
pub struct Desired {
    /// The document, without members.
    pub resource: Resource,
    /// The requested change of a group's members; [`Membership::SAME`] for none.
    pub membership: Membership,
    /// Paths that were sent and that this directory does not have.
    pub ignored: Vec<String>,
}

/// A membership after a change.
#[derive(Debug, Default)]
pub struct MembershipResult {
    /// The members that joined and those that left.
    pub changed: MembersChanged,
    /// The number of members now.
    pub member_count: i64,
    /// The named members that this directory does not have, as sent.
    pub unknown: Vec<String>,
}

/// A kind of resource: [`domain::identity::Identity`] or [`domain::group::Group`].
pub trait ManagedResource: Send + Sync + Sized + 'static {
    /// Its id.
    type Id: Copy + Display + FromStr + Into<ResourceId> + Send + Sync + 'static;
    /// The events of one change, at least one; the log row names the first.
    type Events: AsRef<[Event]> + Send + Sync + 'static;

    /// The endpoint's path; a cursor of one list is none of another.
    const ENDPOINT: &'static str;
    /// The attribute whose value is unique in a directory.
    const NAME: &'static str;
    /// Where its mapping is set at the identity provider.
    const PAGE: PortalPage;

    /// Its id.
    fn id(&self) -> Self::Id;
    /// Its revision.
    fn revision(&self) -> Revision;
    /// When it was created and when it was last changed.
    fn times(&self) -> (DateTime<Utc>, DateTime<Utc>);
    /// Its document.
    fn resource(&self) -> &Resource;
    /// The value of [`ManagedResource::NAME`].
    fn name(&self) -> Option<&str>;
    /// Converts a document that an older version stored to the current form; that is no change by itself.
    fn canonical(self, _: &Profile) -> Self {
        self
    }
    /// The state after this one.
    fn next(&self, at: DateTime<Utc>, resource: Resource, member_count: i64) -> Self;
    /// Its id and status, for the refusal of a value that it has: `idn_…, which is active`.
    fn described(&self) -> String;
    /// The noun in this directory: `person`, `room` or `group`.
    fn noun(profile: &Profile) -> &'static str;
    /// Its type in this directory, or [`Error::GroupsNotServed`].
    fn resource_type(profile: &Profile, provider: Provider) -> Result<&ResourceType, Error>;

    /// Another reading of a filter that matched nothing (`scim::quirk`).
    fn filter_read_again(_: &Rules, _filter: &str) -> Option<String> {
        None
    }
    /// A document that replaces another (PUT) → the state that this directory stores of it.
    fn accept(unit: &UnitOfWork, body: Value) -> Result<Desired, Error>;
    /// A new document (POST) → the state that this directory stores of it, defaults included. Required attributes are checked.
    fn accept_new(unit: &UnitOfWork, body: Value) -> Result<Desired, Error>;
    /// The document after a PUT: the accepted one, with what a PUT keeps of the state before.
    fn replace(unit: &UnitOfWork, before: &Self, sent: &Resource) -> Result<Resource, Error>;
    /// The state after a PATCH.
    fn patch(
        unit: &UnitOfWork,
        before: &Self,
        request: &PatchRequest,
        stored: &StoredMembers,
    ) -> Result<Desired, Error>;
    /// The events of a change, `None` when nothing effectively changed.
    fn events(
        unit: &UnitOfWork,
        before: Option<&Self>,
        after: Option<&Self>,
        members: &MembersChanged,
    ) -> Option<Self::Events>;

    /// Reads one.
    fn get(
        tx: &mut TenantTx,
        directory: DirectoryId,
        id: Self::Id,
    ) -> impl Future<Output = Result<Option<Self>, StoreError>> + Send;
    /// Reads one for a change. Inside a transaction the row is locked; in the first attempt of `write_once` the
    /// revision check of [`ManagedResource::save`] guards it instead.
    fn lock(
        tx: &mut TenantTx,
        directory: DirectoryId,
        id: Self::Id,
    ) -> impl Future<Output = Result<Option<Self>, StoreError>> + Send;
    /// Reads a page.
    fn list(
        tx: &mut TenantTx,
        query: &ListRequest<'_>,
    ) -> impl Future<Output = Result<Page<Self>, StoreError>> + Send;
    /// Reads the resource that has the value of `wanted` which is taken.
    fn holder(
        tx: &mut TenantTx,
        key: UniqueKey,
        wanted: &Self,
    ) -> impl Future<Output = Result<Option<Self>, StoreError>> + Send;
    /// Reads the present state of the members that a PATCH names.
    fn described_members(
        _: &mut TenantTx,
        _: &UnitOfWork,
        _before: &Self,
        _: &PatchRequest,
    ) -> impl Future<Output = Result<StoredMembers, Error>> + Send {
        async { Ok(StoredMembers::new()) }
    }
    /// Reads who joins and who leaves.
    fn change_members(
        _: &mut TenantTx,
        _before: &Self,
        _: &Membership,
    ) -> impl Future<Output = Result<MembershipResult, Error>> + Send {
        async { Ok(MembershipResult::default()) }
    }
    /// Creates one, with its events and its log row.
    fn create(unit: &Arc<UnitOfWork>, desired: Desired) -> impl Future<Output = Result<Self, Error>> + Send;
    /// Writes the next state of one that was loaded, with the change of its members, its events and its log row.
    fn save(
        tx: &mut TenantTx,
        unit: &UnitOfWork,
        before_and_after: [&Self; 2],
        members: &MembersChanged,
        events: &Self::Events,
        row: &LogEntry,
    ) -> impl Future<Output = Result<SaveOutcome, StoreError>> + Send;
    /// Deletes one that was loaded, with its events and its log row.
    fn delete(
        tx: &mut TenantTx,
        before: &Self,
        events: &Self::Events,
        row: &LogEntry,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// Refuses an attribute that the profile does not name, where the profile says so (ADR 0007); `of` is what it is no part of.
pub(crate) fn check_unknown<R: ManagedResource>(
    unit: &UnitOfWork,
    unknown: Option<&String>,
    of: fmt::Arguments<'_>,
) -> Result<(), Error> {
    match (unit.profile.unknown_attributes, unknown) {
        (UnknownAttributes::Reject, Some(path)) => {
            let page = unit.provider().at(R::PAGE);
            let detail = format!("{path} is not part of the {of}. {page} delete the line for {path}.");
            Err(scim::Error::invalid_value(path, detail).into())
        }
        _ => Ok(()),
    }
}
