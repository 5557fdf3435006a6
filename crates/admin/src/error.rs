//! The errors of the operators' use-cases. Every text says the next step.

use chrono::TimeDelta;
use domain::position::Position;
use domain::profile::ProfileError;
use domain::release_policy::UnknownName;
use domain::role::{Right, Role, SCIM_MANAGE, ScopeKind};
use domain::tenant::SlugError;
use store::StoreError;

/// The reason why an operation failed; nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A name that is not allowed in a URL.
    #[error(transparent)]
    Name(#[from] SlugError),
    /// The tenant does not exist.
    #[error("there is no tenant \"{0}\": see `usher tenant list`, or make it with `usher tenant create {0}`")]
    TenantUnknown(String),
    /// Another tenant has the name.
    #[error("tenant \"{0}\" exists already: use it as it is, or choose another name")]
    TenantExists(String),
    /// The profile does not exist.
    #[error("there is no profile \"{name}\": this deployment has {}; a new one is a TOML file in profiles_dir", known.join(", "))]
    ProfileUnknown {
        /// The name that the operator gave.
        name: String,
        /// The names of all profiles.
        known: Vec<String>,
    },
    /// The tenant has no directory of that profile.
    #[error(
        "tenant \"{tenant}\" has no directory \"{profile}\": make it with `usher directory create --tenant {tenant} --profile {profile}`"
    )]
    DirectoryUnknown {
        /// The name of the tenant.
        tenant: String,
        /// The name of the profile.
        profile: String,
    },
    /// The settings are not those that the request was about.
    #[error("these settings have changed since they were read: read them again, and repeat the change")]
    SettingsChanged,
    /// An extension that cannot be compiled with its profile.
    #[error("{0}; docs/reference/profiles.md shows what an extension may say. Nothing was changed")]
    Extension(ProfileError),
    /// The tenant has a directory of that profile already.
    #[error(
        "tenant \"{tenant}\" has a directory \"{profile}\" already: `usher token issue --tenant {tenant} --profile {profile}` gives it a token"
    )]
    DirectoryExists {
        /// The name of the tenant.
        tenant: String,
        /// The name of the profile.
        profile: String,
    },
    /// The token does not exist in this tenant.
    #[error(
        "tenant \"{tenant}\" has no token \"{id}\": `usher token list --tenant {tenant}` shows their ids"
    )]
    TokenUnknown {
        /// The name of the tenant.
        tenant: String,
        /// The requested id; a pasted whole token is cut to its id.
        id: String,
    },
    /// A directory has reached the limit of usable tokens.
    #[error(
        "directory \"{profile}\" of tenant \"{tenant}\" has {most} usable tokens, the most there may be: revoke one first"
    )]
    TooManyTokens {
        /// The name of the tenant.
        tenant: String,
        /// The name of the profile.
        profile: String,
        /// The limit, which is [`crate::tokens::issue::MOST`].
        most: usize,
    },
    /// An action that says why it was done, without a reason.
    #[error("say why with --reason: whoever looks into this later reads it")]
    ReasonMissing,
    /// All tokens of a tenant would be revoked, and the tenant's name was not said a second time.
    #[error(
        "this would revoke all tokens of tenant \"{tenant}\", {tokens} of them usable: its identity provider gets 401 until somebody pastes a new \
         token. Nothing was done. To do it, say the name once more: --confirm {tenant}. To only stop requests for a while, without \
         losing any: `usher tenant freeze {tenant}`"
    )]
    Unconfirmed {
        /// The name of the tenant.
        tenant: String,
        /// Its usable tokens.
        tokens: usize,
    },
    /// A lifetime that is too long or too short.
    #[error("a token may live for at most {} days and no less than a minute: choose a time in between, or none", .0.num_days())]
    Life(TimeDelta),
    /// An overlap that is too long, or negative.
    #[error("old tokens may stay for at most {} days after a rotation: choose less, 7 days is usual", .0.num_days())]
    Overlap(TimeDelta),
    /// A number of rows that no search of the log gives; the largest is [`crate::logs::search::MOST`].
    #[error(
        "one search gives 1 to {0} rows of the log: choose a --limit in this range, and narrow the search with --user, --failures or --since"
    )]
    LogLimit(usize),
    /// A number of rows that no search of the audit log gives; the largest is [`crate::logs::search::MOST`].
    #[error(
        "one search gives 1 to {0} rows of the audit log: choose a --limit in this range, and narrow the search with --actor, --action, \
         --target or --since; `usher audit export` has all rows"
    )]
    AuditLimit(usize),
    /// The chain has no row with this number.
    #[error(
        "the audit log of {chain} has no row {seq}: `usher audit list` shows the numbers, with --tenant for a tenant's"
    )]
    AuditRowUnknown {
        /// The tenant, or `platform`.
        chain: String,
        /// The requested number.
        seq: i64,
    },
    /// The file of checkpoints cannot be read or written.
    #[error(
        "the checkpoints could not be kept in {path}: {error}. Make the folder of audit.anchor_file, and give this \
         user the right to write there", path = .file.display()
    )]
    Anchor {
        /// Its path.
        file: std::path::PathBuf,
        /// The system's reason.
        error: std::io::Error,
    },
    /// The app does not exist.
    #[error("there is no app \"{0}\": see `usher app list`, or make it with `usher app create {0}`")]
    AppUnknown(String),
    /// No event has that position yet.
    #[error("the feed of app \"{app}\" ends at position {head}: there is no event {position} yet")]
    BeyondHead {
        /// The name of the app.
        app: String,
        /// The position that was asked for.
        position: Position,
        /// The last position.
        head: Position,
    },
    /// The event was deleted, because it was older than `events.retention_days`.
    #[error(
        "the event {position} of app \"{app}\" is no longer kept (events.retention_days): the oldest position is {oldest}"
    )]
    PastRetention {
        /// The name of the app.
        app: String,
        /// The position that was asked for.
        position: Position,
        /// The oldest position whose event is kept.
        oldest: Position,
    },
    /// The credential does not exist in this app.
    #[error("app \"{app}\" has no credential \"{id}\": `usher app list-credentials {app}` shows their ids")]
    CredentialUnknown {
        /// The name of the app.
        app: String,
        /// The requested id; a pasted whole credential is cut to its id.
        id: String,
    },
    /// The API key does not exist.
    #[error("there is no API key \"{0}\": `usher api-key list` shows their ids")]
    ApiKeyUnknown(String),
    /// The API key is not usable any more.
    #[error("the API key \"{0}\" has ended already: make a new one with `usher api-key create`")]
    ApiKeyEnded(String),
    /// An API key without rights, or with both a role and single rights.
    #[error(
        "give an API key either a role or single rights: roles are {}; rights are {}",
        words(Role::ALL),
        words(Right::ALL)
    )]
    ApiKeyRights,
    /// A word that is no right.
    #[error("there is no right \"{0}\": rights are {rights}, and {scim} for all that manages a SCIM connection", rights = words(Right::ALL), scim = SCIM_MANAGE)]
    RightUnknown(String),
    /// A role without the scope that it needs.
    #[error("the role {role} is limited to {}", one(*needed))]
    ApiKeyScope {
        /// The role.
        role: &'static str,
        /// The scope that it needs.
        needed: ScopeKind,
    },
    /// A scope of both a tenant and an app, or a profile without a tenant.
    #[error(
        "limit an API key to a tenant, to a directory (a tenant and a profile), to an app, or to nothing"
    )]
    ApiKeyScopes,
    /// A lifetime of an API key that is too long or too short.
    #[error("an API key may live for at most {} days and no less than a minute: choose a time in between", .0.num_days())]
    ApiKeyLife(TimeDelta),
    /// A key that would be allowed more than the one that makes it.
    #[error(
        "no API key gives another one more than it has itself: ask for fewer rights or a smaller scope, or use a key with more"
    )]
    BeyondMaker,
    /// An attribute or a field of a release policy that no profile has.
    #[error("{}", unreleasable(.0))]
    ReleaseUnknown(UnknownName),
    /// Another app has the name.
    #[error("app \"{0}\" exists already: `usher app rotate-credential {0}` gives it a new credential")]
    AppExists(String),
    /// No job of that kind and key has used all its attempts.
    #[error("no job \"{kind}\" \"{key}\" has failed: `usher job list --failed` shows those that have")]
    JobUnknown {
        /// The kind that was named.
        kind: String,
        /// The key that was named.
        key: String,
    },
    /// The hashing pool is full; a retry may succeed.
    #[error("too many secrets are being hashed at once: try again in a second")]
    Busy,
    /// The operating system gave no randomness.
    #[error(transparent)]
    Random(#[from] auth::random::NoRandomness),
    /// argon2id refused to hash a secret.
    #[error(transparent)]
    Hash(#[from] auth::hash::HashError),
    /// The database failed, or refused.
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn unreleasable(unknown: &UnknownName) -> String {
    match unknown {
        UnknownName::Attribute(path) => format!(
            "no profile has an attribute \"{path}\": write it as an attribute mapping does, such as displayName or \
             addresses[type eq \"work\"].formatted; docs/reference/profiles.md lists all. Nothing was changed"
        ),
        UnknownName::Field(name) => format!(
            "no profile's record has a field \"{name}\": docs/reference/profiles.md lists them, such as office. Nothing was changed"
        ),
    }
}

fn words<T: Copy + Into<&'static str>>(all: &[T]) -> String {
    let words: Vec<&str> = all.iter().map(|one| (*one).into()).collect();
    words.join(", ")
}

const fn one(needed: ScopeKind) -> &'static str {
    match needed {
        ScopeKind::Any => "anything",
        ScopeKind::Tenant => "one tenant, or a directory of it: name the tenant",
        ScopeKind::App => "one app: name the app",
    }
}
