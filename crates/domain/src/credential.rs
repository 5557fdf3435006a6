//! Credentials as records: what the database knows of a secret, and who a verified one turns out to be.

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::id::{AppId, DirectoryId, TenantId};
use crate::scope::TenantScope;
use crate::tenant::{Directory, Slug};

/// What a token is good for, decided from its record and the time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Standing {
    /// May be used.
    Active,
    /// Its end has passed.
    Expired,
    /// Somebody took it back.
    Revoked,
}

/// A secret token of a directory, without the secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Token {
    /// The public part, 12 base62 characters; the key of the record (`reference` for logs and people).
    pub id: String,
    /// The tenant it belongs to.
    pub tenant: TenantId,
    /// The one directory it opens.
    pub directory: DirectoryId,
    /// What an operator wrote about it.
    pub label: Option<String>,
    /// When it was issued.
    pub created_at: DateTime<Utc>,
    /// When it ends by itself.
    pub expires_at: Option<DateTime<Utc>>,
    /// When it was taken back.
    pub revoked_at: Option<DateTime<Utc>>,
    /// When it last opened a request; written at most once a minute.
    pub last_used_at: Option<DateTime<Utc>>,
    /// The last four characters of its secret, to tell two apart.
    pub last_four: String,
}

impl Token {
    /// Whether it may be used at `now`; revocation wins over expiry.
    pub fn standing(&self, now: DateTime<Utc>) -> Standing {
        standing(self.revoked_at, self.expires_at, now)
    }
}

fn standing(
    revoked_at: Option<DateTime<Utc>>,
    expires_at: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Standing {
    if revoked_at.is_some() {
        Standing::Revoked
    } else if expires_at.is_some_and(|end| end <= now) {
        Standing::Expired
    } else {
        Standing::Active
    }
}

/// The argon2id hash of a secret, as a PHC string, and its version (steps at each replacement, so that a cached
/// verdict about an older secret can never match).
#[derive(Clone, PartialEq, Eq)]
pub struct SecretHash {
    /// The PHC string.
    pub phc: String,
    /// Steps by one at each replacement.
    pub version: i32,
}

impl std::fmt::Debug for SecretHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SecretHash(v{})", self.version)
    }
}

/// Everything a request needs to know about the token it brought, read in one go at every request (DESIGN §4).
#[derive(Debug, Clone)]
pub struct TokenRecord {
    /// The token.
    pub token: Token,
    /// Its hash.
    pub hash: SecretHash,
    /// The directory it opens, as it stands now.
    pub directory: Directory,
    /// The tenant's name, to compare with `/t/{tenant}/…`.
    pub tenant_name: Slug,
    /// The tenant's Entra tenant id, for events.
    pub external_tenant_id: Option<String>,
}

/// An app's credential.
#[derive(Debug, Clone)]
pub struct AppCredentialRecord {
    /// The public part of the credential.
    pub id: String,
    /// The app it speaks for.
    pub app: AppId,
    /// The app's name.
    pub app_name: Slug,
    /// Its hash.
    pub hash: SecretHash,
    /// When it was taken back.
    pub revoked_at: Option<DateTime<Utc>>,
    /// When it ends by itself.
    pub expires_at: Option<DateTime<Utc>>,
}

impl AppCredentialRecord {
    /// Whether it may be used at `now`.
    pub fn standing(&self, now: DateTime<Utc>) -> Standing {
        standing(self.revoked_at, self.expires_at, now)
    }
}

/// Who is calling: the outcome of a verified token. It can reach one directory and nothing else.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The key to the tenant's data.
    pub scope: TenantScope,
    /// The directory the token opens.
    pub directory: Directory,
    /// The tenant's name.
    pub tenant_name: Slug,
    /// The tenant's Entra tenant id, when known.
    pub external_tenant_id: Option<String>,
    /// The token's public part, for logs.
    pub token_id: String,
}

/// Who is reading a feed: the outcome of a verified app credential.
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
    fn revoked_wins_over_expired_and_the_end_itself_is_expired() {
        let now = DateTime::<Utc>::UNIX_EPOCH;
        let soon = Some(now + TimeDelta::seconds(1));
        assert_eq!(standing(None, None, now), Standing::Active);
        assert_eq!(standing(None, soon, now), Standing::Active);
        assert_eq!(standing(None, Some(now), now), Standing::Expired);
        assert_eq!(standing(Some(now), Some(now), now), Standing::Revoked);
    }
}
