//! The provisioning log: one row a SCIM call with effect or error, in the words of Microsoft's own log so that both
//! can be laid side by side (`provisioningObjectSummary`).

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::credential::TokenId;
use crate::id::{DirectoryId, EventId, RequestId, ResourceId};

/// What a call did to one identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, strum::EnumString, strum::IntoStaticStr)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum LogAction {
    /// Came into being.
    Create,
    /// Changed.
    Update,
    /// `active` went from true to false.
    Disable,
    /// `active` went from false to true.
    Reactivate,
    /// Is gone.
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

/// How a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, strum::EnumString, strum::IntoStaticStr)]
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
    /// When.
    pub at: DateTime<Utc>,
    /// Where.
    pub directory: DirectoryId,
    /// The identity or group, when one was reached.
    pub resource: Option<ResourceId>,
    /// Its `externalId` (Entra's objectId), to find "what happened to this person".
    pub external_id: Option<String>,
    /// The identity's `userName`, or the group's `displayName`, for the same search.
    pub user_name: Option<String>,
    /// What was done.
    pub action: LogAction,
    /// How it ended.
    pub status: LogStatus,
    /// A stable code from the table of errors when it failed, e.g. `uniqueness`.
    pub code: Option<String>,
    /// The text the client was answered, or what was left out.
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
