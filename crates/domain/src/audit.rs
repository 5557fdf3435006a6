//! The audit log: what operators, their programs and the gateway itself did, as chains of rows (ADR 0042).
//!
//! Each tenant has a chain, and the platform has one for what belongs to no tenant. A row holds the hash of the row before
//! it, and a hash of its own values, so that a row that is changed, deleted or put in later is found ([`verify`]). Whoever
//! rewrites a whole chain is found by a checkpoint kept outside the database ([`checkpoint`]).
//!
//! Rows hold no secret and no personal data but the actor: ids, names of tenants, profiles and apps, settings and times.

use std::fmt::{self, Write as _};
use std::net::IpAddr;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::actor::Actor;
use crate::credential::TokenId;
use crate::id::{AppId, DirectoryId, RequestId, TenantId};

pub mod checkpoint;
pub mod verify;

/// Begins what is hashed, so that no hash of a row is one of anything else.
const DOMAIN: &str = "usher.audit.v1";

/// The hash before the first row.
pub const GENESIS: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// A chain of rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Chain {
    /// What belongs to no tenant: tenants themselves, apps, feeds.
    Platform,
    /// What belongs to one tenant: its directories and credentials.
    Tenant(TenantId),
}

impl Chain {
    /// Its id in the database: the tenant's, or the nil UUID, which no tenant has.
    pub const fn uuid(self) -> Uuid {
        match self {
            Self::Platform => Uuid::nil(),
            Self::Tenant(tenant) => tenant.uuid(),
        }
    }

    /// The chain with this id.
    pub const fn from_uuid(uuid: Uuid) -> Self {
        if uuid.is_nil() {
            Self::Platform
        } else {
            Self::Tenant(TenantId::from_uuid(uuid))
        }
    }

    /// The tenant it belongs to.
    pub const fn tenant(self) -> Option<TenantId> {
        match self {
            Self::Platform => None,
            Self::Tenant(tenant) => Some(tenant),
        }
    }
}

/// `platform`, or the tenant's id.
impl fmt::Display for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Platform => f.write_str("platform"),
            Self::Tenant(tenant) => tenant.fmt(f),
        }
    }
}

/// What was done. The words are stable: searches and alerts name them.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, strum::EnumString, strum::IntoStaticStr, strum::VariantArray,
)]
pub enum Action {
    /// A tenant was made.
    #[strum(serialize = "tenant.create")]
    TenantCreate,
    /// A tenant was frozen.
    #[strum(serialize = "tenant.freeze")]
    TenantFreeze,
    /// A tenant is frozen no more.
    #[strum(serialize = "tenant.unfreeze")]
    TenantUnfreeze,
    /// A directory was made.
    #[strum(serialize = "directory.create")]
    DirectoryCreate,
    /// The provider of a directory was changed.
    #[strum(serialize = "directory.set")]
    DirectorySet,
    /// A directory was switched on or off.
    #[strum(serialize = "directory.switch")]
    DirectorySwitch,
    /// A directory was frozen.
    #[strum(serialize = "directory.freeze")]
    DirectoryFreeze,
    /// A directory is frozen no more.
    #[strum(serialize = "directory.unfreeze")]
    DirectoryUnfreeze,
    /// A directory got another extension of its profile.
    #[strum(serialize = "directory.extension.set")]
    ExtensionSet,
    /// A directory's extension was removed.
    #[strum(serialize = "directory.extension.remove")]
    ExtensionRemove,
    /// A directory got one more token.
    #[strum(serialize = "token.issue")]
    TokenIssue,
    /// A directory got a new token, and the others an end.
    #[strum(serialize = "token.rotate")]
    TokenRotate,
    /// A token was revoked.
    #[strum(serialize = "token.revoke")]
    TokenRevoke,
    /// All tokens of a tenant were revoked.
    #[strum(serialize = "token.revoke.all")]
    TokenRevokeAll,
    /// A token that ends by itself was made for a program (`POST /provisioning/token`).
    #[strum(serialize = "token.provision")]
    TokenProvision,
    /// What a directory accepts beside its tokens was changed.
    #[strum(serialize = "directory.oauth.set")]
    DirectoryOauthSet,
    /// A directory got an OAuth client.
    #[strum(serialize = "client.create")]
    ClientCreate,
    /// An OAuth client was revoked, with all its access tokens.
    #[strum(serialize = "client.revoke")]
    ClientRevoke,
    /// All access tokens of an OAuth client were ended.
    #[strum(serialize = "client.end-tokens")]
    ClientEndTokens,
    /// An OAuth client got one more secret.
    #[strum(serialize = "client.secret.add")]
    ClientSecretAdd,
    /// A secret of an OAuth client was revoked, with the access tokens that were made with it.
    #[strum(serialize = "client.secret.revoke")]
    ClientSecretRevoke,
    /// A key that signs access tokens was made.
    #[strum(serialize = "oauth-key.rotate")]
    OauthKeyRotate,
    /// An app was made, with its first credential.
    #[strum(serialize = "app.create")]
    AppCreate,
    /// An app was deleted.
    #[strum(serialize = "app.delete")]
    AppDelete,
    /// An app got a new credential, and the others an end.
    #[strum(serialize = "app.credential.rotate")]
    AppCredentialRotate,
    /// An app may see something else.
    #[strum(serialize = "app.policy.set")]
    AppPolicySet,
    /// A credential of an app was revoked.
    #[strum(serialize = "app.credential.revoke")]
    AppCredentialRevoke,
    /// An API key was made.
    #[strum(serialize = "api-key.create")]
    ApiKeyCreate,
    /// An API key was made that may do what another one may, which got an end.
    #[strum(serialize = "api-key.rotate")]
    ApiKeyRotate,
    /// An API key was revoked.
    #[strum(serialize = "api-key.revoke")]
    ApiKeyRevoke,
    /// A feed began another epoch because an operator asked for it.
    #[strum(serialize = "feed.renew")]
    FeedRenew,
    /// Somebody saw personal data of the provisioning log, for the reason that is kept.
    #[strum(serialize = "log.unmask")]
    LogUnmask,
    /// Somebody looked for a person in every tenant.
    #[strum(serialize = "person.find")]
    PersonFind,
    /// Credentials were refused: how many, of one kind from one address, since the row before.
    #[strum(serialize = "auth.refused")]
    AuthRefused,
    /// A directory's new tokens may be written into its customer's Entra app.
    #[strum(serialize = "directory.continuity.set")]
    ContinuitySet,
    /// They may not any more.
    #[strum(serialize = "directory.continuity.off")]
    ContinuityOff,
    /// A renewal of a directory's token was begun.
    #[strum(serialize = "token.continuity.start")]
    ContinuityStart,
    /// A new token was written into a customer's Entra app.
    #[strum(serialize = "token.continuity.write")]
    ContinuityWrite,
}

impl Action {
    /// All of them.
    pub const ALL: &[Self] = <Self as strum::VariantArray>::VARIANTS;

    /// The word in the log.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, strum::IntoStaticStr)]
#[strum(serialize_all = "lowercase")]
pub enum Outcome {
    /// It was done, in the same transaction as the row.
    Success,
    /// It was refused; nothing was changed.
    Refused,
}

impl Outcome {
    /// The word in the log.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// What something was done to, by a value that is never used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, derive_more::Display)]
pub enum Target {
    /// A tenant.
    #[display("tenant:{_0}")]
    Tenant(TenantId),
    /// A directory.
    #[display("directory:{_0}")]
    Directory(DirectoryId),
    /// A token of a directory, by its public part.
    #[display("token:{_0}")]
    Token(TokenId),
    /// An app.
    #[display("app:{_0}")]
    App(AppId),
    /// A credential of an app, by its public part.
    #[display("app-credential:{_0}")]
    AppCredential(TokenId),
    /// An API key, by its public part.
    #[display("api-key:{_0}")]
    ApiKey(TokenId),
    /// An OAuth client.
    #[display("client:{_0}")]
    Client(TokenId),
    /// A secret of an OAuth client, by its public part.
    #[display("client-secret:{_0}")]
    ClientSecret(TokenId),
    /// The keys that sign access tokens.
    #[display("oauth-keys")]
    OauthKeys,
    /// The feed of an app.
    #[display("feed:{_0}")]
    Feed(AppId),
    /// A network: an IPv4 address, or the /64 of an IPv6 address.
    #[display("address:{_0}")]
    Address(IpAddr),
    /// The whole deployment.
    #[display("deployment")]
    Deployment,
    /// Networks that have no row of their own.
    #[display("address:others")]
    OtherAddresses,
}

/// What is to be written: a row without its place in the chain.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditEntry {
    /// The chain it belongs to.
    pub chain: Chain,
    /// When it was done.
    pub at: DateTime<Utc>,
    /// Who did it.
    pub actor: Actor,
    /// What was done.
    pub action: Action,
    /// To what.
    pub target: Target,
    /// How it ended.
    pub outcome: Outcome,
    /// Why, in the words of whoever did it.
    pub reason: Option<String>,
    /// The address of the client, when it came over the network.
    pub ip: Option<IpAddr>,
    /// The request or the command.
    pub request: RequestId,
    /// What else there is to know: settings before and after, ends, names. No secret, no personal data.
    pub details: Map<String, Value>,
}

impl AuditEntry {
    /// The same with one more detail.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.details.insert(name.to_owned(), value.into());
        self
    }

    /// The same with the reason that was given, if one was.
    #[must_use]
    pub fn because(mut self, reason: Option<&str>) -> Self {
        self.reason = reason.map(str::to_owned);
        self
    }

    /// The row that follows the head of its chain.
    pub fn after(&self, head: &ChainHead) -> AuditRow {
        let mut row = AuditRow {
            chain: self.chain,
            seq: head.seq + 1,
            at: self.at.timestamp_millis(),
            actor: self.actor.to_string(),
            action: self.action.as_str().to_owned(),
            target: self.target.to_string(),
            outcome: self.outcome.as_str().to_owned(),
            // PostgreSQL's text holds no NUL.
            reason: self.reason.as_deref().map(|text| text.replace('\0', "\u{fffd}")),
            ip: self.ip.map(|ip| ip.to_string()),
            request: self.request.to_string(),
            details: Value::Object(self.details.clone()).to_string(),
            previous: head.hash.clone(),
            hash: String::new(),
        };
        row.hash = row.computed_hash();
        row
    }
}

/// The last row of a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainHead {
    /// The chain.
    pub chain: Chain,
    /// How many rows there are, which is the number of the last one.
    pub seq: i64,
    /// The hash of the last one; [`GENESIS`] when there is none.
    pub hash: String,
}

impl ChainHead {
    /// Of a chain without rows.
    pub fn of_new(chain: Chain) -> Self {
        Self {
            chain,
            seq: 0,
            hash: GENESIS.to_owned(),
        }
    }
}

/// A row as it is kept. Everything but the place and the time is text, so that a row which somebody has changed, or which a later
/// version has written, can be read and verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditRow {
    /// The chain.
    pub chain: Chain,
    /// Its place: 1, 2, 3, … without a gap.
    pub seq: i64,
    /// When it was done, in milliseconds since 1970.
    pub at: i64,
    /// See [`AuditEntry::actor`].
    pub actor: String,
    /// See [`AuditEntry::action`].
    pub action: String,
    /// See [`AuditEntry::target`].
    pub target: String,
    /// See [`AuditEntry::outcome`].
    pub outcome: String,
    /// See [`AuditEntry::reason`].
    pub reason: Option<String>,
    /// See [`AuditEntry::ip`].
    pub ip: Option<String>,
    /// See [`AuditEntry::request`].
    pub request: String,
    /// See [`AuditEntry::details`]; the text of a JSON object.
    pub details: String,
    /// The hash of the row before, in hexadecimal digits; [`GENESIS`] for the first.
    pub previous: String,
    /// The hash of all the values above, in hexadecimal digits.
    pub hash: String,
}

impl AuditRow {
    /// SHA-256 over a domain tag and all values but [`Self::hash`], each with its length before it, so that no letter can move
    /// from one value to the next; a value that is not there differs from an empty one.
    pub fn computed_hash(&self) -> String {
        let mut digest = Sha256::new();
        let mut field = |value: Option<&str>| match value {
            None => digest.update([0_u8]),
            Some(value) => {
                digest.update([1_u8]);
                digest.update((value.len() as u64).to_be_bytes());
                digest.update(value);
            }
        };
        field(Some(DOMAIN));
        field(Some(&self.chain.to_string()));
        field(Some(&self.seq.to_string()));
        field(Some(&self.at.to_string()));
        field(Some(&self.actor));
        field(Some(&self.action));
        field(Some(&self.target));
        field(Some(&self.outcome));
        field(self.reason.as_deref());
        field(self.ip.as_deref());
        field(Some(&self.request));
        field(Some(&self.details));
        field(Some(&self.previous));
        hexadecimal(&digest.finalize())
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a text does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests;
