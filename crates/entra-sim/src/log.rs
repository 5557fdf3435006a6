//! The provisioning log in Entra's words: one entry for each object a cycle touched. Field names are those of Microsoft
//! Graph's `provisioningObjectSummary`. The log belongs to the customer, so it names people; it never holds the token.

use serde::Serialize;

use crate::compare::Difference;
use crate::problem::Problem;

/// What was done to the object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// POST.
    Create,
    /// PATCH.
    Update,
    /// PATCH that sets `active` to False.
    Disable,
    /// DELETE.
    Delete,
    /// Nothing that changes the target.
    Other,
}

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Done.
    Success,
    /// Failed; the object goes into escrow.
    Failure,
    /// Nothing had to be done.
    Skipped,
}

/// One attribute that was, or should have been, changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ModifiedProperty {
    /// SCIM path.
    pub display_name: String,
    /// Value before, as Entra knew it.
    pub old_value: Option<String>,
    /// Value sent.
    pub new_value: Option<String>,
}

impl From<&Difference<'_>> for ModifiedProperty {
    fn from(difference: &Difference<'_>) -> Self {
        ModifiedProperty {
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
    /// Entra's code.
    pub error_code: &'static str,
    /// The server's detail.
    pub reason: String,
    /// HTTP status, when there was an answer.
    pub http_status: Option<u16>,
    /// What to do.
    pub recommended_action: &'static str,
}

impl From<&Problem> for ErrorInformation {
    fn from(problem: &Problem) -> Self {
        ErrorInformation {
            error_code: problem.code.as_str(),
            reason: problem.reason.clone(),
            http_status: problem.status,
            recommended_action: problem.advice(),
        }
    }
}

/// Status with its error, as Graph nests them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StatusInfo {
    /// How it ended.
    pub status: Status,
    /// Why, for failures and skips.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_information: Option<ErrorInformation>,
}

/// An object on one side.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Identity {
    /// Object id in the directory, or id in the target (empty when it has none yet).
    pub id: String,
    /// Its name, where known.
    pub display_name: String,
    /// `userPrincipalName`, or the target's matching value.
    pub user_principal_name: String,
}

/// One line of the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LogEntry {
    /// Wall-clock time, RFC 3339.
    pub activity_date_time: String,
    /// The job.
    pub job_id: String,
    /// Which of its cycles, from 1; `onDemand` runs are 0.
    pub cycle: u64,
    /// What was done.
    pub provisioning_action: Action,
    /// How it ended.
    pub provisioning_status_info: StatusInfo,
    /// The object in the directory.
    pub source_identity: Identity,
    /// The object in the target.
    pub target_identity: Identity,
    /// Attributes.
    pub modified_properties: Vec<ModifiedProperty>,
    /// From the first request for it to the last answer.
    pub duration_in_milliseconds: u64,
}
