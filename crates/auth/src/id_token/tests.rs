//! Which ID tokens are accepted, and whom they are about.

use data_encoding::BASE64URL_NOPAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;

use super::*;
use crate::jwt::tests::{Issuer, KID, NOW, now, unsigned};

const TID: &str = "11111111-2222-3333-4444-555555555555";
const OID: &str = "aaaaaaaa-2222-3333-4444-555555555555";
const ISSUER: &str = "https://login.example/v2.0";
const NONCE: &str = "n-0S6_WzA2Mj";

fn entra() -> Provider {
    Provider {
        issuer: ISSUER.to_owned(),
        client_id: "usher".to_owned(),
        entra_tenants: BTreeSet::from([TID.parse().unwrap()]),
    }
}

fn other() -> Provider {
    Provider {
        entra_tenants: BTreeSet::new(),
        ..entra()
    }
}

fn good() -> Value {
    json!({
        "iss": ISSUER, "aud": "usher", "sub": "s1", "tid": TID, "oid": OID, "nonce": NONCE, "iat": NOW, "exp": NOW + 3_600,
        "email": "root@contoso.com", "preferred_username": "root@contoso.com",
    })
}

fn checked(issuer: &Issuer, text: &str, provider: &Provider) -> Result<Person, JwtError> {
    check(&Jwt::read(text)?, &issuer.key(), provider, NONCE, now())
}

/// With a claim of another value; `null` takes it away.
fn with(claim: &str, value: Value) -> Value {
    let mut claims = good();
    if value.is_null() {
        claims.as_object_mut().unwrap().remove(claim);
    } else {
        claims[claim] = value;
    }
    claims
}

#[test]
fn a_person_is_tid_and_oid_or_else_iss_and_sub_and_never_a_mail_address() {
    let issuer = Issuer::new();
    let whole = issuer.sign(&good());
    let person = checked(&issuer, &whole, &entra()).unwrap();
    assert_eq!(person.to_string(), format!("person:{TID}/{OID}"));
    let person = checked(&issuer, &whole, &other()).unwrap();
    assert_eq!(person.to_string(), format!("person:{ISSUER}#s1"));
    for claim in ["email", "preferred_username", "sub"] {
        let text = issuer.sign(&with(claim, json!("somebody-else")));
        assert_eq!(
            checked(&issuer, &text, &entra()).unwrap().to_string(),
            format!("person:{TID}/{OID}"),
            "{claim}"
        );
    }
    let upper = issuer.sign(&with("oid", json!(OID.to_uppercase())));
    assert_eq!(
        checked(&issuer, &upper, &entra()).unwrap().to_string(),
        format!("person:{TID}/{OID}"),
        "one person, however the id is written"
    );
    let odd = issuer.sign(&with("tid", json!(7)));
    assert!(
        checked(&issuer, &odd, &other()).is_ok(),
        "another provider's tid is not read"
    );
}

#[test]
fn each_claim_is_checked() {
    let issuer = Issuer::new();
    for (claim, values, expected) in [
        (
            "iss",
            vec![json!("https://login.example/v2.0/"), json!("")],
            JwtError::Issuer,
        ),
        (
            "aud",
            vec![json!("other"), json!(["usher", "other"]), json!([])],
            JwtError::Audience,
        ),
        ("azp", vec![json!("other"), json!("")], JwtError::Audience),
        (
            "nonce",
            vec![json!("n-0S6_WzA2Mk"), json!(""), Value::Null],
            JwtError::Nonce,
        ),
        (
            "tid",
            vec![
                json!("11111111-2222-3333-4444-555555555556"),
                json!(""),
                json!(7),
                Value::Null,
            ],
            JwtError::EntraTenant,
        ),
        (
            "oid",
            vec![json!(""), json!("x/y"), json!([OID]), Value::Null],
            JwtError::Claims,
        ),
        ("sub", vec![json!(""), json!("s".repeat(256))], JwtError::Subject),
        ("sub", vec![json!(1), Value::Null], JwtError::Claims),
        (
            "exp",
            vec![json!((NOW + 3_600).to_string()), Value::Null],
            JwtError::Claims,
        ),
        ("exp", vec![json!(NOW - 300)], JwtError::Expired),
        ("iat", vec![json!(NOW + 301)], JwtError::NotYet),
        ("iat", vec![Value::Null], JwtError::Claims),
        ("nbf", vec![json!(NOW + 301)], JwtError::NotYet),
        ("nbf", vec![json!("0")], JwtError::Claims),
        ("nonce", vec![json!(1)], JwtError::Claims),
    ] {
        for value in values {
            let text = issuer.sign(&with(claim, value.clone()));
            assert_eq!(
                checked(&issuer, &text, &entra()),
                Err(expected),
                "{claim}: {value}"
            );
        }
    }
    for (claim, value) in [
        ("aud", json!(["usher"])),
        ("azp", json!("usher")),
        ("nbf", json!(NOW)),
        ("exp", json!(NOW - 299)),
    ] {
        let text = issuer.sign(&with(claim, value.clone()));
        assert!(checked(&issuer, &text, &entra()).is_ok(), "{claim}: {value}");
    }
}

#[test]
fn a_login_without_a_nonce_is_answered_by_no_token() {
    let issuer = Issuer::new();
    for claims in [with("nonce", json!("")), with("nonce", Value::Null)] {
        let text = issuer.sign(&claims);
        let jwt = Jwt::read(&text).unwrap();
        assert_eq!(
            check(&jwt, &issuer.key(), &entra(), "", now()),
            Err(JwtError::Nonce)
        );
    }
}

#[test]
fn no_token_chooses_how_its_signature_is_verified() {
    let issuer = Issuer::new();
    let claims = good().to_string();
    let head = |alg: &str, typ: &str| json!({"alg": alg, "typ": typ, "kid": KID}).to_string();

    let none = format!("{}.", unsigned(&head("none", "JWT"), &claims));
    assert_eq!(checked(&issuer, &none, &entra()), Err(JwtError::Algorithm));

    // The public key as the secret of an HMAC.
    let signed = unsigned(&head("HS256", "JWT"), &claims);
    let mut hmac = Hmac::<Sha256>::new_from_slice(issuer.n.as_bytes()).unwrap();
    hmac.update(signed.as_bytes());
    let symmetric = format!(
        "{signed}.{}",
        BASE64URL_NOPAD.encode(&hmac.finalize().into_bytes())
    );
    assert_eq!(checked(&issuer, &symmetric, &entra()), Err(JwtError::Algorithm));

    let access = issuer.sign_text(&head("RS256", "at+jwt"), &claims);
    assert_eq!(checked(&issuer, &access, &entra()), Err(JwtError::Type));

    let stranger = Issuer::new().sign(&good());
    assert_eq!(
        checked(&issuer, &stranger, &entra()),
        Err(JwtError::Signature),
        "another key of the same name"
    );
}
