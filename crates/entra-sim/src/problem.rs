//! The errors that one object can meet, with the codes of Entra's provisioning log.
//!
//! The table from HTTP answers to these codes is `crate::wire::answer`.

use serde::{Deserialize, Serialize};

/// Entra's error codes, as far as a SCIM target can provoke them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ErrorCode {
    /// 409 on create or update.
    EntryConflict,
    /// 429 after the last attempt.
    TooManyRequests,
    /// 5xx.
    InternalServerError,
    /// 401.
    Unauthorized,
    /// 403.
    InsufficientRights,
    /// 405.
    MethodNotAllowed,
    /// 501.
    NotImplemented,
    /// 413, and every refusal that has no code of its own.
    NotPermitted,
    /// 422.
    UnprocessableEntity,
    /// 404 for an id that was provisioned before; the job needs a restart.
    InvalidAnchor,
    /// The connection broke before the end of an answer.
    WebExceptionProtocolError,
    /// No answer in time.
    Timeout,
    /// A required mapping line has no value.
    MandatoryFieldsMissing,
    /// The match query found more than one object.
    DuplicateTargetEntries,
    /// Two directory objects have the same matching value.
    DuplicateSourceEntries,
    /// 400: the target refused the document.
    #[serde(rename = "SystemForCrossDomainIdentityManagementBadRequest")]
    BadRequest,
    /// An answer that is not SCIM.
    #[serde(rename = "SystemForCrossDomainIdentityManagementServiceIncompatible")]
    ServiceIncompatible,
    /// A match was found without a difference: nothing to export.
    RedundantExport,
    /// Not in scope: never provisioned and already disabled.
    EntrySynchronizationSkipped,
    /// A deletion held back by accidental-deletion prevention.
    StagedDelete,
}

impl ErrorCode {
    /// The code as the log spells it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::EntryConflict => "EntryConflict",
            Self::TooManyRequests => "TooManyRequests",
            Self::InternalServerError => "InternalServerError",
            Self::Unauthorized => "Unauthorized",
            Self::InsufficientRights => "InsufficientRights",
            Self::MethodNotAllowed => "MethodNotAllowed",
            Self::NotImplemented => "NotImplemented",
            Self::NotPermitted => "NotPermitted",
            Self::UnprocessableEntity => "UnprocessableEntity",
            Self::InvalidAnchor => "InvalidAnchor",
            Self::WebExceptionProtocolError => "WebExceptionProtocolError",
            Self::Timeout => "Timeout",
            Self::MandatoryFieldsMissing => "MandatoryFieldsMissing",
            Self::DuplicateTargetEntries => "DuplicateTargetEntries",
            Self::DuplicateSourceEntries => "DuplicateSourceEntries",
            Self::BadRequest => "SystemForCrossDomainIdentityManagementBadRequest",
            Self::ServiceIncompatible => "SystemForCrossDomainIdentityManagementServiceIncompatible",
            Self::RedundantExport => "RedundantExport",
            Self::EntrySynchronizationSkipped => "EntrySynchronizationSkipped",
            Self::StagedDelete => "StagedDelete",
        }
    }
}

/// How much a problem stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// This object only; the cycle goes on.
    Object,
    /// The whole job: bad credentials, or a target that does not answer in SCIM. Entra quarantines at once.
    Job,
}

/// One failure, as the log shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Entra's code for it.
    pub code: ErrorCode,
    /// The server's own detail, or what the client saw.
    pub reason: String,
    /// The HTTP status; `None` without an answer.
    pub status: Option<u16>,
    /// Whether only the object or the whole job stops.
    pub severity: Severity,
}

impl Problem {
    /// A problem of one object without an HTTP answer.
    #[must_use]
    pub fn new(code: ErrorCode, reason: impl Into<String>) -> Self {
        Self {
            code,
            reason: reason.into(),
            status: None,
            severity: Severity::Object,
        }
    }

    /// The same problem with the severity [`Severity::Job`].
    #[must_use]
    pub fn stops_job(mut self) -> Self {
        self.severity = Severity::Job;
        self
    }

    /// Entra's advice to the administrator.
    #[must_use]
    pub fn advice(&self) -> &'static str {
        match self.code {
            ErrorCode::EntryConflict => {
                "Another object of the target has the same matching value; correct one of the two."
            }
            ErrorCode::TooManyRequests
            | ErrorCode::InternalServerError
            | ErrorCode::Timeout
            | ErrorCode::WebExceptionProtocolError => "It is tried again in a later cycle.",
            ErrorCode::Unauthorized => "Check the secret token, and that it belongs to this tenant URL.",
            ErrorCode::InvalidAnchor => {
                "The object was deleted in the target; restart provisioning (--restart)."
            }
            ErrorCode::MandatoryFieldsMissing => "Fill the source attribute, or correct the mapping.",
            ErrorCode::DuplicateTargetEntries => "Make the matching value unique in the target.",
            ErrorCode::DuplicateSourceEntries => "Make the matching value unique in the directory.",
            ErrorCode::ServiceIncompatible => {
                "Check the tenant URL: what answered there does not speak SCIM."
            }
            ErrorCode::StagedDelete => {
                "Review the deletions, then run again with a higher --deletion-threshold."
            }
            ErrorCode::RedundantExport | ErrorCode::EntrySynchronizationSkipped => "Nothing to do.",
            _ => "Read the detail, correct the object or the mapping, then provision on demand.",
        }
    }
}
