//! Credentials as records: what the database stores of a secret, and the caller that a verified one yields.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

use crate::id::{AppId, DirectoryId, TenantId};
use crate::network::AllowedNetworks;
use crate::scope::TenantScope;
use crate::tenant::{Directory, Serving, Slug};

/// The kind of a credential.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, strum::IntoStaticStr, strum::VariantArray,
)]
#[strum(serialize_all = "lowercase")]
pub enum CredentialKind {
    /// A directory's token for SCIM, which is pasted into Entra.
    Token,
    /// A downstream app's credential for its feed.
    App,
    /// An API key for the admin API.
    #[strum(serialize = "api-key")]
    ApiKey,
    /// A secret of an OAuth client.
    #[strum(serialize = "client-secret")]
    ClientSecret,
}

impl CredentialKind {
    /// All of them.
    pub const ALL: &[Self] = <Self as strum::VariantArray>::VARIANTS;

    /// The word in the database.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// The public part of a token or of an app's credential: 12 base62 characters. The key of its record, safe to log.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TokenId([u8; Self::LENGTH]);

/// A text that is no [`TokenId`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the id of a credential is 12 letters and digits")]
pub struct TokenIdError;

impl TokenId {
    /// How many characters it has.
    pub const LENGTH: usize = 12;

    /// The id as text.
    pub fn as_str(&self) -> &str {
        // Letters and digits of ASCII always are a text.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl FromStr for TokenId {
    type Err = TokenIdError;

    fn from_str(text: &str) -> Result<Self, TokenIdError> {
        let bytes = text.as_bytes().try_into().map_err(|_| TokenIdError)?;
        let is_base62 = text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        is_base62.then_some(Self(bytes)).ok_or(TokenIdError)
    }
}

impl fmt::Display for TokenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for TokenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for TokenId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for TokenId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

/// The status of a credential at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, strum::IntoStaticStr, strum::VariantArray)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum CredentialStatus {
    /// Valid.
    Active,
    /// `expires_at` has passed.
    Expired,
    /// Revoked, whether expired or not.
    Revoked,
}

impl CredentialStatus {
    /// All of them.
    pub const ALL: &[Self] = <Self as strum::VariantArray>::VARIANTS;

    /// The word on the command line.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// A secret token of a directory, without the secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Token {
    /// Its public part.
    pub id: TokenId,
    /// The tenant it belongs to.
    pub tenant: TenantId,
    /// The directory it gives access to.
    pub directory: DirectoryId,
    /// The operator's label.
    pub label: Option<String>,
    /// When it was issued.
    pub created_at: DateTime<Utc>,
    /// When it expires.
    pub expires_at: Option<DateTime<Utc>>,
    /// When it was revoked.
    pub revoked_at: Option<DateTime<Utc>>,
    /// When a request last used it; written at most once a minute.
    pub last_used_at: Option<DateTime<Utc>>,
    /// The network that it was last used from: an IPv4 address, or the /64 of an IPv6 address.
    pub last_used_from: Option<IpAddr>,
    /// The last four characters of its secret, to distinguish two tokens.
    pub last_four: String,
    /// The networks that it may be used from.
    pub allowed_networks: AllowedNetworks,
}

impl Token {
    /// Its status at `now`; revocation wins over expiry.
    pub fn status(&self, now: DateTime<Utc>) -> CredentialStatus {
        status(self.revoked_at, self.expires_at, now)
    }
}

/// The status of a credential at `now`; revocation wins over expiry.
pub(crate) fn status(
    revoked_at: Option<DateTime<Utc>>,
    expires_at: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> CredentialStatus {
    if revoked_at.is_some() {
        CredentialStatus::Revoked
    } else if expires_at.is_some_and(|end| end <= now) {
        CredentialStatus::Expired
    } else {
        CredentialStatus::Active
    }
}

/// The argon2id hash of a secret, as a PHC string, and its version, which changes at each replacement, so that a cached
/// verification of an older secret never matches.
#[derive(Clone, PartialEq, Eq, derive_more::Debug)]
#[debug("SecretHash(v{version})")]
pub struct SecretHash {
    /// The PHC string.
    pub phc: String,
    /// Increases by one at each replacement.
    pub version: i32,
}

/// 32 bits of a fast hash of a secret: enough to detect nearly every wrong secret without argon2, and useless when
/// stolen, because 224 bits of the secret stay unknown (ADR 0031).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SecretCheck {
    /// The first 32 bits of the hash.
    pub bits: u32,
    /// The version of the [`SecretHash`] that they belong to; they are useless for any other.
    pub version: i32,
}

/// The most networks that are stored for one credential.
pub const NETWORKS: usize = 8;

/// What is stored about the use of a credential, apart from its record (ADR 0031). It grants no access: it decides which
/// secrets are checked first when many wait.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Memory {
    /// Detects wrong secrets; `None` for a credential that was not used since this was introduced.
    pub check: Option<SecretCheck>,
    /// The networks it was last used from, newest first, at most [`NETWORKS`].
    pub networks: Vec<IpAddr>,
}

impl Memory {
    /// Adds newer values.
    pub fn merge(&mut self, newer: &Self) {
        self.check = newer.check.or(self.check);
        for network in newer.networks.iter().rev() {
            self.networks.retain(|known| known != network);
            self.networks.insert(0, *network);
        }
        self.networks.truncate(NETWORKS);
    }
}

/// When a credential was last used, and from which network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LastUse {
    /// When.
    pub at: DateTime<Utc>,
    /// The client's network.
    pub from: IpAddr,
}

/// A use of a credential that is to be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Use {
    /// The kind of credential.
    pub kind: CredentialKind,
    /// Its public part.
    pub id: TokenId,
    /// When and from where it was used, if its record stores that and has an older time.
    pub last: Option<LastUse>,
    /// The new values, if any.
    pub new_values: Memory,
}

/// A value that the store draws anew with every change of a tenant's credentials and settings (ADR 0038).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CredentialState(Uuid);

impl CredentialState {
    /// The one that is stored.
    pub const fn from_uuid(stored: Uuid) -> Self {
        Self(stored)
    }

    /// As it is stored.
    pub const fn uuid(self) -> Uuid {
        self.0
    }
}

/// What a request needs to know about its token, read in one statement (ADR 0005, ADR 0038).
#[derive(Debug, Clone)]
pub struct TokenRecord {
    /// The token.
    pub token: Token,
    /// Its hash.
    pub hash: SecretHash,
    /// The directory it gives access to, in its present state.
    pub directory: Directory,
    /// The tenant's name, to compare with `/t/{tenant}/…`.
    pub tenant_name: Slug,
    /// The tenant's Entra tenant id, for events.
    pub external_tenant_id: Option<String>,
    /// Since when the tenant is frozen.
    pub tenant_frozen_at: Option<DateTime<Utc>>,
    /// What the request's statements compare.
    pub state: CredentialState,
}

impl TokenRecord {
    /// The directory that it opens.
    pub fn opens(self) -> OpenedDirectory {
        OpenedDirectory {
            directory: self.directory,
            tenant_name: self.tenant_name,
            external_tenant_id: self.external_tenant_id,
            tenant_frozen_at: self.tenant_frozen_at,
            state: self.state,
        }
    }

    /// Whether requests with this token are served.
    pub fn serving(&self) -> Serving {
        self.directory.serving(self.tenant_frozen_at)
    }
}

/// A directory as a credential opens it, in its present state, with its tenant; read in one statement with the credential's record.
#[derive(Debug, Clone)]
pub struct OpenedDirectory {
    /// The directory.
    pub directory: Directory,
    /// The tenant's name, to compare with `/t/{tenant}/…`.
    pub tenant_name: Slug,
    /// The tenant's Entra tenant id, for events.
    pub external_tenant_id: Option<String>,
    /// Since when the tenant is frozen.
    pub tenant_frozen_at: Option<DateTime<Utc>>,
    /// What the request's statements compare.
    pub state: CredentialState,
}

impl OpenedDirectory {
    /// Whether its requests are served.
    pub fn serving(&self) -> Serving {
        self.directory.serving(self.tenant_frozen_at)
    }
}

/// An app's credential.
#[derive(Debug, Clone)]
pub struct AppCredentialRecord {
    /// The public part of the credential.
    pub id: TokenId,
    /// The app it belongs to.
    pub app: AppId,
    /// The app's name.
    pub app_name: Slug,
    /// Its hash.
    pub hash: SecretHash,
    /// When it was revoked.
    pub revoked_at: Option<DateTime<Utc>>,
    /// When it expires.
    pub expires_at: Option<DateTime<Utc>>,
}

impl AppCredentialRecord {
    /// Its status at `now`.
    pub fn status(&self, now: DateTime<Utc>) -> CredentialStatus {
        status(self.revoked_at, self.expires_at, now)
    }
}

/// The caller of a request: the result of a verified token. It can reach one directory only.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The right to open the tenant's data.
    pub scope: TenantScope,
    /// The directory of the token.
    pub directory: Directory,
    /// The tenant's name.
    pub tenant_name: Slug,
    /// The tenant's Entra tenant id, when known.
    pub external_tenant_id: Option<String>,
    /// The state of the token's record ([`TokenRecord::state`]) that it was admitted with.
    pub credential_state: CredentialState,
    /// The token's public part, for logs.
    pub token_id: TokenId,
    /// The value that apps get instead of it: the same for all of a token's events, and no use for guessing (ADR 0031).
    pub token_alias: String,
}

/// The reader of a feed: the result of a verified app credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppCaller {
    /// The app.
    pub app: AppId,
    /// Its name.
    pub app_name: Slug,
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;

    #[test]
    fn an_id_is_twelve_letters_and_digits() {
        let id: TokenId = "3pX9Kd2Qa7Lm".parse().expect("an id");
        assert_eq!(
            (id.to_string(), format!("{id:?}")),
            ("3pX9Kd2Qa7Lm".to_owned(), "3pX9Kd2Qa7Lm".to_owned())
        );
        for text in ["", "3pX9Kd2Qa7L", "3pX9Kd2Qa7Lm0", "3pX9Kd2Qa7L-", "3pX9Kd2Qa7é"] {
            assert_eq!(text.parse::<TokenId>(), Err(TokenIdError), "{text}");
        }
    }

    #[test]
    fn a_memory_keeps_the_newest_networks_and_its_check() {
        let network = |last: u8| IpAddr::from([192, 0, 2, last]);
        let check = |bits| Some(SecretCheck { bits, version: 1 });
        let mut memory = Memory::default();
        for last in 0..20 {
            memory.merge(&Memory {
                check: (last == 3).then_some(check(7)).flatten(),
                networks: vec![network(last)],
            });
        }
        let newest: Vec<IpAddr> = (12..20).rev().map(network).collect();
        assert_eq!((memory.check, &memory.networks), (check(7), &newest));
        memory.merge(&Memory {
            check: check(8),
            networks: vec![network(12), network(19)],
        });
        assert_eq!(memory.check, check(8));
        assert_eq!(memory.networks[..3], [network(12), network(19), network(18)]);
        assert_eq!(memory.networks.len(), NETWORKS);
    }

    #[test]
    fn revoked_wins_over_expired_and_the_end_itself_is_expired() {
        let now = DateTime::<Utc>::UNIX_EPOCH;
        let soon = Some(now + TimeDelta::seconds(1));
        assert_eq!(status(None, None, now), CredentialStatus::Active);
        assert_eq!(status(None, soon, now), CredentialStatus::Active);
        assert_eq!(status(None, Some(now), now), CredentialStatus::Expired);
        assert_eq!(status(Some(now), Some(now), now), CredentialStatus::Revoked);
    }
}
