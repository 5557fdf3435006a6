//! API keys as records: what automation calls the admin API with (ADR 0045).
//!
//! Must not know: how secrets are compared, HTTP, databases.

use chrono::{DateTime, Utc};

use crate::credential::{CredentialStatus, SecretHash, TokenId, status};
use crate::network::AllowedNetworks;
use crate::role::Grant;

/// An API key, without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// Its public part.
    pub id: TokenId,
    /// The operator's label.
    pub label: Option<String>,
    /// What it may do, and where.
    pub grant: Grant,
    /// The name of the tenant or app that it is limited to, while there is one.
    pub scope_name: Option<String>,
    /// The networks it may be used from.
    pub networks: AllowedNetworks,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it expires.
    pub expires_at: DateTime<Utc>,
    /// When it was revoked.
    pub revoked_at: Option<DateTime<Utc>>,
    /// When a request last used it; written at most once a minute.
    pub last_used_at: Option<DateTime<Utc>>,
    /// The last four characters of its secret, to distinguish two keys.
    pub last_four: String,
}

impl ApiKey {
    /// Its status at `now`; revocation wins over expiry.
    pub fn status(&self, now: DateTime<Utc>) -> CredentialStatus {
        status(self.revoked_at, Some(self.expires_at), now)
    }
}

/// What a request needs to know about its API key.
#[derive(Debug, Clone)]
pub struct ApiKeyRecord {
    /// The key.
    pub key: ApiKey,
    /// Its hash.
    pub hash: SecretHash,
}
