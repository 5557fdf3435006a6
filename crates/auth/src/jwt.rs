//! JSON Web Tokens (RFC 7519), read strictly: one algorithm, a known type, no `crit`, each claim of exactly its JSON type.
//!
//! A claim of another type is a fault of the token, never an absent claim; so is a name that stands twice. What a header says of keys (`jku`,
//! `x5u`, `jwk`) is never followed: only `kid` is read. Must not know: whose token it is, what its claims open ([`crate::access`],
//! [`crate::federation`]).

use chrono::{DateTime, Utc};
use data_encoding::BASE64URL_NOPAD;
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer, IgnoredAny};

/// The longest text: Entra's tokens have some 2 KiB.
pub const LONGEST: usize = 8 * 1024;

/// Why a JWT is not accepted; for logs. Holds nothing of the token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case", prefix = "jwt_")]
pub enum JwtError {
    /// No JWT: not three parts, no base64url, no JSON object, or a name twice in its header.
    #[error("the token is no JWT that can be read: copy it again, or ask for a new one")]
    Malformed,
    /// Another `alg` than the one that is expected here, `none` among them.
    #[error("the token is not signed by the algorithm that is expected here")]
    Algorithm,
    /// Another `typ`: a token that was made for another purpose.
    #[error("the token has another type (typ) than is expected here")]
    Type,
    /// A `crit` header: it demands what this gateway does not know.
    #[error("the token demands an extension (crit) that this gateway does not know")]
    Critical,
    /// No `kid`, or one that the issuer does not publish.
    #[error("the token is signed by a key (kid) that its issuer does not publish")]
    Key,
    /// The issuer's keys could not be read, now or before.
    #[error(
        "the keys of the token's issuer could not be read: look at its address and at the gateway's way out"
    )]
    KeysUnreadable,
    /// The signature is not that of the key.
    #[error("the signature does not fit the token: it was changed, or made by somebody else")]
    Signature,
    /// A claim that is missing, has the wrong JSON type, or stands twice.
    #[error("a claim of the token is missing, has the wrong JSON type, or stands twice")]
    Claims,
    /// `exp` has passed.
    #[error("the token has expired (exp)")]
    Expired,
    /// `nbf` or `iat` lies in the future.
    #[error("the token is not valid yet (nbf, iat): is the clock of one of the two machines wrong?")]
    NotYet,
    /// It was made too long ago for what it is used for.
    #[error("the assertion was made too long ago (iat): it must be sent within 70 minutes")]
    TooOld,
    /// Another `iss`.
    #[error("the token has another issuer (iss) than is expected here")]
    Issuer,
    /// Another `aud`.
    #[error("the token is for another audience (aud) than is expected here")]
    Audience,
    /// Another `sub`.
    #[error("the token is about another subject (sub) than is expected here")]
    Subject,
    /// Another `tid`.
    #[error("the token is of another Entra tenant (tid) than is expected here")]
    EntraTenant,
    /// Another `nonce`, or none: the ID token answers another login.
    #[error("the ID token answers another login (nonce): log in again")]
    Nonce,
}

/// The head of a JWT, of which nothing was verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Jwt<'t> {
    text: &'t str,
    /// `typ` in lower-case letters, without `application/`.
    pub typ: String,
    /// The name of the key.
    pub kid: String,
    algorithm: String,
}

/// Fields that count; serde refuses one that stands twice.
#[derive(Deserialize)]
struct Head {
    alg: String,
    #[serde(default)]
    typ: Option<String>,
    #[serde(default)]
    kid: Option<String>,
    #[serde(default, deserialize_with = "present")]
    crit: bool,
}

/// Whatever its value is, null too.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    IgnoredAny::deserialize(deserializer).map(|_| true)
}

/// Whether a text looks like a JWT, for choosing how it is read.
pub fn is_likely(text: &str) -> bool {
    text.starts_with("eyJ")
}

impl<'t> Jwt<'t> {
    /// Reads the head.
    ///
    /// # Errors
    /// `Malformed`, `Critical`, `Key` without a `kid`.
    pub fn read(text: &'t str) -> Result<Self, JwtError> {
        let mut parts = text.split('.');
        let (head, parts) = (parts.next().unwrap_or_default(), parts.count());
        if text.len() > LONGEST || parts != 2 {
            return Err(JwtError::Malformed);
        }
        let head = BASE64URL_NOPAD
            .decode(head.as_bytes())
            .map_err(|_| JwtError::Malformed)?;
        let head: Head = serde_json::from_slice(&head).map_err(|_| JwtError::Malformed)?;
        if head.crit {
            return Err(JwtError::Critical);
        }
        let typ = head.typ.unwrap_or_default().to_ascii_lowercase();
        Ok(Self {
            text,
            typ: typ.strip_prefix("application/").unwrap_or(&typ).to_owned(),
            kid: head.kid.filter(|kid| !kid.is_empty()).ok_or(JwtError::Key)?,
            algorithm: head.alg,
        })
    }

    /// Refuses every algorithm but one. Before a key is looked for, so that no text chooses how a key is used.
    ///
    /// # Errors
    /// `Algorithm`.
    pub fn expects(&self, algorithm: Algorithm) -> Result<(), JwtError> {
        let wanted = match algorithm {
            Algorithm::ES256 => "ES256",
            Algorithm::RS256 => "RS256",
            _ => return Err(JwtError::Algorithm),
        };
        (self.algorithm == wanted)
            .then_some(())
            .ok_or(JwtError::Algorithm)
    }

    /// Its claims, after its signature was verified. `C` names the claims with their types; times and meanings are the caller's to
    /// check.
    ///
    /// # Errors
    /// `Algorithm`, `Signature`, `Claims`, `Malformed`.
    pub fn verified<C: DeserializeOwned>(
        &self,
        key: &DecodingKey,
        algorithm: Algorithm,
    ) -> Result<C, JwtError> {
        self.verified_with(key, algorithm, &["exp", "nbf", "iss", "aud", "sub"])
    }

    /// The same with other registered claims that must be there: an ID token need not have `nbf` (OpenID Connect Core §2).
    ///
    /// # Errors
    /// Those of [`Self::verified`].
    pub fn verified_with<C: DeserializeOwned>(
        &self,
        key: &DecodingKey,
        algorithm: Algorithm,
        required: &[&str],
    ) -> Result<C, JwtError> {
        self.expects(algorithm)?;
        let mut rules = Validation::new(algorithm);
        rules.set_required_spec_claims(required);
        // By our own clock, and with exact comparisons.
        (rules.validate_exp, rules.validate_nbf, rules.validate_aud) = (false, false, false);
        let verified = jsonwebtoken::decode::<C>(self.text, key, &rules);
        verified
            .map(|token| token.claims)
            .map_err(|error| match error.kind() {
                ErrorKind::InvalidAlgorithm => JwtError::Algorithm,
                ErrorKind::Json(_)
                | ErrorKind::MissingRequiredClaim(_)
                | ErrorKind::InvalidClaimFormat(_) => JwtError::Claims,
                ErrorKind::Base64(_) | ErrorKind::Utf8(_) | ErrorKind::InvalidToken => JwtError::Malformed,
                _ => JwtError::Signature,
            })
    }
}

/// The times of a JWT, in whole seconds since 1970; neither a text nor a fraction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Times {
    /// `iat`
    pub made: u64,
    /// `nbf`
    pub from: u64,
    /// `exp`
    pub until: u64,
}

impl Times {
    /// Whether the token is valid at `now`, give or take `leeway` seconds for the clocks of two machines.
    ///
    /// # Errors
    /// `Expired`, `NotYet`.
    pub fn check(self, now: DateTime<Utc>, leeway: u64) -> Result<(), JwtError> {
        let now = seconds(now);
        if self.until.saturating_add(leeway) <= now {
            Err(JwtError::Expired)
        } else if self.from.max(self.made) > now.saturating_add(leeway) {
            Err(JwtError::NotYet)
        } else {
            Ok(())
        }
    }
}

/// Seconds since 1970, 0 before.
pub fn seconds(time: DateTime<Utc>) -> u64 {
    time.timestamp().try_into().unwrap_or(0)
}

#[cfg(test)]
pub(crate) mod tests;
