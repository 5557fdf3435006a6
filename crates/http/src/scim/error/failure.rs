//! The row of each error of the use-cases, the language and the store.
//!
//! Must not know: statuses and keywords; they are the table's.

use super::{Code as _, ErrorCode, Failure};
use crate::error_table::Row;
use crate::limits::FROZEN_SECONDS;

impl Failure {
    /// With the table's own words.
    pub fn new(code: ErrorCode) -> Self {
        let Row {
            meaning, next_step, ..
        } = code.row();
        Self::with(code, format!("{meaning} {next_step}"))
    }

    /// A method that this address does not take.
    pub fn method(code: ErrorCode, allow: &'static str) -> Self {
        let failure = match code {
            // Entra's log shows no headers.
            ErrorCode::MethodNotAllowed => {
                Self::with(code, format!("{} It takes {allow}.", code.row().meaning))
            }
            _ => Self::new(code),
        };
        failure.allow(allow)
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
            E::GroupsNotServed { .. } => {
                Self::with(ErrorCode::GroupsNotServed, error.to_string()).allow("GET")
            }
            E::CredentialEnded => Self::new(ErrorCode::Unauthorized),
            E::DirectoryOff => Self::new(ErrorCode::DirectoryOff),
            E::Frozen => Self::new(ErrorCode::Frozen).after(FROZEN_SECONDS),
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
            ErrorCode::Frozen,
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
