//! Ed25519 keys that sign checkpoints of the audit log (ADR 0042), in the files that OpenSSL reads and writes too: PKCS#8 for the
//! private key, SubjectPublicKeyInfo for the public one, both as PEM.

use std::fmt;

use aws_lc_rs::signature::{
    ED25519, ED25519_PUBLIC_KEY_LEN, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey,
};
use data_encoding::{BASE64, HEXLOWER};
use sha2::{Digest as _, Sha256};

/// What stands before the 32 bytes of a public key (RFC 8410, section 4).
const PUBLIC_PREFIX: [u8; 12] = [
    0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
];
/// What stands before the 32 bytes of a private key (RFC 8410, section 7).
const PRIVATE_PREFIX: [u8; 16] = [
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
];
/// The letters of a key's name.
const NAME: usize = 16;

/// A file that holds no such key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it holds no Ed25519 {0} key in PEM: `usher audit keygen FILE` makes the pair, as FILE and FILE.pub")]
pub struct KeyError(&'static str);

/// The key that signs. Its text is secret.
pub struct SigningKey(Ed25519KeyPair);

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SigningKey").field(&self.public().name()).finish()
    }
}

/// The key that checks signatures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey([u8; ED25519_PUBLIC_KEY_LEN]);

/// A new key as PEM, made of 32 random bytes ([`crate::random::system`]).
pub fn private_pem(seed: &[u8; 32]) -> String {
    pem("PRIVATE KEY", &[PRIVATE_PREFIX.as_slice(), seed].concat())
}

impl SigningKey {
    /// Reads a private key.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn from_pem(text: &str) -> Result<Self, KeyError> {
        let wrong = KeyError("private");
        let der = unpacked(text, "PRIVATE KEY").ok_or(wrong)?;
        let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(&der);
        pair.map(Self).map_err(|_| wrong)
    }

    /// The other half.
    pub fn public(&self) -> PublicKey {
        let mut bytes = [0; ED25519_PUBLIC_KEY_LEN];
        bytes.copy_from_slice(self.0.public_key().as_ref());
        PublicKey(bytes)
    }

    /// The signature of a text, in base64.
    pub fn sign(&self, text: &str) -> String {
        BASE64.encode(self.0.sign(text.as_bytes()).as_ref())
    }
}

impl PublicKey {
    /// Reads a public key.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn from_pem(text: &str) -> Result<Self, KeyError> {
        let der = unpacked(text, "PUBLIC KEY");
        let bytes = der.as_deref().and_then(|der| der.strip_prefix(&PUBLIC_PREFIX));
        let bytes = bytes.and_then(|bytes| bytes.try_into().ok());
        bytes.map(Self).ok_or(KeyError("public"))
    }

    /// As PEM.
    pub fn pem(&self) -> String {
        pem("PUBLIC KEY", &[PUBLIC_PREFIX.as_slice(), &self.0].concat())
    }

    /// What tells keys apart: the beginning of its hash.
    pub fn name(&self) -> String {
        let mut name = HEXLOWER.encode(&Sha256::digest(self.0));
        name.truncate(NAME);
        name
    }

    /// Whether a signature in base64 is that of this text by this key.
    pub fn has_signed(&self, text: &str, signature: &str) -> bool {
        let Ok(signature) = BASE64.decode(signature.as_bytes()) else {
            return false;
        };
        let key = UnparsedPublicKey::new(&ED25519, self.0);
        key.verify(text.as_bytes(), &signature).is_ok()
    }
}

fn pem(label: &str, der: &[u8]) -> String {
    format!(
        "-----BEGIN {label}-----\n{}\n-----END {label}-----\n",
        BASE64.encode(der)
    )
}

fn unpacked(text: &str, label: &str) -> Option<Vec<u8>> {
    let inside = text.split_once(&format!("-----BEGIN {label}-----"))?.1;
    let inside = inside.split_once(&format!("-----END {label}-----"))?.0;
    let letters: String = inside.split_whitespace().collect();
    BASE64.decode(letters.as_bytes()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first test of RFC 8032, section 7.1: this seed has this public key.
    const SEED: &str = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";
    const PUBLIC: &str = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";

    fn seed() -> [u8; 32] {
        HEXLOWER.decode(SEED.as_bytes()).unwrap().try_into().unwrap()
    }

    #[test]
    fn a_key_signs_what_its_other_half_checks() {
        let key = SigningKey::from_pem(&private_pem(&seed())).unwrap();
        assert_eq!(HEXLOWER.encode(&key.public().0), PUBLIC);
        let public = PublicKey::from_pem(&key.public().pem()).unwrap();
        assert_eq!(public, key.public());
        let signature = key.sign("a text");
        assert!(public.has_signed("a text", &signature));
        assert!(!public.has_signed("another text", &signature));
        assert!(!public.has_signed("a text", "not base64!"));
        let other = SigningKey::from_pem(&private_pem(&[7; 32])).unwrap().public();
        assert!(!other.has_signed("a text", &signature));
        assert_ne!(other.name(), public.name());
        assert_eq!(public.name().len(), NAME);
    }

    #[test]
    fn a_key_of_openssl_is_read() {
        // `openssl genpkey -algorithm ed25519`, with lines around it as some tools write them.
        let text = format!("a comment\r\n{}\n", private_pem(&seed()).replace('\n', "\r\n"));
        assert!(SigningKey::from_pem(&text).is_ok());
    }

    #[test]
    fn another_file_says_what_is_expected_and_nothing_of_its_content() {
        let public = SigningKey::from_pem(&private_pem(&seed()))
            .unwrap()
            .public()
            .pem();
        for text in [
            "",
            "secret",
            &public,
            "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----",
        ] {
            assert_eq!(
                SigningKey::from_pem(text).unwrap_err().to_string(),
                "it holds no Ed25519 private key in PEM: `usher audit keygen FILE` makes the pair, as FILE and FILE.pub"
            );
        }
        assert!(PublicKey::from_pem(&private_pem(&seed())).is_err());
    }

    #[test]
    fn a_key_shows_nothing_of_itself() {
        let key = SigningKey::from_pem(&private_pem(&seed())).unwrap();
        assert_eq!(
            format!("{key:?}"),
            format!("SigningKey({:?})", key.public().name())
        );
    }
}
