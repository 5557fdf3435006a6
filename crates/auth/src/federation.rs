//! Tokens that Entra signs: the assertion that a client with a federated identity proves itself by (RFC 7523 §2.2, ADR 0043), and the token
//! that Entra sends to a directory itself while "Secret Token" is blank (ADR 0044).
//!
//! Each value is compared exactly with one that an operator registered. A signature and an audience alone would let in every Entra tenant in
//! the world (`docs/background/entra.md`). Must not know: where keys come from ([`crate::jwks`]), HTTP.

use chrono::{DateTime, Utc};
use domain::client::{EntraTokens, Federation};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;

use crate::jwt::{Jwt, JwtError, Times, seconds};

/// What Entra signs with.
pub const ALGORITHM: Algorithm = Algorithm::RS256;
/// Seconds that Entra's clock and ours may differ by.
const LEEWAY: u64 = 300;
/// The oldest assertion, in seconds: Entra's live for an hour and some minutes.
const OLDEST: u64 = 70 * 60;
/// `aud` of the tokens that Entra makes for all custom applications of all customers: of the public cloud, of that of the US government, and
/// of China's.
pub const ENTRA_AUDIENCES: [&str; 3] = [
    "8adf8e6e-67b2-4cf2-a259-e3dc5476c621",
    "4602d0b4-76bb-404b-bca9-2652e1a39c6d",
    "5a532e38-1581-4918-9658-008dc27c1d68",
];

/// The claims that count, with their types.
#[derive(Debug, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: String,
    tid: String,
    iat: u64,
    nbf: u64,
    exp: u64,
}

fn claims(jwt: &Jwt<'_>, key: &DecodingKey, now: DateTime<Utc>) -> Result<Claims, JwtError> {
    head(jwt)?;
    let claims: Claims = jwt.verified(key, ALGORITHM)?;
    let times = Times {
        made: claims.iat,
        from: claims.nbf,
        until: claims.exp,
    };
    times.check(now, LEEWAY)?;
    Ok(claims)
}

/// Refuses by the head alone what no key can make right, so that nothing is fetched for it.
///
/// # Errors
/// `Type`, `Algorithm`.
pub fn head(jwt: &Jwt<'_>) -> Result<(), JwtError> {
    if !["", "jwt"].contains(&jwt.typ.as_str()) {
        return Err(JwtError::Type);
    }
    jwt.expects(ALGORITHM)
}

/// Checks an assertion.
///
/// # Errors
/// The first thing that is wrong with it.
pub fn check_assertion(
    jwt: &Jwt<'_>,
    key: &DecodingKey,
    federation: &Federation,
    now: DateTime<Utc>,
) -> Result<(), JwtError> {
    let claims = claims(jwt, key, now)?;
    if claims.iss != federation.issuer {
        Err(JwtError::Issuer)
    } else if !federation.audiences.contains(&claims.aud) {
        Err(JwtError::Audience)
    } else if claims.tid != federation.entra_tenant {
        Err(JwtError::EntraTenant)
    } else if claims.sub != federation.subject {
        Err(JwtError::Subject)
    } else if claims.iat.saturating_add(OLDEST) < seconds(now) {
        Err(JwtError::TooOld)
    } else {
        Ok(())
    }
}

/// Checks a token that Entra made for a directory.
///
/// # Errors
/// The first thing that is wrong with it.
pub fn check_entra_token(
    jwt: &Jwt<'_>,
    key: &DecodingKey,
    accepted: &EntraTokens,
    now: DateTime<Utc>,
) -> Result<(), JwtError> {
    let claims = claims(jwt, key, now)?;
    if claims.iss != format!("https://sts.windows.net/{}/", accepted.entra_tenant) {
        Err(JwtError::Issuer)
    } else if !ENTRA_AUDIENCES.contains(&claims.aud.as_str()) {
        Err(JwtError::Audience)
    } else if claims.tid != accepted.entra_tenant {
        Err(JwtError::EntraTenant)
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
