//! A change of a group becomes its events: one of the group itself, and the membership's change in parts.
//!
//! A group of 50,000 is never told whole: `members_changed` says who joined and who left, at most [`PART_ENTRIES`] of them
//! an event, so that an assignment of 50,000 is 100 events and moving one member is one small one. All events of one
//! change share its sequence and are numbered `1/n` to `n/n`; a consumer applies each member by (group, member,
//! sequence), in whatever order the parts come. Must not know: where members are kept. Read [`super`] first.

use chrono::{DateTime, Utc};
use scim::change::{Change, diff};
use scim::etag::Revision;
use scim::resource::Resource;

use super::envelope::{Data, GroupCommon, GroupData, GroupState, Head, KnownBy, MemberRef, MembersData};
use super::{Cause, Event, Origin};
use crate::clock::Ids;
use crate::group::{Group, Member, MembersChanged};
use crate::id::EventId;
use crate::log::LogAction;

/// The most members one event names.
pub const PART_ENTRIES: usize = 500;
/// The most bytes the members named in one event take, about; keeps an event within 64 KiB however long an `externalId`.
pub const PART_BYTES: usize = 58 * 1024;

/// The paths of a group that the customer's identity provider manages.
const MANAGED: [&str; 3] = ["displayName", "externalId", "members"];

/// What happened to a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GroupEventKind {
    /// It came into being.
    Created,
    /// Its document changed.
    Updated,
    /// It is gone, and with it all its memberships.
    Deleted,
    /// Members joined or left.
    MembersChanged,
}

impl GroupEventKind {
    /// All kinds, for generated documents and schemas.
    pub const ALL: [Self; 4] = [Self::Created, Self::Updated, Self::Deleted, Self::MembersChanged];

    /// The word in the type: `usher.group.{word}.v1`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Updated => "updated",
            Self::Deleted => "deleted",
            Self::MembersChanged => "members_changed",
        }
    }

    /// The word of the provisioning log.
    pub const fn action(self) -> LogAction {
        match self {
            Self::Created => LogAction::Create,
            Self::Updated | Self::MembersChanged => LogAction::Update,
            Self::Deleted => LogAction::Delete,
        }
    }

    /// The CloudEvents `type`.
    pub fn event_type(self) -> String {
        format!("usher.group.{}.v1", self.word())
    }

    /// The CloudEvents `dataschema`, the `$id` of the JSON Schema in `docs/reference/events/`.
    pub fn data_schema(self) -> String {
        format!("urn:usher:schema:group.{}:1", self.word())
    }
}

/// One committed change of a group.
#[derive(Debug, Clone, Copy)]
pub struct GroupChange<'a> {
    /// The group before; absent at its creation.
    pub before: Option<&'a Group>,
    /// The group after; absent at its deletion.
    pub after: Option<&'a Group>,
    /// Who joined and who left; not asked for at a deletion, which ends all memberships by itself.
    pub members: &'a MembersChanged,
}

/// The events of one committed change, in the order they are to be told; none when nothing effectively changed.
///
/// First the group's own event if it came into being, changed or went, then the membership's change if there is one, in
/// parts. Each gets an id of its own from `ids`. The first one's `changed` names every path for the provisioning log.
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
    let empty = Resource::default();
    let changes = match change.after {
        Some(after) => {
            let before = change.before.map_or(&empty, |group| &group.resource);
            diff(group_type, before, &after.resource)
        }
        None => Vec::new(),
    };
    let sequence = change
        .after
        .map_or_else(|| subject.revision.next(), |group| group.revision);
    let revisions = (sequence, change.before.map_or(0, |group| group.revision.number()));
    let mut payloads: Vec<(GroupEventKind, Data<'_>)> = Vec::new();
    if let Some(kind) = own_kind(change, &changes) {
        let data = own_data(origin, cause, change, &changes, revisions);
        payloads.push((kind, data));
    }
    if change.after.is_some() {
        let parts = parts(change.members).into_iter();
        payloads.extend(parts.map(|part| {
            let common = GroupCommon::of(origin, cause, KnownBy::of(subject), revisions);
            (GroupEventKind::MembersChanged, part.data(common, subject))
        }));
    }
    let mut paths: Vec<String> = changes.iter().map(|change| change.path.clone()).collect();
    if change.after.is_some() && !change.members.is_empty() {
        paths.push("members".to_owned());
    }
    let all = payloads.len();
    let numbered = payloads.iter().enumerate();
    numbered
        .map(|(index, (kind, data))| {
            let head = Head {
                id: EventId::from_uuid(ids.next()),
                event_type: kind.event_type(),
                data_schema: kind.data_schema(),
                subject: subject.id.into(),
                at,
                sequence,
                part: (index + 1, all),
                action: kind.action(),
                changed: std::mem::take(&mut paths),
            };
            head.event(origin, cause, data)
        })
        .collect()
}

/// The kind of the group's own event, if it has one.
fn own_kind(change: GroupChange<'_>, changes: &[Change]) -> Option<GroupEventKind> {
    match (change.before, change.after) {
        (None, Some(_)) => Some(GroupEventKind::Created),
        (_, None) => Some(GroupEventKind::Deleted),
        (Some(_), Some(_)) if changes.is_empty() => None,
        (Some(_), Some(_)) => Some(GroupEventKind::Updated),
    }
}

/// The data of the group's own event.
fn own_data<'a>(
    origin: Origin<'a>,
    cause: &'a Cause,
    GroupChange { before, after, .. }: GroupChange<'a>,
    changes: &'a [Change],
    revisions: (Revision, i64),
) -> Data<'a> {
    Data::Group(GroupData {
        common: GroupCommon::of(origin, cause, after.map(GroupState), revisions),
        changes,
        changed_attributes: changes.iter().map(|change| change.path.as_str()).collect(),
        managed_attributes: &MANAGED,
        tombstone: before.filter(|_| after.is_none()).map(KnownBy::of),
    })
}

/// What one event tells of the membership's change.
#[derive(Default)]
struct Part<'a> {
    added: Vec<&'a Member>,
    removed: Vec<&'a Member>,
    cleared: bool,
    bytes: usize,
}

impl<'a> Part<'a> {
    fn data(self, common: GroupCommon<'a, KnownBy<'a>>, group: &Group) -> Data<'a> {
        Data::Members(MembersData {
            common,
            added: self.added.into_iter().map(MemberRef::of).collect(),
            removed: self.removed.into_iter().map(MemberRef::of).collect(),
            cleared: self.cleared,
            member_count: group.member_count,
        })
    }
}

/// Cuts a change into parts of bounded size; none when there is none.
fn parts(change: &MembersChanged) -> Vec<Part<'_>> {
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
        let bytes = member.external_id.as_ref().map_or(0, String::len) + 80;
        let has_room = |part: &&mut Part<'_>| {
            part.added.len() + part.removed.len() < PART_ENTRIES && part.bytes + bytes <= PART_BYTES
        };
        if parts.last_mut().filter(has_room).is_none() {
            parts.push(Part::default());
        }
        let Some(part) = parts.last_mut() else { continue };
        part.bytes += bytes;
        let side = if joins { &mut part.added } else { &mut part.removed };
        side.push(member);
    }
    parts
}

#[cfg(test)]
mod tests;
