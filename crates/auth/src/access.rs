//! Access tokens: JWTs of our own (RFC 9068) that open one directory for some hours (ADR 0043).
//!
//! [`AccessTokens`] signs them and verifies their signature; whether one still opens anything is decided by a record that is read at each
//! request ([`AccessRecord`]), as for a pasted token: its client, or its own row. Must not know: where keys and records are stored, HTTP.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, PoisonError, RwLock};

use chrono::{DateTime, Utc};
use data_encoding::BASE64;
use domain::client::{ClientRecord, NamedDirectory, OauthKey, OauthKeyRecord, signing};
use domain::credential::{CredentialStatus, OpenedDirectory, TokenId, TokenRecord};
use domain::environment::Environment;
use domain::id::{DirectoryId, TenantId};
use domain::tenant::Directory;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header};
use moka::sync::Cache;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::jwt::{Jwt, JwtError, Times, seconds};
use crate::refusal::{Reason, Refusal};

/// `typ` (RFC 9068 §2.1).
pub const TYPE: &str = "at+jwt";
/// Seconds that the clocks of two instances may differ by.
const LEEWAY: u64 = 60;
/// Verified tokens in memory; each takes less than 1 KiB.
const VERIFIED: u64 = 20_000;

/// What decides whether an access token still opens its directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RecordKind {
    /// Its client, `sub`.
    Client,
    /// A row of its own, `jti`, as a pasted token has one.
    Token,
}

/// The claims of an access token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessClaims {
    /// The gateway: `http.public_url`.
    pub iss: String,
    /// The Tenant URL.
    pub aud: String,
    /// The client, or the token itself.
    pub sub: TokenId,
    /// The same, by the name that RFC 9068 §2.2 demands.
    pub client_id: TokenId,
    /// Its own id, safe to log.
    pub jti: TokenId,
    /// The environment of the deployment: tokens of `test` open nothing in `production`.
    pub env: String,
    /// The tenant.
    pub tenant: TenantId,
    /// The directory.
    pub directory: DirectoryId,
    /// What decides about it.
    pub record: RecordKind,
    /// The epoch of its client; 0 without one.
    pub epoch: i32,
    /// The secret that it was made with; absent for a federated identity, and without a client.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<TokenId>,
    /// When it was made, in seconds since 1970.
    pub iat: u64,
    /// From when on it is valid.
    pub nbf: u64,
    /// When it ends.
    pub exp: u64,
}

impl AccessClaims {
    /// The id of the record that decides.
    pub const fn record_id(&self) -> TokenId {
        match self.record {
            RecordKind::Client => self.sub,
            RecordKind::Token => self.jti,
        }
    }

    const fn times(&self) -> Times {
        Times {
            made: self.iat,
            from: self.nbf,
            until: self.exp,
        }
    }
}

/// What a new access token opens, for whom and how long.
#[derive(Debug, Clone)]
pub struct NewAccess<'a> {
    /// The directory.
    pub directory: &'a Directory,
    /// The id of the token.
    pub id: TokenId,
    /// The client, with its epoch and the secret it came with; `None`: the token has a row of its own.
    pub client: Option<(TokenId, i32, Option<TokenId>)>,
    /// Its life in seconds.
    pub seconds: u64,
}

/// The record that decides about an access token, in its present state.
#[derive(Debug, Clone)]
pub enum AccessRecord {
    /// Of a client.
    Client(ClientRecord),
    /// Of the token itself.
    Token(TokenRecord),
    /// Of the directory alone: a token that Entra itself made (ADR 0044).
    Entra(NamedDirectory),
}

impl AccessRecord {
    /// Where it is, for comparison with the URL.
    pub fn opens(&self) -> OpenedDirectory {
        match self {
            Self::Client(record) => record.opens.clone(),
            Self::Token(record) => record.clone().opens(),
            Self::Entra(record) => record.opens.clone(),
        }
    }

    /// Whether the token of these claims still opens its directory at `now`, for a client at this address.
    ///
    /// # Errors
    /// The reason, for the log.
    pub fn check(&self, claims: &AccessClaims, now: DateTime<Utc>, client: IpAddr) -> Result<(), Reason> {
        let opens = match self {
            Self::Client(record) => {
                let is_made_so = match claims.secret {
                    Some(secret) => record.secrets.contains(&secret),
                    None => record.client.federation.is_some(),
                };
                if record.client.revoked_at.is_some() || record.client.epoch != claims.epoch || !is_made_so {
                    return Err(Reason::AccessEnded);
                }
                &record.opens.directory
            }
            Self::Token(record) => {
                match record.token.status(now) {
                    CredentialStatus::Active => {}
                    CredentialStatus::Expired => return Err(Reason::Expired),
                    CredentialStatus::Revoked => return Err(Reason::Revoked),
                }
                if !record.token.allowed_networks.allow(client) {
                    return Err(Reason::Network(client));
                }
                &record.directory
            }
            Self::Entra(_) => return Ok(()),
        };
        let is_own = opens.id == claims.directory && opens.tenant == claims.tenant;
        let audience = audience(&claims.iss, opens.profile.as_str());
        if is_own && claims.aud == audience {
            Ok(())
        } else {
            Err(Reason::Jwt(JwtError::Audience))
        }
    }
}

/// The audience of tokens to a directory: its Tenant URL.
fn audience(issuer: &str, profile: &str) -> String {
    format!("{issuer}/{profile}/scim")
}

/// A key of the deployment as it is used.
struct RingKey {
    key: OauthKey,
    verifies: DecodingKey,
    signs: EncodingKey,
}

/// A stored key that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the signing key {0} in the database cannot be used: `usher oauth-key rotate --now` makes another one"
)]
pub struct KeyUnusable(String);

/// No key signs yet, or it refused to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("there is no key that can sign access tokens")]
pub struct NoSigningKey;

/// Signs and verifies access tokens, with the keys that it was last given.
pub struct AccessTokens {
    issuer: String,
    environment: Environment,
    ring: RwLock<Arc<HashMap<String, RingKey>>>,
    /// What was verified by a key, by the hash of its text: the signature stays right, so only times and records are looked at again.
    verified: Cache<[u8; 32], (String, Arc<AccessClaims>)>,
}

impl AccessTokens {
    /// Without keys. `issuer` is the gateway's public address.
    pub fn new(issuer: String, environment: Environment) -> Self {
        Self {
            issuer,
            environment,
            ring: RwLock::default(),
            verified: Cache::builder().max_capacity(VERIFIED).build(),
        }
    }

    /// `iss` of its tokens.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Uses these keys from now on, and no others.
    ///
    /// # Errors
    /// [`KeyUnusable`]; then the former ones stay.
    pub fn use_keys(&self, records: &[OauthKeyRecord]) -> Result<(), KeyUnusable> {
        let mut ring = HashMap::new();
        for OauthKeyRecord { key, pkcs8 } in records {
            let unusable = || KeyUnusable(key.id.clone());
            let private = BASE64.decode(pkcs8.as_bytes()).map_err(|_| unusable())?;
            let verifies = DecodingKey::from_ec_components(&key.x, &key.y).map_err(|_| unusable())?;
            let ring_key = RingKey {
                key: key.clone(),
                verifies,
                signs: EncodingKey::from_ec_der(&private),
            };
            ring.insert(key.id.clone(), ring_key);
        }
        *self.ring.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(ring);
        Ok(())
    }

    /// The keys, oldest first.
    pub fn keys(&self) -> Vec<OauthKey> {
        let mut keys: Vec<OauthKey> = self.ring().values().map(|ring| ring.key.clone()).collect();
        keys.sort_by(|one, other| (one.signs_from, &one.id).cmp(&(other.signs_from, &other.id)));
        keys
    }

    /// Whether there are none yet.
    pub fn keys_are_missing(&self) -> bool {
        self.ring().is_empty()
    }

    fn ring(&self) -> Arc<HashMap<String, RingKey>> {
        Arc::clone(&self.ring.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Makes a token; its text is shown once.
    ///
    /// # Errors
    /// [`NoSigningKey`].
    pub fn sign(&self, new: &NewAccess<'_>, now: DateTime<Utc>) -> Result<String, NoSigningKey> {
        let (keys, ring) = (self.keys(), self.ring());
        let key = signing(&keys, now)
            .and_then(|key| ring.get(&key.id))
            .ok_or(NoSigningKey)?;
        let directory = new.directory;
        let made = seconds(now);
        let (sub, epoch, secret) = new.client.unwrap_or((new.id, 0, None));
        let claims = AccessClaims {
            iss: self.issuer.clone(),
            aud: audience(&self.issuer, directory.profile.as_str()),
            sub,
            client_id: sub,
            jti: new.id,
            env: self.environment.to_string(),
            tenant: directory.tenant,
            directory: directory.id,
            record: match new.client {
                Some(_) => RecordKind::Client,
                None => RecordKind::Token,
            },
            epoch,
            secret,
            iat: made,
            nbf: made,
            exp: made + new.seconds,
        };
        let mut header = Header::new(Algorithm::ES256);
        header.typ = Some(TYPE.to_owned());
        header.kid = Some(key.key.id.clone());
        jsonwebtoken::encode(&header, &claims, &key.signs).map_err(|_| NoSigningKey)
    }

    /// Verifies a token up to its record.
    ///
    /// # Errors
    /// [`JwtError`]; `Key` may be a key that another instance has just made.
    pub fn verify(&self, text: &str, now: DateTime<Utc>) -> Result<Arc<AccessClaims>, JwtError> {
        let digest: [u8; 32] = Sha256::digest(text).into();
        let ring = self.ring();
        if let Some((kid, claims)) = self.verified.get(&digest) {
            // A key that was taken away has signed nothing.
            ring.get(&kid).ok_or(JwtError::Key)?;
            claims.times().check(now, LEEWAY)?;
            return Ok(claims);
        }
        let jwt = Jwt::read(text)?;
        if jwt.typ != TYPE {
            return Err(JwtError::Type);
        }
        jwt.expects(Algorithm::ES256)?;
        let key = ring.get(&jwt.kid).ok_or(JwtError::Key)?;
        let claims: AccessClaims = jwt.verified(&key.verifies, Algorithm::ES256)?;
        claims.times().check(now, LEEWAY)?;
        if claims.iss != self.issuer || claims.env != self.environment.as_str() {
            return Err(JwtError::Issuer);
        }
        let claims = Arc::new(claims);
        self.verified.insert(digest, (jwt.kid, Arc::clone(&claims)));
        Ok(claims)
    }

    /// Whether this same text was verified before.
    pub fn was_verified_before(&self, text: &str) -> bool {
        let digest: [u8; 32] = Sha256::digest(text).into();
        self.verified.contains_key(&digest)
    }
}

impl From<JwtError> for Refusal {
    fn from(error: JwtError) -> Self {
        Self::Unauthorized(Reason::Jwt(error))
    }
}

#[cfg(test)]
mod tests;
