//! A change becomes an event: the CloudEvents envelope of `docs/reference/events.md`.
//!
//! Pure: old identity, new identity and the circumstances in, at most one event out; [`group`] has the events of groups.
//! Positions in feeds, delivery and redelivery are no part of it (`crates/events`).

mod envelope;
pub mod group;

use chrono::{DateTime, Utc};
use scim::change::diff;
use scim::etag::{self, Revision};

use self::envelope::{
    CauseRef, Data, DirectoryRef, Head, IdentityData, IdentityState, IdentityTombstone, TenantRef,
};
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
    pub sequence: Revision,
    /// Its CloudEvents `type`.
    pub event_type: String,
    /// Its CloudEvents `source`.
    pub source: String,
    /// What was done, in the words of the provisioning log.
    pub action: LogAction,
    /// The whole CloudEvents envelope, as JSON text.
    pub body: String,
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
    let sequence = after.map_or_else(|| subject.revision.next(), |identity| identity.revision);
    let profile = origin.profile;
    let data = Data::Identity(IdentityData {
        tenant: TenantRef::of(origin),
        directory: DirectoryRef::of(origin),
        identity: after.map(IdentityState),
        record: after.map(|identity| profile.record(identity.id, &identity.resource)),
        changes: &changes,
        changed_attributes: changes.iter().map(|change| change.path.as_str()).collect(),
        managed_attributes: profile.managed_attributes(),
        revision: sequence,
        previous_revision: before.map_or(0, |identity| identity.revision.number()),
        etag: etag::of(sequence),
        cause: CauseRef::of(origin, cause),
        tombstone: before.filter(|_| after.is_none()).map(IdentityTombstone::of),
    });
    let head = Head {
        id,
        event_type: kind.event_type(),
        data_schema: kind.data_schema(),
        subject: subject.id.into(),
        at,
        sequence,
        part: (1, 1),
        action: kind.action(),
        changed: changes.iter().map(|change| change.path.clone()).collect(),
    };
    Some(head.event(origin, cause, &data))
}

#[cfg(test)]
mod tests;
