//! A request that is not served: a line of the table, with the exact words.
//!
//! Must not know: statuses and keywords; they are the table's.

use super::{ErrorCode, Row};

/// A request that is not served.
#[derive(Debug, Clone)]
pub struct Failure {
    /// The line of the table.
    pub code: ErrorCode,
    /// The text for the Entra admin; the table's when nothing more exact is known.
    pub detail: String,
    /// Seconds after which to try again.
    pub retry_after: Option<u64>,
    /// The methods that would be taken, for 405.
    pub allow: Option<&'static str>,
}

impl Failure {
    /// With the table's own words.
    pub fn new(code: ErrorCode) -> Self {
        let Row {
            status,
            meaning,
            next_step,
            ..
        } = code.row();
        let retry_after = (status == 503).then_some(5);
        Self {
            code,
            detail: format!("{meaning} {next_step}"),
            retry_after,
            allow: None,
        }
    }

    /// With an exact text.
    pub fn with(code: ErrorCode, detail: impl Into<String>) -> Self {
        Self {
            detail: detail.into(),
            ..Self::new(code)
        }
    }

    /// To be tried again after so many seconds.
    #[must_use]
    pub const fn after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// A method that this address does not take.
    pub fn method(code: ErrorCode, allow: &'static str) -> Self {
        let failure = Self::new(code);
        let detail = match code {
            // Entra's log shows no headers.
            ErrorCode::MethodNotAllowed => format!("{} It takes {allow}.", code.row().meaning),
            _ => failure.detail,
        };
        Self {
            detail,
            allow: Some(allow),
            ..failure
        }
    }

    /// Whether the gateway is at fault, and not the request.
    pub fn is_fault(&self) -> bool {
        self.code.row().status >= 500
    }
}

impl From<scim::Error> for Failure {
    fn from(error: scim::Error) -> Self {
        Self::with(ErrorCode::of_scim_type(error.scim_type), error.detail)
    }
}

impl From<provisioning::Error> for Failure {
    fn from(error: provisioning::Error) -> Self {
        use provisioning::Error as E;
        match error {
            E::Invalid(error) => error.into(),
            E::Taken(_) => Self::with(ErrorCode::Uniqueness, error.to_string()),
            E::NotFound { .. } => Self::with(ErrorCode::NotFound, error.to_string()),
            E::Stale(_) => Self::with(ErrorCode::PreconditionFailed, error.to_string()),
            E::GroupsNotServed { .. } => Self {
                detail: error.to_string(),
                ..Self::method(ErrorCode::GroupsNotServed, "GET")
            },
            E::CredentialEnded => Self::new(ErrorCode::Unauthorized),
            E::DirectoryOff => Self::new(ErrorCode::DirectoryOff),
            E::Conflict(detail) => Self::with(ErrorCode::BulkConflict, detail),
            E::ProfileMissing(profile) => {
                tracing::error!(
                    profile = profile.as_str(),
                    "the profile of a directory that is in use is not loaded"
                );
                Self::new(ErrorCode::ProfileMissing)
            }
            E::ExtensionUnusable(problem) => {
                tracing::error!(%problem, "the extension of a directory does not go with its profile any more");
                Self::new(ErrorCode::ProfileMissing)
            }
            E::Store(error) => error.into(),
        }
    }
}

impl From<store::StoreError> for Failure {
    fn from(error: store::StoreError) -> Self {
        if matches!(error, store::StoreError::Overloaded) {
            tracing::warn!(%error, "a search was turned away");
            return Self::new(ErrorCode::SearchesBusy);
        }
        // The request is verified anew and runs again: nothing is wrong with the database.
        if matches!(error, store::StoreError::CredentialChanged) {
            return Self::new(ErrorCode::Unavailable);
        }
        tracing::error!(%error, "the database could not serve a request");
        Self::new(ErrorCode::Unavailable)
    }
}

#[cfg(test)]
mod tests {
    use scim::ScimType;

    use super::*;

    #[test]
    fn a_fault_of_ours_is_503_with_a_time_and_never_blames_the_credential() {
        for code in [
            ErrorCode::Busy,
            ErrorCode::BodiesBusy,
            ErrorCode::TenantBusy,
            ErrorCode::ConnectionsBusy,
            ErrorCode::SearchesBusy,
            ErrorCode::ProfileMissing,
            ErrorCode::Unavailable,
        ] {
            assert_eq!(code.row().status, 503);
            assert!(Failure::new(code).retry_after.is_some());
        }
    }

    #[test]
    fn a_refusal_of_the_language_keeps_its_keyword_and_text() {
        for scim_type in [
            ScimType::InvalidFilter,
            ScimType::InvalidValue,
            ScimType::NoTarget,
            ScimType::TooMany,
        ] {
            let failure = Failure::from(scim::Error::new(scim_type, "userName is required."));
            assert_eq!(failure.code.row().scim_type, Some(scim_type));
            assert_eq!(failure.code.row().code, scim_type.as_str());
            assert_eq!(failure.code.row().status, 400);
            assert_eq!(failure.detail, "userName is required.");
        }
        assert_eq!(ErrorCode::Uniqueness.row().status, 409);
    }
}
