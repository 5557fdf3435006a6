//! The provisioning log: one row for each SCIM request with an effect or an error, in the words of Microsoft's own log
//! (`provisioningObjectSummary`), so that both can be compared.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::credential::TokenId;
use crate::id::{DirectoryId, EventId, RequestId, ResourceId};

/// The action of a request on one resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, strum::EnumString, strum::IntoStaticStr)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum LogAction {
    /// It was created.
    Create,
    /// It changed.
    Update,
    /// `active` went from true to false.
    Disable,
    /// `active` went from false to true.
    Reactivate,
    /// It was deleted.
    Delete,
    /// Nothing changed, or nothing was reached.
    #[default]
    Other,
}

impl LogAction {
    /// The word in the log.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// The result of a request.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum LogStatus {
    /// Applied.
    Success,
    /// Accepted, nothing to do.
    Skipped,
    /// Applied, with something left out (`detail` says what).
    Warning,
    /// Refused.
    Failure,
}

impl LogStatus {
    /// All of them.
    pub const ALL: &[Self] = <Self as strum::VariantArray>::VARIANTS;

    /// The word in the log.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// One row of the provisioning log.
#[derive(Debug, Clone, PartialEq)]
pub struct LogEntry {
    /// The request.
    pub request: RequestId,
    /// The time of the request.
    pub at: DateTime<Utc>,
    /// The directory of the request.
    pub directory: DirectoryId,
    /// The identity or group, if the request reached one.
    pub resource: Option<ResourceId>,
    /// Its `externalId` (Entra's objectId), to find "what happened to this person".
    pub external_id: Option<String>,
    /// The identity's `userName`, or the group's `displayName`, for the same search.
    pub user_name: Option<String>,
    /// The action.
    pub action: LogAction,
    /// The result.
    pub status: LogStatus,
    /// A stable code from the table of errors when it failed, e.g. `uniqueness`.
    pub code: Option<String>,
    /// The error text of the response, or the ignored attributes.
    pub detail: Option<String>,
    /// The event that reports it.
    pub event: Option<EventId>,
    /// Which attributes changed (paths only).
    pub changed: Vec<String>,
    /// The token's public part.
    pub token_id: TokenId,
    /// The trace, as 32 hexadecimal digits, when there is one.
    pub trace_id: Option<String>,
}
