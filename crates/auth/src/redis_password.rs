//! The hash of an app's credential for Redis, whose users have SHA-256 hashes for passwords (ADR 0034). The secret has 256
//! random bits, so it cannot be found from its hash; Usher itself checks the credential by argon2id like any other.

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use crate::token::Issued;

/// The SHA-256 of the whole text of a credential, in lower-case hex.
pub fn sha256(credential: &Issued) -> String {
    HEXLOWER.encode(&Sha256::digest(credential.reveal()))
}
