//! What can go wrong in an operator's use-case. Every text says the next step.

use chrono::TimeDelta;
use domain::profile::ProfileError;
use domain::tenant::SlugError;
use store::StoreError;

/// Why an operation was not done; nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A name that cannot stand in a URL.
    #[error(transparent)]
    Name(#[from] SlugError),
    /// No such tenant.
    #[error("there is no tenant \"{0}\": see `usher tenant list`, or make it with `usher tenant create {0}`")]
    TenantUnknown(String),
    /// The name is taken.
    #[error("tenant \"{0}\" exists already: use it as it is, or choose another name")]
    TenantExists(String),
    /// No such profile.
    #[error("there is no profile \"{name}\": this deployment has {}; a new one is a TOML file in profiles_dir", known.join(", "))]
    ProfileUnknown {
        /// What was asked for.
        name: String,
        /// What there is.
        known: Vec<String>,
    },
    /// The tenant has no directory of that profile.
    #[error(
        "tenant \"{tenant}\" has no directory \"{profile}\": make it with `usher directory create --tenant {tenant} --profile {profile}`"
    )]
    DirectoryUnknown {
        /// The tenant.
        tenant: String,
        /// The profile.
        profile: String,
    },
    /// An extension that cannot be used.
    #[error("{0}; docs/reference/profiles.md shows what an extension may say. Nothing was changed")]
    Extension(ProfileError),
    /// The tenant has one of that profile.
    #[error(
        "tenant \"{tenant}\" has a directory \"{profile}\" already: `usher token issue --tenant {tenant} --profile {profile}` gives it a token"
    )]
    DirectoryExists {
        /// The tenant.
        tenant: String,
        /// The profile.
        profile: String,
    },
    /// The tenant has no such token.
    #[error(
        "tenant \"{tenant}\" has no token \"{id}\": `usher token list --tenant {tenant}` shows their ids"
    )]
    TokenUnknown {
        /// The tenant.
        tenant: String,
        /// The id; what a pasted whole token is cut to.
        id: String,
    },
    /// A directory has as many tokens as it may.
    #[error(
        "directory \"{profile}\" of tenant \"{tenant}\" has {most} usable tokens, the most there may be: revoke one first"
    )]
    TooManyTokens {
        /// The tenant.
        tenant: String,
        /// The profile.
        profile: String,
        /// The most there may be.
        most: usize,
    },
    /// A life that is too long or none.
    #[error("a token may live for at most {} days and no less than a minute: choose a time in between, or none", .0.num_days())]
    Life(TimeDelta),
    /// An overlap that is too long.
    #[error("old tokens may stay for at most {} days after a rotation: choose less, 7 days is usual", .0.num_days())]
    Overlap(TimeDelta),
    /// No such app.
    #[error("there is no app \"{0}\": see `usher app list`, or make it with `usher app create {0}`")]
    AppUnknown(String),
    /// The app has no such credential.
    #[error("app \"{app}\" has no credential \"{id}\": `usher app list-credentials {app}` shows their ids")]
    CredentialUnknown {
        /// The app.
        app: String,
        /// The id; what a pasted whole credential is cut to.
        id: String,
    },
    /// The name is taken.
    #[error("app \"{0}\" exists already: `usher app rotate-credential {0}` gives it a new credential")]
    AppExists(String),
    /// Too much is being hashed.
    #[error("too many secrets are being hashed at once: try again in a second")]
    Busy,
    /// No randomness.
    #[error(transparent)]
    Random(#[from] auth::random::NoRandomness),
    /// A secret could not be hashed.
    #[error(transparent)]
    Hash(#[from] auth::hash::HashError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}
