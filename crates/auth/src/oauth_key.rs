//! The keys that sign access tokens: P-256 for ES256 (RFC 7518 §3.4), made here, kept by others.
//!
//! Must not know: where keys are stored, and when one begins to sign ([`domain::client::signing`]).

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use chrono::{DateTime, Utc};
use data_encoding::{BASE64, BASE64URL_NOPAD, HEXLOWER};
use domain::client::{OauthKey, OauthKeyRecord};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::random::NoRandomness;

/// The letters of a key's name.
const NAME: usize = 16;

/// Makes a key that signs from `signs_from` on.
///
/// # Errors
/// [`NoRandomness`] when the system gives none.
pub fn generate(
    created_at: DateTime<Utc>,
    signs_from: DateTime<Utc>,
) -> Result<OauthKeyRecord, NoRandomness> {
    let random = SystemRandom::new();
    let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random);
    let document = document.map_err(|_| NoRandomness)?;
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, document.as_ref());
    let pair = pair.map_err(|_| NoRandomness)?;
    // 0x04, then the two coordinates (SEC 1, section 2.3.3).
    let point = pair.public_key().as_ref();
    let (x, y) = point
        .get(1..)
        .and_then(|both| both.split_at_checked(32))
        .ok_or(NoRandomness)?;
    let mut id = HEXLOWER.encode(&Sha256::digest(point));
    id.truncate(NAME);
    Ok(OauthKeyRecord {
        key: OauthKey {
            id,
            x: BASE64URL_NOPAD.encode(x),
            y: BASE64URL_NOPAD.encode(y),
            created_at,
            signs_from,
        },
        pkcs8: BASE64.encode(document.as_ref()),
    })
}

/// The public keys as a JWK set (RFC 7517 §5).
pub fn jwk_set<'k>(keys: impl IntoIterator<Item = &'k OauthKey>) -> Value {
    let key = |key: &OauthKey| json!({"kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": key.id, "x": key.x, "y": key.y});
    let keys: Vec<Value> = keys.into_iter().map(key).collect();
    json!({ "keys": keys })
}
