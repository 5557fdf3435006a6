//! What a certificate proves the gateway's app registration with: a signed assertion (RFC 7523 §2.2) in the form that Entra asks for.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{RSA_PSS_SHA256, RsaKeyPair};
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
    pub fn assertion(&self, client_id: &str, address: &str) -> Result<String, String> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
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
            "nbf": now.as_secs(),
            "exp": (now + LIFE).as_secs(),
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
