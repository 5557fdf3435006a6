//! The value that apps get instead of a token's id.
//!
//! Ids are no secret, but a client that knows one can guess its secret, and an app does not need it. The alias is an HMAC of
//! the id under a key of the deployment that every instance reads from the database. So all events of one token have the
//! same alias, and an operator can find the token (`usher token list`). Must not know: where the key is stored.

use data_encoding::HEXLOWER;
use domain::credential::TokenId;
use hmac::{Hmac, Mac as _};
use sha2::{Digest as _, Sha256};

use crate::keyed::hmac;

/// Makes aliases; one key gives one alias for an id.
#[derive(Clone, derive_more::Debug)]
#[debug("Aliases")]
pub struct Aliases(Hmac<Sha256>);

impl Aliases {
    /// The name of the deployment's key in the database.
    pub const KEY: &str = "token-alias";

    /// Aliases under the deployment's key.
    pub fn new(key: &str) -> Self {
        Self(hmac(&Sha256::digest(key).into()))
    }

    /// `tka_` and 32 hexadecimal digits.
    pub fn of(&self, token_id: TokenId) -> String {
        let mut mac = self.0.clone();
        mac.update(b"usher.token-alias.v1\0");
        mac.update(token_id.as_str().as_bytes());
        let digest = HEXLOWER.encode(&mac.finalize().into_bytes());
        format!("tka_{digest:.32}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alias_is_the_same_under_one_key_and_tells_tokens_apart() {
        let (one, other) = (Aliases::new("one"), Aliases::new("other"));
        let id = |text: &str| text.parse().expect("an id");
        let alias = one.of(id("3pX9Kd2Qa7Lm"));
        assert_eq!(alias, Aliases::new("one").of(id("3pX9Kd2Qa7Lm")));
        assert_ne!(alias, one.of(id("3pX9Kd2Qa7Ln")));
        assert_ne!(alias, other.of(id("3pX9Kd2Qa7Lm")));
        assert_eq!(alias.len(), 36);
        assert!(
            alias.starts_with("tka_") && !alias.contains("3pX9Kd2Qa7Lm"),
            "{alias}"
        );
    }
}
