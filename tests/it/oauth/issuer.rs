//! An issuer like Entra, on this machine: it signs assertions and publishes its keys over HTTP.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair};
use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

pub const TID: &str = "11111111-2222-3333-4444-555555555555";

/// The server of the keys, and the key that signs.
pub struct Issuer {
    pair: RsaKeyPair,
    pub kid: String,
    /// `127.0.0.1:PORT`, for `oauth.key_hosts`.
    pub host: String,
    answer: Arc<Mutex<String>>,
    reads: Arc<AtomicUsize>,
}

pub fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("after 1970")
        .as_secs()
}

impl Issuer {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let host = listener.local_addr().expect("an address").to_string();
        let (answer, reads) = (Arc::new(Mutex::new(String::new())), Arc::new(AtomicUsize::new(0)));
        let (given, counted) = (Arc::clone(&answer), Arc::clone(&reads));
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let (given, counted) = (Arc::clone(&given), Arc::clone(&counted));
                tokio::spawn(async move {
                    let mut head = [0; 4_096];
                    let _ = stream.read(&mut head).await;
                    counted.fetch_add(1, Ordering::Relaxed);
                    let answer = given.lock().expect("not poisoned").clone();
                    let _ = stream.write_all(answer.as_bytes()).await;
                });
            }
        });
        let pair = RsaKeyPair::generate(KeySize::Rsa2048).expect("a key");
        let issuer = Self {
            pair,
            kid: "key-1".to_owned(),
            host,
            answer,
            reads,
        };
        issuer.publish();
        issuer
    }

    /// Where its keys are.
    pub fn keys_url(&self) -> String {
        format!("http://{}/keys", self.host)
    }

    /// How often they were read.
    pub fn reads(&self) -> usize {
        self.reads.load(Ordering::Relaxed)
    }

    /// Answers with its key.
    pub fn publish(&self) {
        let public = self.pair.public_key();
        let encoded = |bytes: &[u8]| BASE64URL_NOPAD.encode(bytes);
        let key = json!({
            "kty": "RSA", "use": "sig", "kid": self.kid,
            "n": encoded(public.modulus().big_endian_without_leading_zero()),
            "e": encoded(public.exponent().big_endian_without_leading_zero()),
        });
        self.answers("200 OK", &json!({"keys": [key]}).to_string());
    }

    /// Answers otherwise.
    pub fn answers(&self, status: &str, body: &str) {
        *self.answer.lock().expect("not poisoned") = format!(
            "HTTP/1.1 {status}\r\ncontent-length: {}\r\nlocation: http://127.0.0.1:1/\r\nconnection: close\r\n\r\n{body}",
            body.len()
        );
    }

    /// A JWT of these texts.
    pub fn sign_text(&self, head: &Value, claims: &str) -> String {
        let part = |text: &str| BASE64URL_NOPAD.encode(text.as_bytes());
        let signed = format!("{}.{}", part(&head.to_string()), part(claims));
        let mut signature = vec![0; self.pair.public_modulus_len()];
        let random = SystemRandom::new();
        self.pair
            .sign(&RSA_PKCS1_SHA256, &random, signed.as_bytes(), &mut signature)
            .expect("a signature");
        format!("{signed}.{}", BASE64URL_NOPAD.encode(&signature))
    }

    /// A JWT of these claims.
    pub fn sign(&self, claims: &Value) -> String {
        self.sign_text(
            &json!({"typ": "JWT", "alg": "RS256", "kid": self.kid}),
            &claims.to_string(),
        )
    }
}

/// The assertion that Entra sends (docs/background/entra.md).
pub fn assertion() -> Value {
    let now = now();
    json!({
        "aud": "api://booking", "iss": format!("https://login.microsoftonline.com/{TID}/v2.0"), "azp": "booking", "azpacr": "1",
        "oid": "d085870e", "sub": "d085870e", "tid": TID, "uti": "cco", "ver": "2.0", "iat": now, "nbf": now, "exp": now + 3_900,
    })
}
