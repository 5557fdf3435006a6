//! One group of a directory, and its members.
//!
//! Members are rows and never part of the document, so that a group of 100,000 costs no more to rename than one of ten.

use chrono::{DateTime, Utc};
use scim::etag::Revision;
use scim::resource::Resource;

use crate::id::{DirectoryId, GroupId, ResourceId};

/// A group: the document as sent without its members, its revision and its times.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    /// Its id; the `id` of the SCIM Group.
    pub id: GroupId,
    /// The directory it belongs to.
    pub directory: DirectoryId,
    /// +1 per committed change, of members too; 1 after creation. Also its ETag `W/"n"` and its events' sequence.
    pub revision: Revision,
    /// The SCIM document without `members`, values byte-exact as sent.
    pub resource: Resource,
    /// The number of its direct members.
    pub member_count: i64,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub modified_at: DateTime<Utc>,
}

/// A direct member of a group: a person, a room, or a nested group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// The id of the resource.
    pub id: ResourceId,
    /// Its `externalId`.
    pub external_id: Option<String>,
    /// Its `displayName`, if it has one.
    pub display: Option<String>,
}

/// A group that a resource is a direct member of, as `groups` of a User shows it (RFC 7643 §4.1.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupRef {
    /// Its id.
    pub id: GroupId,
    /// Its `displayName`.
    pub display: Option<String>,
}

/// The members added to and removed from a group in one committed change.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MembersChanged {
    /// Members after the change and not before.
    pub added: Vec<Member>,
    /// Members before the change and not after.
    pub removed: Vec<Member>,
    /// All members were removed first and are not in `removed`; `added` are all present ones.
    pub cleared: bool,
}

impl MembersChanged {
    /// Whether no member changed.
    pub const fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty() && !self.cleared
    }
}
