//! The events of a change of a group: one of the group itself, and the change of its members in parts.
//!
//! No event has all members of a group: `members_changed` has the added and removed ones, at most [`PART_ENTRIES`] an event,
//! so an assignment of 50,000 is 100 events and the move of one member is one small event. All events of one change share
//! its sequence and are numbered `1/n` to `n/n`; a consumer applies each member by (group, member, sequence), in any order of
//! the parts. Must not know: where members are stored. Read [`super`] first.

use chrono::{DateTime, Utc};
use scim::change::diff;
use scim::resource::Resource;

use super::envelope::{Changed, Data, Head, KnownBy, MemberRef, State, TenantAndDirectory, Version};
use super::{Cause, Event, EventKind, Origin, paths};
use crate::clock::Ids;
use crate::group::{Group, Member, MembersChanged};
use crate::id::EventId;

/// The most members one event names.
pub const PART_ENTRIES: usize = 500;
/// The most bytes of the members of one event, about; it keeps an event within 64 KiB for any length of `externalId`.
pub const PART_BYTES: usize = 58 * 1024;

/// The paths of a group that the customer's identity provider manages.
pub(super) const MANAGED: [&str; 3] = ["displayName", "externalId", "members"];

/// One committed change of a group.
#[derive(Debug, Clone, Copy)]
pub struct GroupChange<'a> {
    /// The group before; absent at its creation.
    pub before: Option<&'a Group>,
    /// The group after; absent at its deletion.
    pub after: Option<&'a Group>,
    /// The added and removed members; ignored at a deletion, which removes all members.
    pub members: &'a MembersChanged,
}

/// The events of one committed change, in the order of their delivery; none when nothing effectively changed.
///
/// First the event of the group itself, if it was created, changed or deleted, then the change of its members, if any, in
/// parts. Each gets its id from `ids`. The first one's `changed` has every path for the provisioning log.
pub fn from_group_change(
    origin: Origin<'_>,
    cause: &Cause,
    ids: &dyn Ids,
    at: DateTime<Utc>,
    change: GroupChange<'_>,
) -> Vec<Event> {
    let (Some(subject), Some(group_type)) =
        (change.after.or(change.before), origin.profile.group_type.as_ref())
    else {
        return Vec::new();
    };
    let (before, after, members) = (change.before, change.after, change.members);
    let empty = Resource::default();
    let old = before.map_or(&empty, |group| &group.resource);
    let changes = after.map_or_else(Vec::new, |after| diff(group_type, old, &after.resource));
    let sequence = after.map_or_else(|| subject.revision.next(at), |group| group.revision);
    let version = || Version::of(origin, cause, sequence, before.map(|group| group.revision));
    let own_kind = match (before, after) {
        (None, Some(_)) => Some(EventKind::Created),
        (_, None) => Some(EventKind::Deleted),
        (Some(_), Some(_)) => (!changes.is_empty()).then_some(EventKind::Updated),
    };
    let gone = before.filter(|_| after.is_none());
    let own = own_kind.map(|kind| {
        let data = Data::Group {
            directory: TenantAndDirectory::of(origin),
            group: after.map(state),
            version: version(),
            changed: Changed::of(&changes, MANAGED.to_vec()),
            tombstone: gone.map(|group| KnownBy::of(group.id, &group.resource)),
        };
        (kind, data)
    });
    let mut payloads: Vec<_> = own.into_iter().collect();
    let mut changed = paths(&changes);
    if after.is_some() && !members.is_empty() {
        changed.push("members".to_owned());
        let parts = parts(members).into_iter();
        let data = parts.map(|part| part.data(TenantAndDirectory::of(origin), version(), subject));
        payloads.extend(data.map(|data| (EventKind::MembersChanged, data)));
    }
    let all = payloads.len();
    let numbered = payloads.into_iter().zip(1..);
    let events = numbered.map(|((kind, data), number)| {
        let head = Head {
            id: EventId::from_uuid(ids.next()),
            kind,
            subject: subject.id.into(),
            at,
            sequence,
            part: (number, all),
            changed: std::mem::take(&mut changed),
        };
        head.event(origin, cause, &data)
    });
    events.collect()
}

pub(super) fn state(group: &Group) -> State<'_> {
    State {
        id: group.id.into(),
        resource: &group.resource,
        known: ("memberCount", group.member_count.into()),
    }
}

/// The members of one event.
#[derive(Default)]
pub(super) struct Part<'a> {
    added: Vec<MemberRef<'a>>,
    removed: Vec<MemberRef<'a>>,
    cleared: bool,
    /// About the size of both lists as JSON.
    bytes: usize,
}

impl<'a> Part<'a> {
    pub(super) fn data(
        self,
        directory: TenantAndDirectory<'a>,
        version: Version<'a>,
        group: &'a Group,
    ) -> Data<'a> {
        Data::Members {
            directory,
            group: KnownBy::of(group.id, &group.resource),
            version,
            added: self.added,
            removed: self.removed,
            cleared: self.cleared,
            member_count: group.member_count,
        }
    }
}

/// About the size of a member as JSON.
pub(super) fn member_bytes(member: &Member) -> usize {
    member.external_id.as_ref().map_or(0, String::len) + 80
}

/// Cuts a change into parts of bounded size; none when nothing changed.
pub(super) fn parts(change: &MembersChanged) -> Vec<Part<'_>> {
    let mut parts: Vec<Part<'_>> = Vec::new();
    if change.cleared {
        parts.push(Part {
            cleared: true,
            ..Part::default()
        });
    }
    let removed = change.removed.iter().map(|member| (member, false));
    let added = change.added.iter().map(|member| (member, true));
    for (member, joins) in removed.chain(added) {
        let bytes = member_bytes(member);
        let has_room = |part: &Part<'_>| {
            part.added.len() + part.removed.len() < PART_ENTRIES && part.bytes + bytes <= PART_BYTES
        };
        if !parts.last().is_some_and(has_room) {
            parts.push(Part::default());
        }
        let Some(part) = parts.last_mut() else { continue };
        part.bytes += bytes;
        let side = if joins { &mut part.added } else { &mut part.removed };
        side.push(MemberRef::of(member));
    }
    parts
}

#[cfg(test)]
mod tests;
