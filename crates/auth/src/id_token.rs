//! The ID token of a login (OpenID Connect Core §3.1.3.7): which person it is about.
//!
//! A person is `tid` and `oid` where Entra tenants are registered, else `iss` and `sub`; never mail or `preferred_username`, which other
//! people can choose (ADR 0052). Must not know: what the person may do, where keys come from ([`crate::jwks`]), HTTP.

use std::collections::BTreeSet;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use chrono::{DateTime, Utc};
use domain::actor::Person;
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;
use uuid::Uuid;

use crate::federation;
use crate::jwt::{Jwt, JwtError, Times};

/// The only algorithm: every provider must have it (OpenID Connect Core §15.1).
pub const ALGORITHM: Algorithm = Algorithm::RS256;
/// Seconds that the provider's clock and ours may differ by.
const LEEWAY: u64 = 300;
/// The longest `sub` (OpenID Connect Core §2).
const LONGEST_SUBJECT: usize = 255;

/// The provider that an operator registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provider {
    /// `iss`, compared exactly.
    pub issuer: String,
    /// Our client id there: the only `aud`.
    pub client_id: String,
    /// The Entra tenants (`tid`) whose people may log in. Empty for a provider that is not Entra: its `tid` is not read.
    pub entra_tenants: BTreeSet<Uuid>,
}

/// One audience or several (RFC 7519 §4.1.3).
#[derive(Deserialize)]
#[serde(untagged)]
enum Audiences {
    One(String),
    Several(Vec<String>),
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: Audiences,
    #[serde(default)]
    azp: Option<String>,
    iat: u64,
    #[serde(default)]
    nbf: Option<u64>,
    exp: u64,
    #[serde(default)]
    nonce: Option<String>,
    // Of any JSON type: they are read where Entra tenants are registered, and are another provider's own matter elsewhere.
    #[serde(default)]
    tid: serde_json::Value,
    #[serde(default)]
    oid: serde_json::Value,
}

/// Checks an ID token that answers the login with this `nonce`.
///
/// # Errors
/// The first thing that is wrong with it.
pub fn check(
    jwt: &Jwt<'_>,
    key: &DecodingKey,
    provider: &Provider,
    nonce: &str,
    now: DateTime<Utc>,
) -> Result<Person, JwtError> {
    federation::head(jwt)?;
    let claims: Claims = jwt.verified_with(key, ALGORITHM, &["exp", "iss", "aud", "sub"])?;
    let times = Times {
        made: claims.iat,
        from: claims.nbf.unwrap_or(0),
        until: claims.exp,
    };
    times.check(now, LEEWAY)?;
    if claims.iss != provider.issuer {
        return Err(JwtError::Issuer);
    }
    // Another audience beside ours is one that we do not trust (§3.1.3.7, 3).
    let is_ours = |audience: &String| *audience == provider.client_id;
    let is_for_us = match &claims.aud {
        Audiences::One(audience) => is_ours(audience),
        Audiences::Several(audiences) => !audiences.is_empty() && audiences.iter().all(is_ours),
    };
    if !is_for_us || !claims.azp.as_ref().is_none_or(is_ours) {
        return Err(JwtError::Audience);
    }
    let given = claims.nonce.as_deref().unwrap_or_default();
    if nonce.is_empty() || verify_slices_are_equal(given.as_bytes(), nonce.as_bytes()).is_err() {
        return Err(JwtError::Nonce);
    }
    if claims.sub.is_empty() || claims.sub.len() > LONGEST_SUBJECT {
        return Err(JwtError::Subject);
    }
    if provider.entra_tenants.is_empty() {
        return Ok(Person::Subject {
            issuer: claims.iss,
            subject: claims.sub,
        });
    }
    let tenant = id(&claims.tid).filter(|tenant| provider.entra_tenants.contains(tenant));
    Ok(Person::Entra {
        tenant: tenant.ok_or(JwtError::EntraTenant)?,
        object: id(&claims.oid).ok_or(JwtError::Claims)?,
    })
}

/// An id of Entra: a UUID with hyphens, which is the only form of this length.
fn id(claim: &serde_json::Value) -> Option<Uuid> {
    let text = claim.as_str().filter(|text| text.len() == 36)?;
    Uuid::try_parse(text).ok()
}

#[cfg(test)]
mod tests;
