//! The errors of operations. Must not know: HTTP; `crates/http` has a row of its table for each.

use domain::portal::PortalPage;
use domain::profile::{Profile, ProfileError, ProfileName};
use domain::tenant::Provider;
use scim::etag::Unmet;
use store::StoreError;

/// A refused or failed operation. Display texts are written for the Entra admin who reads them in the provisioning log.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The request is wrong; says which attribute, which rule and what to do next.
    #[error("{}", .0.detail)]
    Invalid(#[from] scim::error::Error),
    /// Another resource of the directory has this value (RFC 7644 §3.3, `uniqueness`); says which one.
    #[error("{0}")]
    Taken(String),
    /// No identity of that id in this directory.
    #[error(
        "No resource with this id exists in the {profile} directory. If the client still refers to it, let it match again{}.",
        restart(*provider)
    )]
    NotFound {
        /// The profile's name.
        profile: ProfileName,
        /// The identity provider that calls.
        provider: Provider,
    },
    /// The resource is not of the version that the request asks for (RFC 7644 §3.14).
    #[error("{}", unmet_words(*.0))]
    Stale(Unmet),
    /// The directory's profile serves no groups.
    #[error("The {profile} directory serves no groups. {} {}.", provider.at(PortalPage::Groups), no_groups(*.provider))]
    GroupsNotServed {
        /// The profile's name.
        profile: ProfileName,
        /// The identity provider that calls.
        provider: Provider,
    },
    /// An operation of a bulk request that fails because of another one (RFC 7644 §3.7.1).
    #[error("{0}")]
    Conflict(String),
    /// The credential was revoked or has expired since the request began.
    #[error(
        "The credential was taken back or has expired while the request was under way, so nothing more was done."
    )]
    CredentialEnded,
    /// The directory was switched off since the request began.
    #[error("The directory was switched off while the request was under way, so nothing more was done.")]
    DirectoryOff,
    /// The directory, or its tenant, was frozen since the request began.
    #[error("The directory was frozen while the request was under way, so nothing more was done.")]
    Frozen,
    /// The directory's profile is not loaded: a fault of the set-up.
    #[error("the profile \"{0}\" of this directory is not loaded")]
    ProfileMissing(ProfileName),
    /// The directory's own extension does not fit its profile any more: a fault of the set-up.
    #[error("the extension of this directory cannot be used with its profile: {0}")]
    ExtensionUnusable(ProfileError),
    /// The database failed.
    #[error(transparent)]
    Store(StoreError),
}

/// How to make a client drop an id that it stored.
fn restart(provider: Provider) -> String {
    match provider {
        Provider::Entra => format!(": in Entra, open {}", PortalPage::Restart.path()),
        _ => String::new(),
    }
}

/// How to stop a client from sending groups.
const fn no_groups(provider: Provider) -> &'static str {
    match provider {
        Provider::Entra => "set Enabled to No",
        _ => "switch the provisioning of groups off",
    }
}

/// The meaning of a failed condition on the version, and the next step.
const fn unmet_words(unmet: Unmet) -> &'static str {
    match unmet {
        Unmet::Changed => {
            "The resource has changed since the version that the request names was read, so nothing was done. Read it again with \
             GET, repeat the change on what it says now with its new meta.version in If-Match, or leave If-Match out."
        }
        Unmet::Exists => {
            "The request says If-None-Match: *, which means only if there is no such resource, and there is one, so nothing was \
             done. Leave If-None-Match out to change it; to change only the version that you have read, send its meta.version in \
             If-Match."
        }
        Unmet::Same => {
            "The request says with If-None-Match that it is to be done only if the resource is no longer of the version it names, \
             and it still is, so nothing was done. Leave If-None-Match out; to change only the version that you have read, send its \
             meta.version in If-Match."
        }
    }
}

impl From<StoreError> for Error {
    /// A list that is too large is the request's fault: another request for the same list succeeds.
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::TooMuch(what) => Self::Invalid(scim::Error::too_many(format!(
                "The directory is too large for this list: {what}. Filter with eq on userName, externalId, displayName or \
                 emails[type eq \"work\"].value, or read the list page by page with cursor= and without sortBy."
            ))),
            other => Self::Store(other),
        }
    }
}

impl Error {
    /// The refusal of an unknown id.
    pub(crate) fn not_found(profile: &Profile, provider: Provider) -> Self {
        Self::NotFound {
            profile: profile.name.clone(),
            provider,
        }
    }

    /// The stable code of the provisioning log; also the key of the table in `docs/reference/error-codes.md`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Invalid(error) => error.scim_type.as_str(),
            Self::Taken(_) => "uniqueness",
            Self::NotFound { .. } => "notFound",
            Self::Stale(_) => "preconditionFailed",
            Self::GroupsNotServed { .. } => "groupsNotServed",
            Self::CredentialEnded => "unauthorized",
            Self::DirectoryOff => "directoryOff",
            Self::Frozen => "frozen",
            Self::ProfileMissing(_) | Self::ExtensionUnusable(_) => "profileMissing",
            Self::Conflict(_) => "bulkConflict",
            Self::Store(StoreError::Overloaded) => "searchesBusy",
            Self::Store(_) => "unavailable",
        }
    }

    /// Whether the error is caused by the request: only such errors are rows of the provisioning log, and only after them a
    /// bulk request goes on.
    pub fn is_refusal(&self) -> bool {
        match self {
            Self::Invalid(_)
            | Self::Taken(_)
            | Self::NotFound { .. }
            | Self::Stale(_)
            | Self::GroupsNotServed { .. }
            | Self::Conflict(_) => true,
            Self::CredentialEnded
            | Self::DirectoryOff
            | Self::Frozen
            | Self::ProfileMissing(_)
            | Self::ExtensionUnusable(_)
            | Self::Store(_) => false,
        }
    }
}
