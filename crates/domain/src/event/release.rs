//! The events that tell one app what a change of its release policy brings and takes (ADR 0050).
//!
//! Nothing about the resource changed, so they have its revision as `sequence`, and the policy's number as `release`: of two events
//! of one sequence the one with the greater `release` is newer, and an event without one is older than both. They are written whole
//! and cut when they are read, as all events are ([`crate::release_policy`]).

use chrono::{DateTime, Utc};

use super::envelope::{Changed, Data, KnownBy, TenantAndDirectory, Text, Version};
use super::group::{MANAGED, parts, state};
use super::{Event, Origin};
use crate::clock::Ids;
use crate::group::{Group, MembersChanged};
use crate::id::{EventId, ResourceId};
use crate::identity::Identity;
use crate::log::LogAction;
use crate::release_policy::Move;

/// What the events of one policy are made of, beside the rows.
#[derive(Clone, Copy)]
pub struct Telling<'a> {
    /// Where the resource is.
    pub origin: Origin<'a>,
    /// Makes the ids of the events.
    pub ids: &'a dyn Ids,
    /// When it is told.
    pub at: DateTime<Utc>,
    /// The number of the policy.
    pub release: i64,
}

impl std::fmt::Debug for Telling<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Telling").finish_non_exhaustive()
    }
}

impl Telling<'_> {
    fn event(
        &self,
        word: &str,
        subject: ResourceId,
        sequence: scim::etag::Revision,
        (part, of): (usize, usize),
        data: &Data<'_>,
    ) -> Event {
        let text = Text {
            id: EventId::from_uuid(self.ids.next()),
            word,
            subject,
            at: self.at,
            sequence,
            part: format!("{part}/{of}"),
            key: match part {
                1 => format!("release{}", self.release),
                _ => format!("release{}/{part}", self.release),
            },
            release: Some(self.release),
        };
        Event {
            id: text.id,
            subject,
            sequence,
            event_type: text.event_type(),
            source: text.source(self.origin),
            action: LogAction::Update,
            body: text.json(self.origin, None, data),
            changed: Vec::new(),
        }
    }

    /// `usher.identity.added.v1` with the whole identity, or `usher.identity.removed.v1` with its id.
    pub fn identity(&self, moved: Move, identity: &Identity) -> Event {
        let (origin, is_added) = (self.origin, moved == Move::Added);
        let managed = if is_added {
            origin.profile.managed_attributes()
        } else {
            Vec::new()
        };
        let data = Data::Identity {
            directory: TenantAndDirectory::of(origin),
            identity: is_added.then(|| super::identity_state(identity)),
            record: is_added.then(|| origin.profile.record(identity.id, &identity.resource)),
            changed: Changed::of(&[], managed),
            version: Version::released(identity.revision),
            tombstone: (!is_added).then(|| KnownBy::id(identity.id.into())),
        };
        self.event(word(moved), identity.id.into(), identity.revision, (1, 1), &data)
    }

    /// `usher.group.added.v1` with the whole group, followed by its members: everybody is cleared, and those who are there are added. Or
    /// `usher.group.removed.v1` with its id.
    pub fn group(&self, moved: Move, group: &Group, members: Vec<crate::group::Member>) -> Vec<Event> {
        let (origin, is_added) = (self.origin, moved == Move::Added);
        let managed = if is_added { MANAGED.to_vec() } else { Vec::new() };
        let own = Data::Group {
            directory: TenantAndDirectory::of(origin),
            group: is_added.then(|| state(group)),
            version: Version::released(group.revision),
            changed: Changed::of(&[], managed),
            tombstone: (!is_added).then(|| KnownBy::id(group.id.into())),
        };
        let mut told = vec![(word(moved), own)];
        let members = MembersChanged {
            added: members,
            removed: Vec::new(),
            cleared: true,
        };
        if is_added {
            let parts = parts(&members).into_iter();
            let data = parts.map(|part| {
                let version = Version::released(group.revision);
                part.data(TenantAndDirectory::of(origin), version, group)
            });
            told.extend(data.map(|data| ("members_changed", data)));
        }
        let of = told.len();
        let numbered = told.into_iter().zip(1..);
        let events = numbered
            .map(|((word, data), part)| self.event(word, group.id.into(), group.revision, (part, of), &data));
        events.collect()
    }
}

const fn word(moved: Move) -> &'static str {
    match moved {
        Move::Added => "added",
        Move::Removed => "removed",
    }
}
