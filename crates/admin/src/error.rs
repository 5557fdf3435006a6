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
    /// The client does not exist in this tenant.
    #[error(
        "tenant \"{tenant}\" has no client \"{id}\": `usher client list --tenant {tenant}` shows their ids"
    )]
    ClientUnknown {
        /// The name of the tenant.
        tenant: String,
        /// The requested id.
        id: String,
    },
    /// The client was revoked, which is final.
    #[error("the client \"{0}\" was revoked: make a new one with `usher client create`")]
    ClientRevoked(String),
    /// A client with a federated identity has no secrets.
    #[error(
        "the client \"{0}\" proves itself by an identity of Entra's and has no secrets: make another client for secrets"
    )]
    ClientFederated(String),
    /// A directory has reached the limit of clients.
    #[error(
        "directory \"{profile}\" of tenant \"{tenant}\" has {most} clients, the most there may be: revoke one first"
    )]
    TooManyClients {
        /// The name of the tenant.
        tenant: String,
        /// The name of the profile.
        profile: String,
        /// The limit, which is [`crate::clients::create::MOST`].
        most: usize,
    },
    /// A client has reached the limit of usable secrets.
    #[error(
        "the client \"{id}\" has {most} usable secrets, the most there may be: revoke one first with `usher client revoke-secret`"
    )]
    TooManySecrets {
        /// The id of the client.
        id: String,
        /// The limit.
        most: usize,
    },
    /// The secret does not exist in this client.
    #[error("the client \"{client}\" has no secret \"{id}\": `usher client list` shows their ids")]
    SecretUnknown {
        /// The id of the client.
        client: String,
        /// The requested id; a pasted whole secret is cut to its id.
        id: String,
    },
    /// A lifetime of a client's secret that is too long or too short.
    #[error("a client's secret may live for at most {} days and no less than a minute: choose a time in between", .0.num_days())]
    SecretLife(TimeDelta),
    /// A value of a federated identity that cannot be used: its member, and the rule.
    #[error("{0} {1}; docs/how-to/connect-entra-by-workload-identity.md says where Entra shows it")]
    Federation(&'static str, &'static str),
    /// An address of keys at a host that the settings do not allow.
    #[error(
        "keys are read from these hosts only, over https: {0}. Use an address there, or let the operator add the host to oauth.key_hosts"
    )]
    KeysHost(String),
    /// Another Entra tenant than the one that the tenant is bound to.
    #[error(
        "tenant \"{tenant}\" is bound to the Entra tenant {bound}: use that one, or make another tenant for the other"
    )]
    EntraTenantOther {
        /// The name of the tenant.
        tenant: String,
        /// The Entra tenant that it is bound to.
        bound: String,
    },
    /// A life of access tokens that Entra's gallery does not allow.
    #[error("access tokens of clients live for one to six hours: choose a time in between")]
    AccessLife,
    /// Entra's own tokens in production, without saying so.
    #[error(
        "Entra's own tokens are for tests: any application of that Entra tenant gets the same one. In production a client is safer \
         (`usher client create`). To accept them all the same, say so with --in-production (\"inProduction\": true)"
    )]
    EntraInProduction,
    /// A lifetime of a token for a program that is too long or too short.
    #[error("a token of this kind lives for 60 to {0} seconds (10 hours): choose a number in between")]
    ProvisionLife(u32),
    /// No job of that kind and key has used all its attempts.
    #[error("no job \"{kind}\" \"{key}\" has failed: `usher job list --failed` shows those that have")]
    JobUnknown {
        /// The kind that was named.
        kind: String,
        /// The key that was named.
        key: String,
    },
    /// Another request with the same Idempotency-Key has taken over what this one was to create.
    #[error(
        "another request with this Idempotency-Key has done it meanwhile: repeat the request to get the answer"
    )]
    Repeated,
    /// A value of a directory's continuity that cannot be used.
    #[error("{field}: {rule}. Nothing was changed")]
    ContinuityValue {
        /// The member of the API.
        field: &'static str,
        /// What it has to be.
        rule: String,
    },
    /// Another directory writes into the same Entra app.
    #[error(
        "another directory has this Entra app (Entra tenant and service principal) already: two would take it from each other. Each \
         directory needs an app of its own"
    )]
    ContinuityTaken,
    /// The customer has not consented.
    #[error(
        "nothing may be written into the Entra app of directory \"{profile}\" of tenant \"{tenant}\": the customer consents first \
         (docs/how-to/keep-a-token-from-ending.md), then `usher directory continuity set --tenant {tenant} --profile {profile} …`"
    )]
    ContinuityOff {
        /// The name of the tenant.
        tenant: String,
        /// The name of the profile.
        profile: String,
    },
    /// A renewal has not ended.
    #[error(
        "a renewal of this directory's token is under way: `usher token continuity show --tenant {tenant} --profile {profile}` says how \
         far it is; if its job has failed, mend the cause, then `usher job retry token_continuity RENEWAL`"
    )]
    RenewalUnended {
        /// The name of the tenant.
        tenant: String,
        /// The name of the profile.
        profile: String,
    },
    /// There is no such renewal.
    #[error(
        "directory \"{profile}\" of tenant \"{tenant}\" has no such renewal: `usher token continuity list --tenant {tenant} --profile \
         {profile}` shows them"
    )]
    RenewalUnknown {
        /// The name of the tenant.
        tenant: String,
        /// The name of the profile.
        profile: String,
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
