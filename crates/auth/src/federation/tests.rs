//! Which assertions and which of Entra's own tokens are accepted.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::*;
use crate::jwt::tests::{Issuer, KID, NOW, now};

const TID: &str = "11111111-2222-3333-4444-555555555555";

fn federation() -> Federation {
    Federation {
        issuer: format!("https://login.microsoftonline.com/{TID}/v2.0"),
        audiences: vec!["api://app".to_owned(), "app".to_owned()],
        subject: "subject".to_owned(),
        entra_tenant: TID.to_owned(),
        keys_url: String::new(),
    }
}

fn assertion() -> Value {
    json!({
        "iss": federation().issuer, "aud": "app", "sub": "subject", "oid": "subject", "tid": TID, "azp": "app", "ver": "2.0",
        "uti": "x", "iat": NOW, "nbf": NOW, "exp": NOW + 3_900,
    })
}

fn check(issuer: &Issuer, text: &str) -> Result<(), JwtError> {
    check_assertion(&Jwt::read(text)?, &issuer.key(), &federation(), now())
}

#[test]
fn an_assertion_has_exactly_what_was_registered() {
    let issuer = Issuer::new();
    let with = |claim: &str, value: Value| {
        let mut claims = assertion();
        claims[claim] = value;
        check(&issuer, &issuer.sign(&claims))
    };
    assert_eq!(with("ver", json!("2.0")), Ok(()));
    assert_eq!(with("aud", json!("api://app")), Ok(()), "one of the set");
    for (claim, values, expected) in [
        (
            "iss",
            [
                "https://sts.windows.net/x/",
                "",
                &format!("https://login.microsoftonline.com/{TID}/v2.0/"),
            ],
            JwtError::Issuer,
        ),
        ("aud", ["api://app/", "APP", ""], JwtError::Audience),
        (
            "tid",
            ["11111111-2222-3333-4444-555555555556", "", "x"],
            JwtError::EntraTenant,
        ),
        ("sub", ["Subject", "", "subject "], JwtError::Subject),
    ] {
        for value in values {
            assert_eq!(with(claim, json!(value)), Err(expected), "{claim}: {value}");
        }
        let mut missing = assertion();
        missing.as_object_mut().unwrap().shift_remove(claim);
        assert_eq!(
            check(&issuer, &issuer.sign(&missing)),
            Err(JwtError::Claims),
            "{claim}"
        );
    }
    assert_eq!(with("exp", json!(NOW - 300)), Err(JwtError::Expired));
    assert_eq!(with("nbf", json!(NOW + 301)), Err(JwtError::NotYet));
    assert_eq!(with("iat", json!(NOW - 4_200)), Ok(()));
    assert_eq!(
        with("iat", json!(NOW - 4_201)),
        Err(JwtError::TooOld),
        "a stored one is sent again"
    );
}

#[test]
fn a_token_of_another_purpose_is_no_assertion() {
    let issuer = Issuer::new();
    let typed = |typ: &str| {
        let head = json!({"typ": typ, "alg": "RS256", "kid": KID}).to_string();
        check(&issuer, &issuer.sign_text(&head, &assertion().to_string()))
    };
    assert_eq!(typed("JWT"), Ok(()));
    assert_eq!(typed("jwt"), Ok(()));
    for typ in ["at+jwt", "application/at+jwt", "secevent+jwt", "JOSE"] {
        assert_eq!(typed(typ), Err(JwtError::Type), "{typ}");
    }
}

#[test]
fn a_token_of_entras_is_of_the_named_tenant_and_for_custom_applications() {
    let issuer = Issuer::new();
    let accepted = EntraTokens {
        entra_tenant: TID.to_owned(),
        keys_url: String::new(),
        in_production: false,
    };
    let claims = json!({
        "iss": format!("https://sts.windows.net/{TID}/"), "aud": ENTRA_AUDIENCES[0], "sub": "x", "tid": TID, "iat": NOW, "nbf": NOW,
        "exp": NOW + 3_900,
    });
    let with = |claim: &str, value: &str, at: i64| {
        let mut claims = claims.clone();
        claims[claim] = json!(value);
        let text = issuer.sign(&claims);
        let at = now() + TimeDelta::seconds(at);
        check_entra_token(&Jwt::read(&text).unwrap(), &issuer.key(), &accepted, at)
    };
    for audience in ENTRA_AUDIENCES {
        assert_eq!(with("aud", audience, 0), Ok(()));
    }
    assert_eq!(
        with("aud", "00000002-0000-0000-c000-000000000000", 0),
        Err(JwtError::Audience)
    );
    assert_eq!(
        with("iss", "https://sts.windows.net/another/", 0),
        Err(JwtError::Issuer)
    );
    assert_eq!(with("tid", "another", 0), Err(JwtError::EntraTenant));
    assert_eq!(with("sub", "another", 4_200), Err(JwtError::Expired));
}
