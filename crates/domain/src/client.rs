//! OAuth clients as records: what asks for access tokens to one directory (ADR 0043).
//!
//! Must not know: how secrets and assertions are compared, HTTP, databases.

use chrono::{DateTime, TimeDelta, Utc};

use crate::credential::{CredentialStatus, OpenedDirectory, SecretHash, TokenId, status};
use crate::id::{DirectoryId, TenantId};

/// The most secrets of one client that are usable at a time: the present one, the next one, and one that was forgotten.
pub const MOST_SECRETS: usize = 3;

/// The shortest and the longest life of an access token of a client; Entra's gallery demands this range.
pub const ACCESS_TOKEN_LIFE: std::ops::RangeInclusive<i32> = 3_600..=21_600;
/// The longest life of a token that `POST /provisioning/token` makes, in seconds: 10 hours.
pub const PROVISIONING_TOKEN_SECONDS: u32 = 36_000;

/// An identity of somebody else's that a client proves itself by, instead of a secret (RFC 7523 §2.2). Each value is compared exactly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Federation {
    /// `iss` of the assertion.
    pub issuer: String,
    /// `aud` of the assertion is one of these: what Entra sends has changed before.
    pub audiences: Vec<String>,
    /// `sub` of the assertion.
    pub subject: String,
    /// `tid` of the assertion: the Entra tenant.
    pub entra_tenant: String,
    /// Where the issuer's keys are read.
    pub keys_url: String,
}

/// A client, without its secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client {
    /// Its public id.
    pub id: TokenId,
    /// The tenant it belongs to.
    pub tenant: TenantId,
    /// The directory that it gets access tokens for.
    pub directory: DirectoryId,
    /// The operator's label.
    pub label: Option<String>,
    /// Access tokens hold the one of their making; those of another one are refused.
    pub epoch: i32,
    /// What it proves itself by; `None`: by secrets.
    pub federation: Option<Federation>,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it was revoked.
    pub revoked_at: Option<DateTime<Utc>>,
}

/// A secret of a client, without the secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientSecret {
    /// Its public part.
    pub id: TokenId,
    /// The tenant of its client.
    pub tenant: TenantId,
    /// Its client.
    pub client: TokenId,
    /// The last four characters, to distinguish two secrets.
    pub last_four: String,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it expires.
    pub expires_at: DateTime<Utc>,
    /// When it was revoked.
    pub revoked_at: Option<DateTime<Utc>>,
    /// When an access token was last asked for with it; written at most once a minute.
    pub last_used_at: Option<DateTime<Utc>>,
}

impl ClientSecret {
    /// Its status at `now`; revocation wins over expiry.
    pub fn status(&self, now: DateTime<Utc>) -> CredentialStatus {
        status(self.revoked_at, Some(self.expires_at), now)
    }
}

/// Whether a client with these secrets has as many usable ones as it may ([`MOST_SECRETS`]).
pub fn is_full(secrets: &[ClientSecret], now: DateTime<Utc>) -> bool {
    let usable = secrets
        .iter()
        .filter(|secret| secret.status(now) == CredentialStatus::Active);
    usable.count() >= MOST_SECRETS
}

/// What a request for an access token needs to know about its secret.
#[derive(Debug, Clone)]
pub struct ClientSecretRecord {
    /// The secret.
    pub secret: ClientSecret,
    /// Its hash.
    pub hash: SecretHash,
}

/// What a request needs to know about its client, read in one statement.
#[derive(Debug, Clone)]
pub struct ClientRecord {
    /// The client.
    pub client: Client,
    /// Its secrets that were not revoked; one that has expired made tokens that outlive it for a while.
    pub secrets: Vec<TokenId>,
    /// How long access tokens to its directory last, in seconds.
    pub access_token_seconds: i32,
    /// Its directory.
    pub opens: OpenedDirectory,
}

/// What a directory accepts beside its tokens, and for how long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DirectoryOauth {
    /// How long access tokens to it last, in seconds.
    pub access_token_seconds: i32,
    /// The Entra tenant whose own tokens it accepts (ADR 0044).
    pub entra: Option<EntraTokens>,
}

/// The tokens that Entra makes itself while "Secret Token" is blank (ADR 0044).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntraTokens {
    /// `tid`: the Entra tenant.
    pub entra_tenant: String,
    /// Where the keys of that tenant are read.
    pub keys_url: String,
    /// Whether they are accepted in a deployment for production, too.
    pub in_production: bool,
}

impl Default for DirectoryOauth {
    fn default() -> Self {
        Self {
            access_token_seconds: *ACCESS_TOKEN_LIFE.start(),
            entra: None,
        }
    }
}

/// A directory that was found by the names in its Tenant URL, with what it accepts.
#[derive(Debug, Clone)]
pub struct NamedDirectory {
    /// What it accepts beside its tokens.
    pub oauth: DirectoryOauth,
    /// The directory.
    pub opens: OpenedDirectory,
}

/// A key that signs access tokens, without its private part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OauthKey {
    /// Its name, `kid` in tokens.
    pub id: String,
    /// The public point (RFC 7518 §6.2.1), base64url.
    pub x: String,
    /// The public point, base64url.
    pub y: String,
    /// When it was made; from then on it is published.
    pub created_at: DateTime<Utc>,
    /// When it begins to sign.
    pub signs_from: DateTime<Utc>,
}

/// A key with its private part: PKCS#8 in base64.
#[derive(Clone, derive_more::Debug)]
#[debug("OauthKeyRecord({})", key.id)]
pub struct OauthKeyRecord {
    /// The key.
    pub key: OauthKey,
    /// The private part.
    pub pkcs8: String,
}

/// How long a key signs before the next one takes over by itself.
const ROTATED_AFTER: TimeDelta = TimeDelta::days(90);
/// How long a key is published before it signs: twice as long as `/oauth/jwks` lets it be kept.
pub const PUBLISHED_BEFORE: TimeDelta = TimeDelta::minutes(10);
/// How long a key stays after the next one has begun to sign: the longest life of what it signed, and some for clocks.
const KEPT_AFTER: TimeDelta = TimeDelta::minutes(10 * 60 + 10);

/// The key that signs at `now`: the one that has begun last. Every instance chooses the same.
pub fn signing(keys: &[OauthKey], now: DateTime<Utc>) -> Option<&OauthKey> {
    let begun = keys.iter().filter(|key| key.signs_from <= now);
    begun.max_by_key(|key| (key.signs_from, key.id.as_str()))
}

/// Whether the next key is to be made: there is none, or the newest has signed for 90 days.
pub fn is_rotation_due(keys: &[OauthKey], now: DateTime<Utc>) -> bool {
    let newest = keys.iter().map(|key| key.signs_from).max();
    newest.is_none_or(|newest| newest + ROTATED_AFTER <= now)
}

/// The keys whose last token has ended.
pub fn ended(keys: &[OauthKey], now: DateTime<Utc>) -> Vec<&OauthKey> {
    let Some(signing) = signing(keys, now) else {
        return Vec::new();
    };
    if signing.signs_from + KEPT_AFTER > now {
        // Which of the others signed until then does not matter.
        return Vec::new();
    }
    let before = |key: &&OauthKey| key.signs_from <= signing.signs_from && key.id != signing.id;
    keys.iter().filter(before).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::days(20_000) + TimeDelta::minutes(minutes)
    }

    fn key(id: &str, signs_from: i64) -> OauthKey {
        OauthKey {
            id: id.to_owned(),
            x: String::new(),
            y: String::new(),
            created_at: at(signs_from) - PUBLISHED_BEFORE,
            signs_from: at(signs_from),
        }
    }

    #[test]
    fn the_key_that_began_last_signs_and_a_new_one_waits_until_it_is_known() {
        let keys = [key("b", 0), key("a", 0), key("c", 100)];
        let name = |now| signing(&keys, at(now)).map(|key| key.id.as_str());
        assert_eq!(
            [name(-1), name(0), name(99), name(100)],
            [None, Some("b"), Some("b"), Some("c")]
        );
    }

    #[test]
    fn a_key_stays_until_the_last_token_of_it_has_ended() {
        let keys = [key("a", 0), key("b", 100), key("c", 2_000)];
        let gone = |now| {
            ended(&keys, at(now))
                .iter()
                .map(|key| key.id.as_str())
                .collect::<Vec<_>>()
        };
        assert_eq!(gone(99), [] as [&str; 0]);
        assert_eq!(
            gone(100 + 600),
            [] as [&str; 0],
            "a token of 10 hours, made at the last moment, ends now"
        );
        assert_eq!(gone(100 + 610), ["a"]);
        assert_eq!(gone(2_000), [] as [&str; 0]);
        assert_eq!(gone(2_610), ["a", "b"]);
        assert_eq!(ended(&[], at(0)), [] as [&OauthKey; 0]);
    }

    #[test]
    fn the_next_key_is_made_after_90_days() {
        assert!(is_rotation_due(&[], at(0)));
        let days = |days: i64| days * 24 * 60;
        let keys = [key("a", 0), key("b", days(10))];
        assert!(!is_rotation_due(&keys, at(days(100) - 1)));
        assert!(is_rotation_due(&keys, at(days(100))));
    }
}
