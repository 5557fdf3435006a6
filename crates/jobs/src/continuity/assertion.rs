//! What a certificate proves the gateway's app registration with: a signed assertion (RFC 7523 §2.2) in the form that Entra asks for.

use std::time::Duration;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{RSA_PSS_SHA256, RsaKeyPair};
use chrono::{DateTime, Utc};
use data_encoding::BASE64URL_NOPAD;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use serde_json::json;
use sha2::{Digest as _, Sha256};

/// How long an assertion is good.
const LIFE: Duration = Duration::from_mins(5);

/// A certificate that is registered with the gateway's app, and its key.
pub struct Certificate {
    key: RsaKeyPair,
    thumbprint: String,
}

impl Certificate {
    /// Reads both from PEM: the certificate, and its RSA key as PKCS#8.
    ///
    /// # Errors
    /// Which of the two cannot be read.
    pub fn from_pem(certificate: &str, key: &str) -> Result<Self, String> {
        let certificate = CertificateDer::from_pem_slice(certificate.as_bytes())
            .map_err(|_| "graph.certificate_file holds no certificate in PEM".to_owned())?;
        let wrong = "graph.private_key_file holds no RSA key in PEM (PKCS#8, \"BEGIN PRIVATE KEY\")";
        let key = PrivatePkcs8KeyDer::from_pem_slice(key.as_bytes()).map_err(|_| wrong.to_owned())?;
        let key = RsaKeyPair::from_pkcs8(key.secret_pkcs8_der()).map_err(|_| wrong.to_owned())?;
        Ok(Self {
            key,
            thumbprint: BASE64URL_NOPAD.encode(&Sha256::digest(&certificate)),
        })
    }

    /// An assertion of this client for the login at this address, good for five minutes.
    ///
    /// # Errors
    /// The key does not sign.
    pub fn assertion(&self, client_id: &str, address: &str, now: DateTime<Utc>) -> Result<String, String> {
        let failed = |_| "the key of graph.private_key_file does not sign".to_owned();
        let random = SystemRandom::new();
        let mut id = [0; 16];
        aws_lc_rs::rand::SecureRandom::fill(&random, &mut id).map_err(failed)?;
        let header = json!({"alg": "PS256", "typ": "JWT", "x5t#S256": self.thumbprint});
        let claims = json!({
            "aud": address,
            "iss": client_id,
            "sub": client_id,
            "jti": BASE64URL_NOPAD.encode(&id),
            "nbf": now.timestamp(),
            "exp": (now + LIFE).timestamp(),
        });
        let part = |value: &serde_json::Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
        let signed = format!("{}.{}", part(&header), part(&claims));
        let mut signature = vec![0; self.key.public_modulus_len()];
        self.key
            .sign(&RSA_PSS_SHA256, &random, signed.as_bytes(), &mut signature)
            .map_err(failed)?;
        Ok(format!("{signed}.{}", BASE64URL_NOPAD.encode(&signature)))
    }
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
    use aws_lc_rs::rsa::KeySize;
    use aws_lc_rs::signature::{KeyPair as _, RSA_PSS_2048_8192_SHA256, UnparsedPublicKey};
    use data_encoding::BASE64;

    use super::*;

    fn pem(label: &str, der: &[u8]) -> String {
        format!(
            "-----BEGIN {label}-----\n{}\n-----END {label}-----\n",
            BASE64.encode(der)
        )
    }

    #[test]
    fn an_assertion_is_signed_by_the_key_and_names_the_certificate() {
        let key = RsaKeyPair::generate(KeySize::Rsa2048).expect("a key");
        let der = AsDer::<Pkcs8V1Der<'_>>::as_der(&key).expect("a document");
        let certificate = b"what a certificate holds is not looked at";
        let private = pem("PRIVATE KEY", der.as_ref());
        let proof = Certificate::from_pem(&pem("CERTIFICATE", certificate), &private).expect("both");
        let address = "https://login.example/tid/oauth2/v2.0/token";
        let now = DateTime::UNIX_EPOCH;
        let assertion = proof.assertion("the-client", address, now).expect("an assertion");
        let (signed, signature) = assertion.rsplit_once('.').expect("three parts");
        let read = |text: &str| BASE64URL_NOPAD.decode(text.as_bytes()).expect("base64url");
        UnparsedPublicKey::new(&RSA_PSS_2048_8192_SHA256, key.public_key().as_ref())
            .verify(signed.as_bytes(), &read(signature))
            .expect("the signature holds");
        let part = |nth: usize| -> serde_json::Value {
            serde_json::from_slice(&read(signed.split('.').nth(nth).expect("a part"))).expect("JSON")
        };
        let (header, claims) = (part(0), part(1));
        let thumbprint = BASE64URL_NOPAD.encode(&Sha256::digest(certificate));
        assert_eq!(
            (&header["alg"], &header["x5t#S256"]),
            (&json!("PS256"), &json!(thumbprint))
        );
        assert_eq!(
            (&claims["aud"], &claims["sub"]),
            (&json!(address), &json!("the-client"))
        );
        assert_eq!(
            claims["exp"].as_u64().expect("a time") - claims["nbf"].as_u64().expect("a time"),
            300
        );
        let other = proof.assertion("the-client", address, now).expect("an assertion");
        assert_ne!(other, assertion, "each has an id of its own");
    }

    #[test]
    fn the_file_that_cannot_be_read_is_named() {
        let certificate = pem("CERTIFICATE", b"x");
        let wrong =
            |certificate: &str, key: &str| Certificate::from_pem(certificate, key).map(|_| ()).unwrap_err();
        assert!(wrong("", "").starts_with("graph.certificate_file"));
        for key in ["", &pem("PRIVATE KEY", b"x"), &certificate] {
            assert!(
                wrong(&certificate, key).starts_with("graph.private_key_file"),
                "{key}"
            );
        }
    }
}
