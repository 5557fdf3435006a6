//! A change becomes an event: the CloudEvents envelope of `docs/reference/events.md`.
//!
//! Pure: old identity, new identity and the circumstances in, at most one event out; [`group`] has the events of groups.
//! Positions in feeds, delivery and redelivery are no part of it (`crates/events`).

pub mod group;

use chrono::{DateTime, SecondsFormat, Utc};
use scim::change::{Change, diff};
use serde_json::{Map, Value, json};

use crate::environment::Environment;
use crate::id::{EventId, RequestId, ResourceId};
use crate::identity::Identity;
use crate::log::LogAction;
use crate::profile::Profile;
use crate::tenant::{Directory, Slug};
use crate::trace::TraceParent;

/// What happened to an identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdentityEventKind {
    /// It came into being (perhaps inactive).
    Created,
    /// It changed.
    Updated,
    /// `active` went from true to false, whatever else changed.
    Deactivated,
    /// `active` went from false to true, whatever else changed.
    Reactivated,
    /// It is gone.
    Deleted,
}

impl IdentityEventKind {
    /// All kinds, for generated documents and schemas.
    pub const ALL: [Self; 5] = [
        Self::Created,
        Self::Updated,
        Self::Deactivated,
        Self::Reactivated,
        Self::Deleted,
    ];

    /// The word in the type: `usher.identity.{word}.v1`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Updated => "updated",
            Self::Deactivated => "deactivated",
            Self::Reactivated => "reactivated",
            Self::Deleted => "deleted",
        }
    }

    /// The word of the provisioning log.
    pub const fn action(self) -> LogAction {
        match self {
            Self::Created => LogAction::Create,
            Self::Updated => LogAction::Update,
            Self::Deactivated => LogAction::Disable,
            Self::Reactivated => LogAction::Reactivate,
            Self::Deleted => LogAction::Delete,
        }
    }

    /// The CloudEvents `type`.
    pub fn event_type(self) -> String {
        format!("usher.identity.{}.v1", self.word())
    }

    /// The CloudEvents `dataschema`, the `$id` of the JSON Schema in `docs/reference/events/`.
    pub fn data_schema(self) -> String {
        format!("urn:usher:schema:identity.{}:1", self.word())
    }
}

/// Where a change happened.
#[derive(Debug, Clone, Copy)]
pub struct Origin<'a> {
    /// The deployment's environment.
    pub environment: Environment,
    /// The directory, and with it the tenant.
    pub directory: &'a Directory,
    /// The tenant's name.
    pub tenant_name: &'a Slug,
    /// The tenant's Entra tenant id, when known.
    pub external_tenant_id: Option<&'a str>,
    /// The directory's profile.
    pub profile: &'a Profile,
}

/// Why a change happened.
#[derive(Debug, Clone)]
pub struct Cause {
    /// The request; the `txn` of the event (RFC 8417 §2.2).
    pub request: RequestId,
    /// The client's own id of the request, when it sent one.
    pub client_request_id: Option<String>,
    /// The HTTP method.
    pub operation: &'static str,
    /// What apps are told of the token: see [`crate::credential::Caller::token_alias`].
    pub token_alias: String,
    /// The W3C trace context of the request, the start of the trace.
    pub traceparent: Option<TraceParent>,
}

/// An event, ready for the outbox.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Its id, the same at every delivery.
    pub id: EventId,
    /// What it is about.
    pub subject: ResourceId,
    /// The subject's revision.
    pub sequence: i64,
    /// Its CloudEvents `type`.
    pub event_type: String,
    /// What was done, in the words of the provisioning log.
    pub action: LogAction,
    /// The whole CloudEvents envelope.
    pub envelope: Value,
    /// The changed paths, for the provisioning log.
    pub changed: Vec<String>,
}

/// The event of one committed change, or `None` when nothing effectively changed: no effective change makes no
/// revision, no event and no new ETag.
///
/// `before` and `after` are the identity before and after; one of them is absent at creation and deletion.
/// Precedence: created, deleted, deactivated or reactivated, updated; `changes` is always complete.
pub fn from_change(
    origin: Origin<'_>,
    cause: &Cause,
    id: EventId,
    at: DateTime<Utc>,
    before: Option<&Identity>,
    after: Option<&Identity>,
) -> Option<Event> {
    let empty = scim::resource::Resource::default();
    let subject = after.or(before)?;
    let old = before.map_or(&empty, |identity| &identity.resource);
    let new = after.map_or(&empty, |identity| &identity.resource);
    let changes = if after.is_some() {
        diff(&origin.profile.resource_type, old, new)
    } else {
        Vec::new()
    };
    let kind = match (before, after) {
        (None, Some(_)) => IdentityEventKind::Created,
        (_, None) => IdentityEventKind::Deleted,
        (Some(_), Some(_)) if changes.is_empty() => return None,
        (Some(_), Some(_)) => match (old.active(), new.active()) {
            (true, false) => IdentityEventKind::Deactivated,
            (false, true) => IdentityEventKind::Reactivated,
            _ => IdentityEventKind::Updated,
        },
    };
    let sequence = after.map_or_else(|| subject.revision + 1, |identity| identity.revision);
    let previous = before.map_or(0, |identity| identity.revision);
    let data = data(
        origin,
        cause,
        kind,
        (before, after),
        &changes,
        (sequence, previous),
    );
    let head = Head {
        id,
        event_type: kind.event_type(),
        data_schema: kind.data_schema(),
        subject: subject.id.into(),
        at,
        sequence,
        part: (1, 1),
    };
    let envelope = envelope(origin, cause, &head, data);
    let changed = changes.into_iter().map(|change| change.path).collect();
    Some(Event {
        id,
        subject: head.subject,
        sequence,
        event_type: head.event_type,
        action: kind.action(),
        envelope,
        changed,
    })
}

/// What differs from event to event in an envelope.
struct Head {
    id: EventId,
    event_type: String,
    data_schema: String,
    subject: ResourceId,
    at: DateTime<Utc>,
    sequence: i64,
    /// Which of the events of this revision it is, and how many there are.
    part: (usize, usize),
}

fn envelope(origin: Origin<'_>, cause: &Cause, head: &Head, data: Value) -> Value {
    let Origin {
        environment,
        directory,
        profile,
        ..
    } = origin;
    let tenant = directory.tenant;
    let (subject, sequence, (part, parts)) = (head.subject, head.sequence, head.part);
    let mut envelope = json!({
        "specversion": "1.0",
        "id": head.id,
        "source": format!("urn:usher:{environment}:{tenant}:{}:{subject}", profile.name),
        "type": head.event_type,
        "subject": format!("/{}s/{subject}", subject.type_name()),
        "time": head.at.to_rfc3339_opts(SecondsFormat::Micros, true),
        "datacontenttype": "application/json",
        "dataschema": head.data_schema,
        "sequence": format!("{sequence:020}"),
        "part": format!("{part}/{parts}"),
        "tenantid": tenant,
        "directoryid": directory.id,
        "profile": profile.name,
        "environment": environment,
        "partitionkey": tenant,
        "txn": cause.request,
        "idempotencykey": format!("{tenant}/{subject}/{sequence}/{part}"),
    });
    if let Some(fields) = envelope.as_object_mut() {
        if let Some(traceparent) = &cause.traceparent {
            fields.insert("traceparent".to_owned(), Value::from(traceparent.to_string()));
        }
        fields.insert("data".to_owned(), data);
    }
    envelope
}

fn tenant(origin: Origin<'_>) -> Value {
    json!({
        "id": origin.directory.tenant,
        "name": origin.tenant_name,
        "externalTenantId": origin.external_tenant_id,
    })
}

fn directory(origin: Origin<'_>) -> Value {
    json!({"id": origin.directory.id, "profile": origin.profile.name, "thing": origin.profile.thing})
}

fn cause_of(origin: Origin<'_>, cause: &Cause) -> Value {
    json!({
        "actor": origin.directory.provider.as_str(),
        "operation": cause.operation,
        "requestId": cause.request,
        "clientRequestId": cause.client_request_id,
        "tokenId": cause.token_alias,
    })
}

fn data(
    origin: Origin<'_>,
    cause: &Cause,
    kind: IdentityEventKind,
    (before, after): (Option<&Identity>, Option<&Identity>),
    changes: &[Change],
    (revision, previous): (i64, i64),
) -> Value {
    let profile = origin.profile;
    let state = |identity: &Identity| {
        let mut state = Map::new();
        state.insert("id".to_owned(), json!(identity.id));
        state.extend(identity.resource.as_map().clone());
        state.insert("active".to_owned(), Value::from(identity.resource.active()));
        state
    };
    let record = |identity: &Identity| profile.record(&identity.id.to_string(), &identity.resource);
    let changed: Vec<&str> = changes.iter().map(|change| change.path.as_str()).collect();
    let mut data = json!({
        "tenant": tenant(origin),
        "directory": directory(origin),
        "identity": after.map(state),
        "record": after.map(record),
        "changes": changes,
        "changedAttributes": changed,
        "managedAttributes": profile.managed_attributes(),
        "revision": revision,
        "previousRevision": previous,
        "etag": format!("W/\"{revision}\""),
        "cause": cause_of(origin, cause),
    });
    if let (IdentityEventKind::Deleted, Some(gone), Some(fields)) = (kind, before, data.as_object_mut()) {
        fields.insert(
            "tombstone".to_owned(),
            json!({"id": gone.id, "externalId": gone.resource.external_id(), "userName": gone.resource.user_name()}),
        );
    }
    data
}

#[cfg(test)]
mod tests;
