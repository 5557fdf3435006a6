//! The provisioning log with Entra's texts: one entry for each object a cycle touched. Field names are those
//! of Microsoft Graph's `provisioningObjectSummary`. The log belongs to the customer, so it names people; it
//! never holds the token.

use serde::Serialize;

use crate::compare::Difference;
use crate::problem::Problem;

/// The operation on the object, as Entra's log names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// A POST: the object was created.
    Create,
    /// A PATCH of one or more attributes.
    Update,
    /// A PATCH that sets `active` to False.
    Disable,
    /// A DELETE: the object was removed.
    Delete,
    /// No change in the target.
    Other,
}

/// The outcome of the operation, as Entra's log names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// The target has the object as it should be.
    Success,
    /// The operation failed; the object goes into escrow.
    Failure,
    /// Nothing had to be sent.
    Skipped,
}

/// One attribute that was changed, or should have been.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ModifiedProperty {
    /// The attribute's SCIM path.
    pub display_name: String,
    /// The value before the change, as Entra knew it; `None` if there was none.
    pub old_value: Option<String>,
    /// The value sent; `None` for a removal.
    pub new_value: Option<String>,
}

impl From<&Difference<'_>> for ModifiedProperty {
    fn from(difference: &Difference<'_>) -> Self {
        Self {
            display_name: difference.line.name.clone(),
            old_value: difference.old.clone(),
            new_value: difference.new.clone(),
        }
    }
}

/// The error part of a log entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ErrorInformation {
    /// One of [`crate::problem::ErrorCode`], as text.
    pub error_code: &'static str,
    /// The server's `detail`, or the client's own description.
    pub reason: String,
    /// The HTTP status; `None` without an answer.
    pub http_status: Option<u16>,
    /// Entra's advice to the administrator.
    pub recommended_action: &'static str,
}

impl From<&Problem> for ErrorInformation {
    fn from(problem: &Problem) -> Self {
        Self {
            error_code: problem.code.as_str(),
            reason: problem.reason.clone(),
            http_status: problem.status,
            recommended_action: problem.advice(),
        }
    }
}

/// The outcome with its error, nested as in Graph.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StatusInfo {
    /// Success, failure or skip.
    pub status: Status,
    /// The reason of a failure or a skip; `None` on success.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_information: Option<ErrorInformation>,
}

/// An object in the directory or in the target.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Identity {
    /// Object id in the directory, or id in the target (empty until it has one).
    pub id: String,
    /// Its display name; empty if it is not known.
    pub display_name: String,
    /// `userPrincipalName`, or the target's matching value.
    pub user_principal_name: String,
}

/// One entry of the provisioning log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LogEntry {
    /// Wall-clock time, RFC 3339 in UTC.
    pub activity_date_time: String,
    /// The job's id, `scim.<32 hex>.<guid>`.
    pub job_id: String,
    /// The number of the cycle, from 1; 0 for provisioning on demand.
    pub cycle: u64,
    /// What was done, or tried.
    pub provisioning_action: Action,
    /// The outcome, with the reason of a failure or a skip.
    pub provisioning_status_info: StatusInfo,
    /// The object in the directory.
    pub source_identity: Identity,
    /// The object in the target.
    pub target_identity: Identity,
    /// The attributes that were changed, or should have been.
    pub modified_properties: Vec<ModifiedProperty>,
    /// Milliseconds from the first request for the object to the last answer.
    pub duration_in_milliseconds: u64,
}
