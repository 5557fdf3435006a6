//! The event of a change: the CloudEvents envelope of `docs/reference/events.md`.
//!
//! Pure: from the old identity, the new one and the request, at most one event; [`group`] has the events of groups, [`snapshot`] those
//! that tell a reader what there is, [`release`] those that tell one app what its release policy brings and takes. Positions in feeds and delivery are in `crates/events`.

mod envelope;
pub mod group;
pub mod release;
pub mod snapshot;
mod state;

use chrono::{DateTime, Utc};
use scim::change::{Change, diff};
use scim::etag::Revision;
use serde::Serialize;

use self::envelope::{Changed, Data, Head, KnownBy, State, TenantAndDirectory, Version};
use crate::environment::Environment;
use crate::feed::Epoch;
use crate::id::{EventId, RequestId, ResourceId};
use crate::identity::Identity;
use crate::log::LogAction;
use crate::profile::Profile;
use crate::tenant::{Directory, Slug};
use crate::trace::TraceParent;

/// What happened to a resource: the word in an event's type, `usher.identity.{word}.v1` or `usher.group.{word}.v1`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::Display)]
#[strum(serialize_all = "snake_case")]
pub enum EventKind {
    /// It was created, an identity perhaps inactive.
    Created,
    /// Its document changed.
    Updated,
    /// An identity's `active` went from true to false, whatever else changed.
    Deactivated,
    /// An identity's `active` went from false to true, whatever else changed.
    Reactivated,
    /// It was deleted, a group with all its memberships.
    Deleted,
    /// Members of a group were added or removed.
    MembersChanged,
}

impl EventKind {
    /// The word of the provisioning log.
    pub const fn action(self) -> LogAction {
        match self {
            Self::Created => LogAction::Create,
            Self::Updated | Self::MembersChanged => LogAction::Update,
            Self::Deactivated => LogAction::Disable,
            Self::Reactivated => LogAction::Reactivate,
            Self::Deleted => LogAction::Delete,
        }
    }
}

/// The directory of a change, with what an event says about it.
#[derive(Debug, Clone, Copy)]
pub struct Origin<'a> {
    /// The deployment's environment.
    pub environment: Environment,
    /// The directory, and with it the tenant.
    pub directory: &'a Directory,
    /// The tenant's name.
    pub tenant_name: &'a Slug,
    /// The tenant's Entra tenant id, if known.
    pub external_tenant_id: Option<&'a str>,
    /// The directory's profile.
    pub profile: &'a Profile,
}

/// The request of a change; serializes as the `cause` of an event, without its actor.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Cause {
    /// The HTTP method.
    pub operation: &'static str,
    /// The request; the `txn` of the event (RFC 8417 §2.2).
    #[serde(rename = "requestId")]
    pub request: RequestId,
    /// The client's own id of the request, when it sent one.
    pub client_request_id: Option<String>,
    /// The value that apps get in place of the token's id: see [`crate::credential::Caller::token_alias`].
    #[serde(rename = "tokenId")]
    pub token_alias: String,
    /// The W3C trace context of the request, the start of the trace.
    #[serde(skip)]
    pub traceparent: Option<TraceParent>,
}

/// An event, ready for the outbox.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Its id, the same at every delivery.
    pub id: EventId,
    /// The changed resource.
    pub subject: ResourceId,
    /// The subject's revision.
    pub sequence: Revision,
    /// Its CloudEvents `type`.
    pub event_type: String,
    /// Its CloudEvents `source`.
    pub source: String,
    /// The action for the provisioning log.
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
        (None, Some(_)) => EventKind::Created,
        (_, None) => EventKind::Deleted,
        (Some(_), Some(_)) if changes.is_empty() => return None,
        (Some(_), Some(_)) => match (old.active(), new.active()) {
            (true, false) => EventKind::Deactivated,
            (false, true) => EventKind::Reactivated,
            _ => EventKind::Updated,
        },
    };
    let sequence = after.map_or_else(|| subject.revision.next(at), |identity| identity.revision);
    let gone = before.filter(|_| after.is_none());
    let data = Data::Identity {
        directory: TenantAndDirectory::of(origin),
        identity: after.map(identity_state),
        record: after.map(|identity| origin.profile.record(identity.id, &identity.resource)),
        changed: Changed::of(&changes, origin.profile.managed_attributes()),
        version: Version::of(origin, cause, sequence, before.map(|identity| identity.revision)),
        tombstone: gone.map(|identity| KnownBy::of(identity.id, &identity.resource)),
    };
    let head = Head {
        id,
        kind,
        subject: subject.id.into(),
        at,
        sequence,
        part: (1, 1),
        changed: paths(&changes),
    };
    Some(head.event(origin, cause, &data))
}

fn identity_state(identity: &Identity) -> State<'_> {
    State {
        id: identity.id.into(),
        resource: &identity.resource,
        known: ("active", identity.resource.active().into()),
    }
}

/// The text of a committed event as a feed gives it out: with the feed's epoch as its first member. Events are written once for all
/// feeds, so the epoch, which each feed has for itself, is added at delivery.
pub fn in_epoch(body: &str, epoch: &Epoch) -> String {
    match body.strip_prefix('{') {
        Some(rest) => format!("{{\"epoch\":\"{epoch}\",{rest}"),
        None => body.to_owned(),
    }
}

fn paths(changes: &[Change]) -> Vec<String> {
    changes.iter().map(|change| change.path.clone()).collect()
}

#[cfg(test)]
mod tests;
