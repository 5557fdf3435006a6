//! The CloudEvents envelope as it is written: the order of the members below is that of the text.
//!
//! Must not know: when an event is made. `docs/reference/events/` has the JSON Schemas; `tests/it/events/schemas.rs` holds
//! every kind of event against them.

use chrono::{DateTime, SecondsFormat, Utc};
use scim::change::Change;
use scim::etag::{self, Revision};
use scim::resource::Resource;
use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};

use super::{Cause, Event, Origin};
use crate::environment::Environment;
use crate::group::{Group, Member};
use crate::id::{DirectoryId, EventId, GroupId, IdentityId, RequestId, ResourceId, TenantId};
use crate::identity::Identity;
use crate::log::LogAction;
use crate::profile::{Record, ResourceKind};
use crate::tenant::Slug;
use crate::trace::TraceParent;

/// What differs from event to event in an envelope.
pub(super) struct Head {
    pub(super) id: EventId,
    pub(super) event_type: String,
    pub(super) data_schema: String,
    pub(super) subject: ResourceId,
    pub(super) at: DateTime<Utc>,
    pub(super) sequence: Revision,
    /// Which of the events of this revision it is, and how many there are.
    pub(super) part: (usize, usize),
    /// What was done, in the words of the provisioning log.
    pub(super) action: LogAction,
    /// The changed paths, for the provisioning log.
    pub(super) changed: Vec<String>,
}

impl Head {
    /// The event with its text.
    pub(super) fn event(self, origin: Origin<'_>, cause: &Cause, data: &Data<'_>) -> Event {
        let tenant = origin.directory.tenant;
        let (subject, sequence, (part, parts)) = (self.subject, self.sequence, self.part);
        let (environment, profile) = (origin.environment, origin.profile.name.as_str());
        let source = format!("urn:usher:{environment}:{tenant}:{profile}:{subject}");
        let envelope = Envelope {
            specversion: "1.0",
            id: self.id,
            source: &source,
            event_type: &self.event_type,
            subject: format!("/{}s/{subject}", subject.type_name()),
            time: self.at.to_rfc3339_opts(SecondsFormat::Micros, true),
            datacontenttype: "application/json",
            dataschema: self.data_schema,
            sequence: sequence.sequence(),
            part: format!("{part}/{parts}"),
            tenantid: tenant,
            directoryid: origin.directory.id,
            profile,
            environment,
            partitionkey: tenant,
            txn: cause.request,
            idempotencykey: format!("{tenant}/{subject}/{sequence}/{part}"),
            traceparent: cause.traceparent.as_ref().map(TraceParent::to_string),
            data,
        };
        Event {
            id: self.id,
            subject,
            sequence,
            body: json(&envelope),
            source,
            event_type: self.event_type,
            action: self.action,
            changed: self.changed,
        }
    }
}

#[expect(
    clippy::expect_used,
    reason = "all keys of an envelope are texts and memory takes every byte: there is nothing that could fail"
)]
fn json(envelope: &Envelope<'_>) -> String {
    serde_json::to_string(envelope).expect("an envelope is JSON")
}

#[derive(Serialize)]
struct Envelope<'a> {
    specversion: &'static str,
    id: EventId,
    source: &'a str,
    #[serde(rename = "type")]
    event_type: &'a str,
    subject: String,
    time: String,
    datacontenttype: &'static str,
    dataschema: String,
    sequence: String,
    part: String,
    tenantid: TenantId,
    directoryid: DirectoryId,
    profile: &'a str,
    environment: Environment,
    partitionkey: TenantId,
    txn: RequestId,
    idempotencykey: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    traceparent: Option<String>,
    data: &'a Data<'a>,
}

/// What happened.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Data<'a> {
    Identity(IdentityData<'a>),
    Group(GroupData<'a>),
    Members(MembersData<'a>),
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct IdentityData<'a> {
    pub(super) tenant: TenantRef<'a>,
    pub(super) directory: DirectoryRef<'a>,
    pub(super) identity: Option<IdentityState<'a>>,
    pub(super) record: Option<Record<'a>>,
    pub(super) changes: &'a [Change],
    pub(super) changed_attributes: Vec<&'a str>,
    pub(super) managed_attributes: Vec<&'a str>,
    pub(super) revision: Revision,
    /// 0 before the creation.
    pub(super) previous_revision: i64,
    pub(super) etag: String,
    pub(super) cause: CauseRef<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) tombstone: Option<IdentityTombstone<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct GroupData<'a> {
    #[serde(flatten)]
    pub(super) common: GroupCommon<'a, Option<GroupState<'a>>>,
    pub(super) changes: &'a [Change],
    pub(super) changed_attributes: Vec<&'a str>,
    pub(super) managed_attributes: &'static [&'static str],
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) tombstone: Option<KnownBy<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct MembersData<'a> {
    #[serde(flatten)]
    pub(super) common: GroupCommon<'a, KnownBy<'a>>,
    pub(super) added: Vec<MemberRef<'a>>,
    pub(super) removed: Vec<MemberRef<'a>>,
    pub(super) cleared: bool,
    pub(super) member_count: i64,
}

/// What all events of a group begin with.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct GroupCommon<'a, G> {
    tenant: TenantRef<'a>,
    directory: DirectoryRef<'a>,
    group: G,
    revision: Revision,
    previous_revision: i64,
    etag: String,
    cause: CauseRef<'a>,
}

impl<'a, G> GroupCommon<'a, G> {
    pub(super) fn of(
        origin: Origin<'a>,
        cause: &'a Cause,
        group: G,
        (revision, previous_revision): (Revision, i64),
    ) -> Self {
        Self {
            tenant: TenantRef::of(origin),
            directory: DirectoryRef::of(origin),
            group,
            revision,
            previous_revision,
            etag: etag::of(revision),
            cause: CauseRef::of(origin, cause),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TenantRef<'a> {
    id: TenantId,
    name: &'a Slug,
    external_tenant_id: Option<&'a str>,
}

impl<'a> TenantRef<'a> {
    pub(super) const fn of(origin: Origin<'a>) -> Self {
        Self {
            id: origin.directory.tenant,
            name: origin.tenant_name,
            external_tenant_id: origin.external_tenant_id,
        }
    }
}

#[derive(Serialize)]
pub(super) struct DirectoryRef<'a> {
    id: DirectoryId,
    profile: &'a str,
    thing: ResourceKind,
}

impl<'a> DirectoryRef<'a> {
    pub(super) const fn of(origin: Origin<'a>) -> Self {
        Self {
            id: origin.directory.id,
            profile: origin.profile.name.as_str(),
            thing: origin.profile.thing,
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CauseRef<'a> {
    actor: &'static str,
    operation: &'static str,
    request_id: RequestId,
    client_request_id: Option<&'a str>,
    token_id: &'a str,
}

impl<'a> CauseRef<'a> {
    pub(super) fn of(origin: Origin<'_>, cause: &'a Cause) -> Self {
        Self {
            actor: origin.directory.provider.as_str(),
            operation: cause.operation,
            request_id: cause.request,
            client_request_id: cause.client_request_id.as_deref(),
            token_id: &cause.token_alias,
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct IdentityTombstone<'a> {
    id: IdentityId,
    external_id: Option<&'a str>,
    user_name: Option<&'a str>,
}

impl<'a> IdentityTombstone<'a> {
    pub(super) fn of(identity: &'a Identity) -> Self {
        Self {
            id: identity.id,
            external_id: identity.resource.external_id(),
            user_name: identity.resource.user_name(),
        }
    }
}

/// A group without its state.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct KnownBy<'a> {
    id: GroupId,
    external_id: Option<&'a str>,
    display_name: Option<&'a str>,
}

impl<'a> KnownBy<'a> {
    pub(super) fn of(group: &'a Group) -> Self {
        Self {
            id: group.id,
            external_id: group.resource.external_id(),
            display_name: group.resource.display_name(),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct MemberRef<'a> {
    id: ResourceId,
    external_id: Option<&'a str>,
}

impl<'a> MemberRef<'a> {
    pub(super) fn of(member: &'a Member) -> Self {
        Self {
            id: member.id,
            external_id: member.external_id.as_deref(),
        }
    }
}

/// The whole identity; it always says whether it is active.
pub(super) struct IdentityState<'a>(pub(super) &'a Identity);

impl Serialize for IdentityState<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Identity { id, resource, .. } = self.0;
        state(serializer, id, resource, ("active", &resource.active()))
    }
}

/// The whole group but for its members.
pub(super) struct GroupState<'a>(pub(super) &'a Group);

impl Serialize for GroupState<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Group { id, resource, .. } = self.0;
        state(serializer, id, resource, ("memberCount", &self.0.member_count))
    }
}

/// The id, the attributes, and one of them as it is known here: where it stands, else at the end.
fn state<S: Serializer>(
    serializer: S,
    id: &impl Serialize,
    resource: &Resource,
    (known, value): (&str, &impl Serialize),
) -> Result<S::Ok, S::Error> {
    let attributes = resource.as_map();
    let mut state = serializer.serialize_map(None)?;
    state.serialize_entry("id", id)?;
    for (name, attribute) in attributes {
        match name == known {
            true => state.serialize_entry(name, value)?,
            false => state.serialize_entry(name, attribute)?,
        }
    }
    if !attributes.contains_key(known) {
        state.serialize_entry(known, value)?;
    }
    state.end()
}
