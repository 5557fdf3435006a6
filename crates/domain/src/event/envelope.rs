//! The text of an event: the CloudEvents envelope. The order of the fields below is that of the JSON.
//!
//! Must not know: when an event is made. `docs/reference/events/` has the JSON Schemas; `tests/it/events/schemas.rs` checks
//! every kind of event against them.

use chrono::{DateTime, SecondsFormat, Utc};
use scim::change::Change;
use scim::etag::{self, Revision};
use serde::Serialize;

pub(super) use super::state::{KnownBy, MemberRef, State};
use super::{Cause, Event, EventKind, Origin};
use crate::environment::Environment;
use crate::id::{DirectoryId, EventId, RequestId, ResourceId, TenantId};
use crate::profile::{Record, ResourceKind};
use crate::tenant::{Provider, Slug};
use crate::trace::TraceParent;

/// The fields of an envelope that differ between the events of a change.
pub(super) struct Head {
    pub(super) id: EventId,
    pub(super) kind: EventKind,
    pub(super) subject: ResourceId,
    pub(super) at: DateTime<Utc>,
    pub(super) sequence: Revision,
    /// The number of the event among those of its revision, from 1, and their count.
    pub(super) part: (usize, usize),
    /// The changed paths, for the provisioning log.
    pub(super) changed: Vec<String>,
}

impl Head {
    /// The event with its text.
    pub(super) fn event(self, origin: Origin<'_>, cause: &Cause, data: &Data<'_>) -> Event {
        let (subject, sequence, (part, parts)) = (self.subject, self.sequence, self.part);
        let text = Text {
            id: self.id,
            word: &self.kind.to_string(),
            subject,
            at: self.at,
            sequence,
            part: format!("{part}/{parts}"),
            key: part.to_string(),
            release: None,
        };
        Event {
            id: self.id,
            subject,
            sequence,
            body: text.json(origin, Some(cause), data),
            source: text.source(origin),
            event_type: text.event_type(),
            action: self.kind.action(),
            changed: self.changed,
        }
    }
}

/// What the texts of events and of a snapshot's entries are written from, beside their `data`.
pub(super) struct Text<'a> {
    pub(super) id: EventId,
    /// What happened, in the type.
    pub(super) word: &'a str,
    pub(super) subject: ResourceId,
    pub(super) at: DateTime<Utc>,
    pub(super) sequence: Revision,
    pub(super) part: String,
    /// The end of the idempotency key.
    pub(super) key: String,
    /// The number of the app's release policy, when it is what is told of.
    pub(super) release: Option<i64>,
}

impl Text<'_> {
    const fn noun(&self) -> &'static str {
        match self.subject {
            ResourceId::Identity(_) => "identity",
            ResourceId::Group(_) => "group",
        }
    }

    pub(super) fn event_type(&self) -> String {
        format!("usher.{}.{}.v1", self.noun(), self.word)
    }

    pub(super) fn source(&self, origin: Origin<'_>) -> String {
        let (environment, tenant) = (origin.environment, origin.directory.tenant);
        format!(
            "urn:usher:{environment}:{tenant}:{}:{}",
            origin.profile.name, self.subject
        )
    }

    /// The whole envelope; `cause` is absent where no request is behind it.
    pub(super) fn json(&self, origin: Origin<'_>, cause: Option<&Cause>, data: &Data<'_>) -> String {
        let (tenant, subject, sequence) = (origin.directory.tenant, self.subject, self.sequence);
        let trace = cause.and_then(|cause| cause.traceparent.as_ref());
        json(&Envelope {
            specversion: "1.0",
            id: self.id,
            source: &self.source(origin),
            event_type: &self.event_type(),
            subject: format!("/{}s/{subject}", subject.type_name()),
            time: self.at.to_rfc3339_opts(SecondsFormat::Micros, true),
            datacontenttype: "application/json",
            dataschema: format!("urn:usher:schema:{}.{}:1", self.noun(), self.word),
            sequence: sequence.sequence(),
            release: self.release,
            part: &self.part,
            tenantid: tenant,
            directoryid: origin.directory.id,
            profile: origin.profile.name.as_str(),
            environment: origin.environment,
            partitionkey: tenant,
            txn: cause.map(|cause| cause.request),
            idempotencykey: format!("{tenant}/{subject}/{sequence}/{}", self.key),
            traceparent: trace.map(TraceParent::to_string),
            data,
        })
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
    #[serde(skip_serializing_if = "Option::is_none")]
    release: Option<i64>,
    part: &'a str,
    tenantid: TenantId,
    directoryid: DirectoryId,
    profile: &'a str,
    environment: Environment,
    partitionkey: TenantId,
    #[serde(skip_serializing_if = "Option::is_none")]
    txn: Option<RequestId>,
    idempotencykey: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    traceparent: Option<String>,
    data: &'a Data<'a>,
}

/// The `data` of an event.
#[derive(Serialize)]
#[serde(untagged, rename_all_fields = "camelCase")]
pub(super) enum Data<'a> {
    Identity {
        #[serde(flatten)]
        directory: TenantAndDirectory<'a>,
        identity: Option<State<'a>>,
        record: Option<Record<'a>>,
        #[serde(flatten)]
        changed: Changed<'a>,
        #[serde(flatten)]
        version: Version<'a>,
        #[serde(skip_serializing_if = "Option::is_none")]
        tombstone: Option<KnownBy<'a>>,
    },
    Group {
        #[serde(flatten)]
        directory: TenantAndDirectory<'a>,
        group: Option<State<'a>>,
        #[serde(flatten)]
        version: Version<'a>,
        #[serde(flatten)]
        changed: Changed<'a>,
        #[serde(skip_serializing_if = "Option::is_none")]
        tombstone: Option<KnownBy<'a>>,
    },
    Members {
        #[serde(flatten)]
        directory: TenantAndDirectory<'a>,
        group: KnownBy<'a>,
        #[serde(flatten)]
        version: Version<'a>,
        added: Vec<MemberRef<'a>>,
        removed: Vec<MemberRef<'a>>,
        cleared: bool,
        member_count: i64,
    },
    /// Some of a group's members, in a snapshot.
    MembersSynced {
        #[serde(flatten)]
        directory: TenantAndDirectory<'a>,
        group: KnownBy<'a>,
        #[serde(flatten)]
        version: Version<'a>,
        members: Vec<MemberRef<'a>>,
        member_count: i64,
    },
}

/// The tenant and the directory of a change.
#[derive(Serialize)]
pub(super) struct TenantAndDirectory<'a> {
    tenant: TenantRef<'a>,
    directory: DirectoryRef<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TenantRef<'a> {
    id: TenantId,
    name: &'a Slug,
    external_tenant_id: Option<&'a str>,
}

#[derive(Serialize)]
struct DirectoryRef<'a> {
    id: DirectoryId,
    profile: &'a str,
    thing: ResourceKind,
}

impl<'a> TenantAndDirectory<'a> {
    pub(super) fn of(origin: Origin<'a>) -> Self {
        Self {
            tenant: TenantRef {
                id: origin.directory.tenant,
                name: origin.tenant_name,
                external_tenant_id: origin.external_tenant_id,
            },
            directory: DirectoryRef {
                id: origin.directory.id,
                profile: origin.profile.name.as_str(),
                thing: origin.profile.thing,
            },
        }
    }
}

/// The revision that a change made, and the request that asked for it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Version<'a> {
    revision: Revision,
    /// 0 before the creation.
    previous_revision: i64,
    etag: String,
    cause: CauseRef<'a>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum CauseRef<'a> {
    Request {
        actor: Provider,
        #[serde(flatten)]
        cause: &'a Cause,
    },
    /// The gateway itself: it reads a snapshot, or tells what an app's release policy brings and takes.
    #[serde(rename_all = "camelCase")]
    Gateway {
        actor: &'static str,
        operation: &'static str,
        request_id: (),
        client_request_id: (),
        token_id: (),
    },
}

impl<'a> Version<'a> {
    pub(super) fn of(
        origin: Origin<'_>,
        cause: &'a Cause,
        revision: Revision,
        previous: Option<Revision>,
    ) -> Self {
        let actor = origin.directory.provider;
        Self {
            revision,
            previous_revision: previous.map_or(0, Revision::number),
            etag: etag::of(revision),
            cause: CauseRef::Request { actor, cause },
        }
    }

    /// The revision that a snapshot found.
    pub(super) fn found(revision: Revision) -> Self {
        Self::by_gateway(revision, "SNAPSHOT")
    }

    /// The revision that a resource had when an app's release policy changed.
    pub(super) fn released(revision: Revision) -> Self {
        Self::by_gateway(revision, "RELEASE")
    }

    fn by_gateway(revision: Revision, operation: &'static str) -> Self {
        Self {
            revision,
            previous_revision: revision.number(),
            etag: etag::of(revision),
            cause: CauseRef::Gateway {
                actor: "system",
                operation,
                request_id: (),
                client_request_id: (),
                token_id: (),
            },
        }
    }
}

/// The changed attributes, and the paths that the customer's identity provider manages.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Changed<'a> {
    changes: &'a [Change],
    changed_attributes: Vec<&'a str>,
    managed_attributes: Vec<&'a str>,
}

impl<'a> Changed<'a> {
    pub(super) fn of(changes: &'a [Change], managed_attributes: Vec<&'a str>) -> Self {
        Self {
            changes,
            changed_attributes: changes.iter().map(|change| change.path.as_str()).collect(),
            managed_attributes,
        }
    }
}
