//! One person or room of a directory, as stored.

use chrono::{DateTime, Utc};
use scim::etag::Revision;
use scim::resource::{Resource, fold, nfc};

use crate::group::GroupRef;
use crate::id::{DirectoryId, IdentityId};

/// An identity: the document as sent, its revision and its times.
#[derive(Debug, Clone, PartialEq)]
pub struct Identity {
    /// Its id; the `id` of the SCIM User.
    pub id: IdentityId,
    /// The directory it belongs to.
    pub directory: DirectoryId,
    /// +1 per committed change; 1 after creation. Also its ETag `W/"n"` and its events' sequence.
    pub revision: Revision,
    /// The SCIM document, values byte-exact as sent.
    pub resource: Resource,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub modified_at: DateTime<Utc>,
    /// The groups that it is a direct member of, in the order of their ids, where they were read with it; `None`: not
    /// read.
    pub groups: Option<Vec<GroupRef>>,
}

/// The role of `externalId` in a directory, by its profile (ADR 0036).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExternalId {
    /// The key of its identities: unique.
    IsKey,
    /// A value like any other: not unique.
    IsFree,
}

/// The values that a match query finds an identity by, as the database's indexes have them.
///
/// Made with the same folding as [`scim::filter::Filter::matches`], so that a filter means one
/// thing whether SQL or the evaluator decides it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MatchKeys {
    /// `userName`, folded; unique in the directory.
    pub user_name: String,
    /// `externalId` after NFC, with case.
    pub external_id: Option<String>,
    /// `displayName`, folded.
    pub display_name: Option<String>,
}

impl MatchKeys {
    /// The keys of a document.
    pub fn of(resource: &Resource) -> Self {
        Self {
            user_name: fold(resource.user_name().unwrap_or_default()),
            external_id: resource.external_id().map(|text| nfc(text).into_owned()),
            display_name: resource.display_name().map(fold),
        }
    }
}
