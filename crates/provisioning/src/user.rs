//! Users (identities): the profile's rules, two keys, and a creation that is repeated.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use domain::event::{Event, from_change};
use domain::group::MembersChanged;
use domain::id::{DirectoryId, IdentityId};
use domain::identity::{Identity, MatchKeys};
use domain::log::LogEntry;
use domain::policy::{check_required, check_size};
use domain::portal::PortalPage;
use domain::profile::{Profile, ResourceKind};
use domain::tenant::Provider;
use scim::etag::Revision;
use scim::membership::Membership;
use scim::patch::{PatchRequest, StoredMembers, apply};
use scim::quirk::entra::decoded_once_more;
use scim::quirk::okta::is_unasked;
use scim::quirk::rules::{EncodedFilter, RepeatedCreate, Rules};
use scim::resource::{Resource, check_immutable};
use scim::schema::ResourceType;
use serde_json::Value;
use store::{CreateOutcome, ListRequest, Page, SaveOutcome, StoreError, TenantTx};

use crate::error::Error;
use crate::log_row::LeftOut;
use crate::replace::as_a_value;
use crate::resource::{Desired, ManagedResource, check_unknown};
use crate::taken::UniqueKey;
use crate::unit_of_work::{Locking, UnitOfWork};

impl ManagedResource for Identity {
    type Id = IdentityId;
    type Events = [Event; 1];

    const ENDPOINT: &'static str = "/Users";
    const NAME: &'static str = "userName";
    const PAGE: PortalPage = PortalPage::Users;

    fn id(&self) -> IdentityId {
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
        self.resource.user_name()
    }

    // A document of an older version of the gateway gets the present form of lists with its next change.
    fn canonical(self, profile: &Profile) -> Self {
        let resource = self.resource.canonical(&profile.resource_type);
        Self { resource, ..self }
    }

    fn next(&self, at: DateTime<Utc>, resource: Resource, _: i64) -> Self {
        Self {
            revision: self.revision.next(at),
            resource,
            modified_at: at.max(self.modified_at),
            groups: self.groups.clone(),
            ..*self
        }
    }

    fn described(&self) -> String {
        let status = if self.resource.active() {
            "active"
        } else {
            "deactivated (active is false)"
        };
        format!("{}, which is {status}", self.id)
    }

    fn noun(profile: &Profile) -> &'static str {
        match profile.thing {
            ResourceKind::Person => "person",
            ResourceKind::Room => "room",
        }
    }

    fn resource_type(profile: &Profile, _: Provider) -> Result<&ResourceType, Error> {
        Ok(&profile.resource_type)
    }

    fn filter_read_again(rules: &Rules, filter: &str) -> Option<String> {
        match rules.encoded_filter {
            EncodedFilter::DecodeAgain => decoded_once_more(filter),
            EncodedFilter::AsSent => None,
        }
    }

    fn accept(unit: &UnitOfWork, body: Value) -> Result<Desired, Error> {
        let rt = &unit.profile.resource_type;
        let accepted = Resource::accept(rt, body)?;
        let resource = accepted.resource.with_roles_read(rt, unit.provider().rules());
        check_ignored(unit, &accepted.ignored)?;
        check_size(unit.provider(), PortalPage::Users, &resource)?;
        Ok(desired(resource, accepted.ignored))
    }

    fn accept_new(unit: &UnitOfWork, body: Value) -> Result<Desired, Error> {
        let desired = Self::accept(unit, body)?;
        check_required(unit.provider(), &unit.profile, None, &desired.resource)?;
        Ok(Desired {
            resource: desired.resource.with_defaults(),
            ..desired
        })
    }

    fn replace(unit: &UnitOfWork, before: &Self, sent: &Resource) -> Result<Resource, Error> {
        let rt = &unit.profile.resource_type;
        let after = sent.clone().replacing(rt, &before.resource);
        check_required(unit.provider(), &unit.profile, Some(&before.resource), &after).map_err(as_a_value)?;
        check_immutable(rt, &before.resource, &after)?;
        Ok(after)
    }

    fn patch(
        unit: &UnitOfWork,
        before: &Self,
        request: &PatchRequest,
        _: &StoredMembers,
    ) -> Result<Desired, Error> {
        let (provider, profile) = (unit.provider(), &unit.profile);
        let rt = &profile.resource_type;
        let patched = apply(rt, &before.resource, request, provider.rules())?;
        check_ignored(unit, &patched.ignored)?;
        check_size(provider, PortalPage::Users, &patched.resource)?;
        check_required(provider, profile, Some(&before.resource), &patched.resource)?;
        check_immutable(rt, &before.resource, &patched.resource)?;
        Ok(desired(patched.resource, patched.ignored))
    }

    fn events(
        unit: &UnitOfWork,
        before: Option<&Self>,
        after: Option<&Self>,
        _: &MembersChanged,
    ) -> Option<[Event; 1]> {
        let event = from_change(unit.origin(), &unit.cause(), unit.event, unit.at, before, after);
        event.map(|event| [event])
    }

    async fn get(
        tx: &mut TenantTx,
        directory: DirectoryId,
        id: IdentityId,
    ) -> Result<Option<Self>, StoreError> {
        tx.get(directory, id).await
    }

    async fn lock(
        tx: &mut TenantTx,
        directory: DirectoryId,
        id: IdentityId,
    ) -> Result<Option<Self>, StoreError> {
        tx.lock(directory, id).await
    }

    async fn list(tx: &mut TenantTx, query: &ListRequest<'_>) -> Result<Page<Self>, StoreError> {
        tx.list(query).await
    }

    async fn holder(tx: &mut TenantTx, key: UniqueKey, wanted: &Self) -> Result<Option<Self>, StoreError> {
        let keys = MatchKeys::of(&wanted.resource);
        match (key, keys.external_id) {
            (UniqueKey::Name, _) => tx.find_by_name(wanted.directory, &keys.user_name).await,
            (UniqueKey::ExternalId, Some(value)) => tx.find_by_external_id(wanted.directory, &value).await,
            (UniqueKey::ExternalId, None) => Ok(None),
        }
    }

    /// A POST is a creation: the answer is what the body would have made in an empty directory, but for id and times
    /// (ADR 0035). A repeated POST whose first answer was lost succeeds (ADR 0006) under three conditions: its body equals the
    /// stored document, the identity was not changed or put into a group since, and its client cannot have read the first
    /// answer, as it has on the connection that carried it ([`crate::Request::created`]). Any other repeat is a duplicate, as
    /// is every repeat where the directory's provider expects the RFC's 409.
    async fn create(unit: &Arc<UnitOfWork>, desired: Desired) -> Result<Self, Error> {
        let context = &unit.request.context;
        let identity = Self {
            id: IdentityId::from_uuid(context.ids.next()),
            directory: unit.directory(),
            revision: Revision::FIRST,
            resource: desired.resource,
            created_at: unit.at,
            modified_at: unit.at,
            groups: Some(Vec::new()),
        };
        let no_members = MembersChanged::default();
        let Some([event]) = Self::events(unit, None, Some(&identity), &no_members) else {
            return Ok(identity);
        };
        let ignored = desired.ignored;
        let row = unit.row(&identity, Some(&event), &left_out(&ignored));
        let (scope, external_id) = (unit.caller().scope, unit.profile.external_id());
        let created = context.store.create(scope, &identity, external_id, &event, &row);
        match created.await? {
            CreateOutcome::Done => Ok(identity),
            CreateOutcome::DoneSharingExternalId => {
                // The creation is committed, so a later change of the credential does not matter.
                let store = context.store.unguarded();
                unit.note(&store, unit.shared_external_id(&identity)).await;
                Ok(identity)
            }
            CreateOutcome::Taken => {
                unit.transact(
                    Locking::Locked,
                    (identity, ignored),
                    |tx, unit, (identity, ignored)| Box::pin(resolve_taken_key(tx, unit, identity, ignored)),
                )
                .await
            }
        }
    }

    async fn save(
        tx: &mut TenantTx,
        unit: &UnitOfWork,
        [before, after]: [&Self; 2],
        _: &MembersChanged,
        events: &[Event; 1],
        row: &LogEntry,
    ) -> Result<SaveOutcome, StoreError> {
        tx.save(
            after,
            before.revision,
            unit.profile.external_id(),
            (),
            events,
            row,
        )
        .await
    }

    async fn delete(
        tx: &mut TenantTx,
        before: &Self,
        events: &[Event; 1],
        row: &LogEntry,
    ) -> Result<(), StoreError> {
        tx.delete(before, events, row).await
    }
}

fn left_out(ignored: &[String]) -> LeftOut<'_> {
    LeftOut {
        ignored,
        ..LeftOut::default()
    }
}

fn desired(resource: Resource, ignored: Vec<String>) -> Desired {
    Desired {
        resource,
        membership: Membership::SAME,
        ignored,
    }
}

fn check_ignored(unit: &UnitOfWork, ignored: &[String]) -> Result<(), Error> {
    let unknown = ignored.iter().find(|path| !is_unasked(path));
    let name = &unit.profile.name;
    let of = format_args!("{name} directory, which takes only the attributes of its mapping table");
    check_unknown::<Identity>(unit, unknown, of)
}

/// Decides about a creation whose key is taken: a repeat of it, or a conflict.
async fn resolve_taken_key(
    tx: &mut TenantTx,
    unit: &UnitOfWork,
    identity: &Identity,
    ignored: &[String],
) -> Result<Identity, Error> {
    let (key, found) = match Identity::holder(tx, UniqueKey::Name, identity).await? {
        Some(existing) => (UniqueKey::Name, Some(existing)),
        None => (
            UniqueKey::ExternalId,
            Identity::holder(tx, UniqueKey::ExternalId, identity).await?,
        ),
    };
    let Some(existing) = found else {
        // Deleted meanwhile; the client's repeat will create it.
        return Err(unit.taken_at_creation::<Identity>(UniqueKey::Name, None));
    };
    if existing.id == identity.id {
        // The first attempt was committed, and the database's answer was lost.
        return Ok(identity.clone());
    }
    if key != UniqueKey::Name || !repeats(tx, unit, identity, &existing).await? {
        return Err(unit.taken_at_creation(key, Some(&existing)));
    }
    tx.log(&unit.row(&existing, None, &left_out(ignored))).await?;
    Ok(existing)
}

/// Whether this creation is a repeat of the one that made `existing`, after its answer was lost, and `existing` was not
/// changed since.
async fn repeats(
    tx: &mut TenantTx,
    unit: &UnitOfWork,
    identity: &Identity,
    existing: &Identity,
) -> Result<bool, Error> {
    let accepts_repeat = unit.provider().rules().repeated_create == RepeatedCreate::Accept;
    let lost = accepts_repeat && !unit.request.created.contains(&existing.id);
    let untouched = existing.revision == Revision::FIRST && existing.resource == identity.resource;
    if !lost || !untouched || identity.resource.external_id().is_none() {
        return Ok(false);
    }
    // Groups are no part of the document, but of the answer; a client that put the identity into one knew its id.
    Ok(unit.profile.group_type.is_none() || {
        let (_, groups) = tx.groups_of(existing.directory, &[existing.id]).await?;
        groups.is_empty()
    })
}
