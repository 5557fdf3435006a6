//! What a JWT must be to be read, and an issuer that makes good and bad ones.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair};
use chrono::TimeDelta;
use serde_json::{Value, json};

use super::*;

/// An issuer with an RSA key, as Entra is one.
pub struct Issuer {
    pair: RsaKeyPair,
    pub n: String,
    pub e: String,
}

pub const KID: &str = "key-1";
/// Seconds since 1970 of the tests' present.
pub const NOW: i64 = 1_785_194_550;

pub fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(NOW, 0).unwrap()
}

impl Issuer {
    pub fn new() -> Self {
        let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
        let public = pair.public_key();
        let encoded = |bytes: &[u8]| BASE64URL_NOPAD.encode(bytes);
        Self {
            n: encoded(public.modulus().big_endian_without_leading_zero()),
            e: encoded(public.exponent().big_endian_without_leading_zero()),
            pair,
        }
    }

    pub fn key(&self) -> DecodingKey {
        DecodingKey::from_rsa_components(&self.n, &self.e).unwrap()
    }

    /// A JWT of these texts, signed.
    pub fn sign_text(&self, head: &str, claims: &str) -> String {
        let signed = unsigned(head, claims);
        let mut signature = vec![0; self.pair.public_modulus_len()];
        self.pair
            .sign(
                &RSA_PKCS1_SHA256,
                &SystemRandom::new(),
                signed.as_bytes(),
                &mut signature,
            )
            .unwrap();
        format!("{signed}.{}", BASE64URL_NOPAD.encode(&signature))
    }

    pub fn sign(&self, claims: &Value) -> String {
        let head = json!({"typ": "JWT", "alg": "RS256", "kid": KID});
        self.sign_text(&head.to_string(), &claims.to_string())
    }
}

pub fn unsigned(head: &str, claims: &str) -> String {
    let part = |text: &str| BASE64URL_NOPAD.encode(text.as_bytes());
    format!("{}.{}", part(head), part(claims))
}

#[derive(Debug, Deserialize)]
struct Claims {
    #[serde(rename = "iss")]
    _iss: String,
    #[serde(rename = "aud")]
    _aud: String,
    #[serde(rename = "sub")]
    _sub: String,
    iat: u64,
    nbf: u64,
    exp: u64,
}

fn good() -> Value {
    json!({"iss": "i", "aud": "a", "sub": "s", "iat": NOW, "nbf": NOW, "exp": NOW + 3_600})
}

fn read(issuer: &Issuer, text: &str) -> Result<Claims, JwtError> {
    Jwt::read(text)?.verified(&issuer.key(), Algorithm::RS256)
}

#[test]
fn each_required_claim_is_there_once_and_of_its_own_json_type() {
    let issuer = Issuer::new();
    assert!(read(&issuer, &issuer.sign(&good())).is_ok());
    let texts = ["iss", "aud", "sub"];
    for claim in ["iss", "aud", "sub", "iat", "nbf", "exp"] {
        let with = |value: Value| {
            let mut claims = good();
            claims[claim] = value;
            read(&issuer, &issuer.sign(&claims)).map(|_| ())
        };
        let mut missing = good();
        missing.as_object_mut().unwrap().shift_remove(claim);
        assert_eq!(
            read(&issuer, &issuer.sign(&missing)).unwrap_err(),
            JwtError::Claims,
            "{claim}"
        );
        let right = good()[claim].clone();
        let mut wrong = vec![
            json!(null),
            json!(true),
            json!({}),
            json!([right]),
            json!(1.5),
            json!(-1),
        ];
        if texts.contains(&claim) {
            wrong.push(json!(NOW));
        } else {
            // CVE-2026-25537: a time as a text was taken for one that is not there.
            wrong.push(json!(NOW.to_string()));
            wrong.push(json!(9e99));
        }
        for value in wrong {
            assert_eq!(with(value.clone()), Err(JwtError::Claims), "{claim}: {value}");
        }
        // The same name twice, even with the same value.
        let head = json!({"alg": "RS256", "kid": KID}).to_string();
        let text = good().to_string();
        let twice = text.replacen('{', &format!("{{\"{claim}\":{},", good()[claim]), 1);
        let read = read(&issuer, &issuer.sign_text(&head, &twice));
        assert_eq!(read.unwrap_err(), JwtError::Claims, "{claim} twice");
    }
}

#[test]
fn no_other_algorithm_is_taken_whatever_the_head_says() {
    let issuer = Issuer::new();
    let claims = good().to_string();
    for algorithm in ["none", "None", "HS256", "RS384", "ES256", "rs256", ""] {
        let head = json!({"alg": algorithm, "kid": KID}).to_string();
        let signed = issuer.sign_text(&head, &claims);
        assert_eq!(
            read(&issuer, &signed).unwrap_err(),
            JwtError::Algorithm,
            "{algorithm}"
        );
        let unsigned = format!("{}.", unsigned(&head, &claims));
        assert_eq!(
            read(&issuer, &unsigned).unwrap_err(),
            JwtError::Algorithm,
            "{algorithm}"
        );
    }
    // The public key as the secret of an HMAC: what everybody knows would sign.
    let mut header = jsonwebtoken::Header::new(Algorithm::HS256);
    header.kid = Some(KID.to_owned());
    let secret = jsonwebtoken::EncodingKey::from_secret(issuer.n.as_bytes());
    let confused = jsonwebtoken::encode(&header, &good(), &secret).unwrap();
    assert_eq!(read(&issuer, &confused).unwrap_err(), JwtError::Algorithm);
}

#[test]
fn a_head_is_read_strictly_and_never_followed() {
    let issuer = Issuer::new();
    let claims = good().to_string();
    let head = |more: &str| format!("{{\"alg\":\"RS256\",\"kid\":\"{KID}\"{more}}}");
    let read = |head: &str| read(&issuer, &issuer.sign_text(head, &claims)).map(|_| ());
    assert_eq!(read(&head("")), Ok(()));
    for crit in ["[\"b64\"]", "[]", "null", "\"exp\""] {
        assert_eq!(
            read(&head(&format!(",\"crit\":{crit}"))),
            Err(JwtError::Critical),
            "{crit}"
        );
    }
    for twice in [
        ",\"alg\":\"RS256\"",
        &format!(",\"kid\":\"{KID}\""),
        ",\"typ\":\"JWT\",\"typ\":\"at+jwt\"",
    ] {
        assert_eq!(read(&head(twice)), Err(JwtError::Malformed), "{twice}");
    }
    assert_eq!(read("{\"alg\":\"RS256\"}"), Err(JwtError::Key));
    assert_eq!(read("{\"alg\":\"RS256\",\"kid\":\"\"}"), Err(JwtError::Key));
    assert_eq!(
        read("{\"alg\":[\"RS256\"],\"kid\":\"x\"}"),
        Err(JwtError::Malformed)
    );
    assert_eq!(
        read(&head(
            ",\"jku\":\"http://127.0.0.1:1/\",\"x5u\":\"http://127.0.0.1:1/\""
        )),
        Ok(())
    );
}

#[test]
fn what_is_no_jwt_is_malformed_and_another_signature_is_one() {
    let (issuer, other) = (Issuer::new(), Issuer::new());
    let good = issuer.sign(&good());
    for text in [
        "",
        ".",
        "..",
        "a.b.c",
        "eyJ",
        &format!("{good}.x"),
        &"e".repeat(LONGEST + 1),
    ] {
        assert!(
            Jwt::read(text).is_err_and(|error| error == JwtError::Malformed),
            "{text}"
        );
    }
    assert_eq!(read(&other, &good).unwrap_err(), JwtError::Signature);
    let (signed, _) = good.rsplit_once('.').unwrap();
    for signature in ["", "AAAA", "!"] {
        assert!(
            read(&issuer, &format!("{signed}.{signature}")).is_err(),
            "{signature}"
        );
    }
    let parts: Vec<&str> = good.split('.').collect();
    let changed = unsigned(
        "{}",
        &json!({"iss": "i", "aud": "b", "sub": "s", "iat": NOW, "nbf": NOW, "exp": NOW}).to_string(),
    );
    let claims = changed.split('.').nth(1).unwrap();
    let forged = format!("{}.{claims}.{}", parts[0], parts[2]);
    assert_eq!(read(&issuer, &forged).unwrap_err(), JwtError::Signature);
}

#[test]
fn a_token_holds_from_its_beginning_to_its_end_with_some_room_for_clocks() {
    let seconds = |offset: i64| now() + TimeDelta::seconds(offset);
    let issuer = Issuer::new();
    let claims = read(&issuer, &issuer.sign(&good())).unwrap();
    let times = Times {
        made: claims.iat,
        from: claims.nbf,
        until: claims.exp,
    };
    for (offset, expected) in [
        (-61, Err(JwtError::NotYet)),
        (-60, Ok(())),
        (3_659, Ok(())),
        (3_660, Err(JwtError::Expired)),
    ] {
        assert_eq!(times.check(seconds(offset), 60), expected, "{offset}");
    }
    let later = Times {
        from: times.from + 1_000,
        ..times
    };
    assert_eq!(later.check(now(), 60), Err(JwtError::NotYet));
    let endless = Times {
        until: u64::MAX,
        ..times
    };
    assert_eq!(endless.check(now(), 300), Ok(()), "nothing overflows");
}
