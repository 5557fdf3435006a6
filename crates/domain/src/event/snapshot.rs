//! The entries of a snapshot: envelopes like those of events, which tell what there is instead of what changed (ADR 0039).
//!
//! They stand in no outbox and have no position. Their `sequence` is the revision that was read, so that they and the events of
//! changes can be applied by one rule. Must not know: where the rows come from. Read [`super`] first.

use chrono::{DateTime, Utc};
use scim::etag::Revision;

use super::Origin;
use super::envelope::{Changed, Data, KnownBy, MemberRef, TenantAndDirectory, Text, Version};
use super::group::{MANAGED, PART_BYTES, PART_ENTRIES, member_bytes, state};
use crate::group::{Group, Member};
use crate::id::{EventId, ResourceId};
use crate::identity::Identity;

/// The id and the moment of an entry.
#[derive(Debug, Clone, Copy)]
pub struct Reading {
    /// Its CloudEvents `id`; another one at every reading.
    pub id: EventId,
    /// When it was read.
    pub at: DateTime<Utc>,
}

impl Reading {
    fn text(self, word: &str, subject: ResourceId, sequence: Revision, key: String) -> Text<'_> {
        Text {
            id: self.id,
            word,
            subject,
            at: self.at,
            sequence,
            part: "1/1".to_owned(),
            key,
            release: None,
        }
    }
}

/// The text of `usher.identity.synced.v1`: a whole identity.
pub fn identity(origin: Origin<'_>, reading: Reading, identity: &Identity) -> String {
    let id = identity.id.into();
    let data = Data::Identity {
        directory: TenantAndDirectory::of(origin),
        identity: Some(super::identity_state(identity)),
        record: Some(origin.profile.record(identity.id, &identity.resource)),
        changed: Changed::of(&[], origin.profile.managed_attributes()),
        version: Version::found(identity.revision),
        tombstone: None,
    };
    reading
        .text("synced", id, identity.revision, "synced".to_owned())
        .json(origin, None, &data)
}

/// The text of `usher.group.synced.v1`: a whole group without its members.
pub fn group(origin: Origin<'_>, reading: Reading, group: &Group) -> String {
    let data = Data::Group {
        directory: TenantAndDirectory::of(origin),
        group: Some(state(group)),
        version: Version::found(group.revision),
        changed: Changed::of(&[], MANAGED.to_vec()),
        tombstone: None,
    };
    reading
        .text("synced", group.id.into(), group.revision, "synced".to_owned())
        .json(origin, None, &data)
}

/// The text of `usher.group.members_synced.v1`: some members of a group, at most [`PART_ENTRIES`]. `group` must have been read before
/// the members: a member that is told with a later revision than its own would outlive its removal.
pub fn members(origin: Origin<'_>, reading: Reading, group: &Group, members: &[Member]) -> String {
    let data = Data::MembersSynced {
        directory: TenantAndDirectory::of(origin),
        group: KnownBy::of(group.id, &group.resource),
        version: Version::found(group.revision),
        members: members.iter().map(MemberRef::of).collect(),
        member_count: group.member_count,
    };
    // Several entries of one revision: each is named by its first member.
    let first = members.first().map(|member| format!("{}/", member.id));
    let key = format!("{}synced", first.unwrap_or_default());
    reading
        .text("members_synced", group.id.into(), group.revision, key)
        .json(origin, None, &data)
}

/// How many of the first members fit one entry; at least one, if there is one.
pub fn fitting(members: &[Member]) -> usize {
    let mut bytes = 0;
    let fits = members.iter().take(PART_ENTRIES).take_while(|member| {
        bytes += member_bytes(member);
        bytes <= PART_BYTES
    });
    fits.count().max(1).min(members.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::IdentityId;
    use uuid::Uuid;

    fn member(number: u128, external_id: &str) -> Member {
        Member {
            id: IdentityId::from_uuid(Uuid::from_u128(number)).into(),
            external_id: Some(external_id.to_owned()),
            display: None,
        }
    }

    #[test]
    fn an_entry_has_at_most_500_members_and_about_58_kib_of_them() {
        let short: Vec<Member> = (0..600).map(|number| member(number, "x")).collect();
        let long: Vec<Member> = (0..3).map(|number| member(number, &"x".repeat(40_000))).collect();
        let huge = [member(1, &"x".repeat(100_000))];
        assert_eq!(
            [
                fitting(&short),
                fitting(&short[..7]),
                fitting(&long),
                fitting(&huge),
                fitting(&[])
            ],
            [500, 7, 1, 1, 0]
        );
    }
}
