//! HMAC-SHA-256 under a key of 32 bytes (RFC 2104).

use hmac::{Hmac, KeyInit as _};
use sha2::Sha256;

/// An HMAC that has taken its key. A block of SHA-256 is 64 bytes; a shorter key is filled up with zeros (RFC 2104 §2), which is done here
/// because a whole block cannot be of a wrong length.
pub(crate) fn hmac(key: &[u8; 32]) -> Hmac<Sha256> {
    let mut block = [0; 64];
    block[..32].copy_from_slice(key);
    Hmac::new(&block.into())
}
