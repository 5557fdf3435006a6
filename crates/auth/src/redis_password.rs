//! What the database keeps of an app's credential for Redis, whose users have SHA-256 hashes for passwords (ADR 0034).
//! The secret has 256 random bits, so it cannot be found from its hash; the credential itself is checked by argon2id
//! as every other.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use crate::token::Issued;

/// The SHA-256 of the whole text of a credential, in lower-case hex.
pub fn sha256(credential: &Issued) -> String {
    let mut hex = String::with_capacity(64);
    for byte in Sha256::digest(credential.reveal().as_bytes()) {
        // A string takes every byte.
        let _ = write!(hex, "{byte:02x}");
    }
    hex
}
