//! Which providers are used, and what is said to them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use url::form_urlencoded::parse;

use super::*;
use crate::jwt::tests::now;

const ISSUER: &str = "https://login.example/tenant/v2.0";
const CALLBACK: &str = "https://usher.example/auth/callback";

fn hosts() -> KeyHosts {
    KeyHosts::of(["login.example".to_owned()])
}

fn provider() -> Provider {
    Provider {
        issuer: ISSUER.to_owned(),
        client_id: "usher & co".to_owned(),
        entra_tenants: BTreeSet::new(),
    }
}

/// As Entra's is: PKCE is not listed.
fn document() -> Value {
    json!({
        "issuer": ISSUER, "authorization_endpoint": "https://login.example/authorize", "token_endpoint": "https://login.example/token",
        "jwks_uri": "https://login.example/keys", "response_types_supported": ["code", "id_token"],
        "id_token_signing_alg_values_supported": ["RS256"], "tenant_region_scope": null,
    })
}

fn read(document: &Value) -> Result<Endpoints, ProviderError> {
    Endpoints::read(document.to_string().as_bytes(), ISSUER, &hosts())
}

fn with(field: &str, value: Value) -> Result<Endpoints, ProviderError> {
    let mut document = document();
    document[field] = value;
    read(&document)
}

fn pairs(form: &str) -> BTreeMap<String, String> {
    let pairs: Vec<_> = parse(form.as_bytes()).into_owned().collect();
    let map: BTreeMap<_, _> = pairs.iter().cloned().collect();
    assert_eq!(map.len(), pairs.len(), "a name stands twice in {form}");
    map
}

fn login() -> Login {
    Login::begin([7; 32], "/admin/v1/tenants", now())
}

#[test]
fn a_document_is_found_below_its_issuer() {
    for issuer in [ISSUER.to_owned(), format!("{ISSUER}/")] {
        assert_eq!(
            document_address(&issuer),
            "https://login.example/tenant/v2.0/.well-known/openid-configuration"
        );
    }
}

#[test]
fn a_document_is_of_exactly_the_registered_issuer() {
    assert_eq!(read(&document()).unwrap().keys, "https://login.example/keys");
    for issuer in [
        "https://login.example/tenant/v2.0/",
        "https://login.example/{tenantid}/v2.0",
        "https://LOGIN.example/tenant/v2.0",
        "",
    ] {
        assert_eq!(
            with("issuer", json!(issuer)),
            Err(ProviderError::Issuer),
            "{issuer}"
        );
    }
    assert_eq!(
        ProviderError::Issuer.to_string(),
        "the discovery document names another issuer than the settings: write the issuer exactly as the document does, and for Entra with \
         the tenant's id"
    );
}

#[test]
fn no_document_leads_to_a_host_that_is_not_listed() {
    for field in ["authorization_endpoint", "token_endpoint", "jwks_uri"] {
        for address in [
            "http://login.example/x",
            "https://evil.example/x",
            "https://login.example:8443/x",
            "https://login.example@evil.example/x",
            "//login.example/x",
            "javascript:alert(1)",
            "",
        ] {
            assert_eq!(
                with(field, json!(address)),
                Err(ProviderError::Host(field)),
                "{field}: {address}"
            );
        }
        for value in [json!(null), json!(1), json!(["https://login.example/x"])] {
            assert_eq!(
                with(field, value.clone()),
                Err(ProviderError::Document),
                "{field}: {value}"
            );
        }
    }
    assert_eq!(
        ProviderError::Host("jwks_uri").to_string(),
        "jwks_uri of the discovery document has a host that oauth.key_hosts does not list, or no TLS: add the host if it is the provider's"
    );
    let twice = document()
        .to_string()
        .replacen('{', "{\"jwks_uri\":\"https://login.example/other\",", 1);
    assert_eq!(
        Endpoints::read(twice.as_bytes(), ISSUER, &hosts()),
        Err(ProviderError::Document)
    );
}

#[test]
fn a_provider_that_lists_what_it_can_do_lists_what_a_login_needs() {
    for (field, able, unable) in [
        (
            "response_types_supported",
            json!(["code"]),
            json!(["id_token", "code id_token"]),
        ),
        (
            "id_token_signing_alg_values_supported",
            json!(["ES256", "RS256"]),
            json!(["HS256", "none"]),
        ),
        (
            "code_challenge_methods_supported",
            json!(["plain", "S256"]),
            json!(["plain"]),
        ),
    ] {
        assert!(with(field, able).is_ok(), "{field}");
        assert!(with(field, json!(null)).is_ok(), "{field}: not listed");
        for unable in [unable, json!([])] {
            assert_eq!(
                with(field, unable.clone()),
                Err(ProviderError::Unable(field)),
                "{field}: {unable}"
            );
        }
    }
}

#[test]
fn the_link_asks_for_a_code_that_only_this_login_can_use() {
    let login = login();
    let link = read(&document()).unwrap().link(&provider(), CALLBACK, &login);
    let (address, query) = link.split_once('?').unwrap();
    assert_eq!(address, "https://login.example/authorize");
    let expected = [
        ("response_type", "code"),
        ("response_mode", "query"),
        ("client_id", "usher & co"),
        ("redirect_uri", CALLBACK),
        ("scope", "openid"),
        ("state", &login.state()),
        ("nonce", &login.nonce()),
        ("code_challenge", &login.challenge()),
        ("code_challenge_method", "S256"),
    ];
    let expected: BTreeMap<_, _> = expected
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
    assert_eq!(pairs(query), expected);
    assert!(
        !link.contains(&login.verifier()),
        "the verifier is not the browser's"
    );

    let own = with(
        "authorization_endpoint",
        json!("https://login.example/authorize?p=policy"),
    )
    .unwrap();
    let link = own.link(&provider(), CALLBACK, &login);
    assert!(
        link.starts_with("https://login.example/authorize?p=policy&response_type=code&"),
        "{link}"
    );
}

#[test]
fn the_exchange_proves_the_client_and_the_login() {
    let login = login();
    let form = exchange(&provider(), "s&=+ %", CALLBACK, &login, "a+code&client_id=other");
    let expected = [
        ("grant_type", "authorization_code"),
        ("code", "a+code&client_id=other"),
        ("redirect_uri", CALLBACK),
        ("client_id", "usher & co"),
        ("client_secret", "s&=+ %"),
        ("code_verifier", &login.verifier()),
    ];
    let expected: BTreeMap<_, _> = expected
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
    assert_eq!(pairs(&form), expected);
}

#[test]
fn an_answer_without_an_id_token_is_none() {
    let answer = br#"{"access_token":"a","token_type":"Bearer","id_token":"x.y.z"}"#;
    let read = Exchanged::read(answer).unwrap();
    assert_eq!(read.id_token, "x.y.z");
    assert_eq!(format!("{read:?}"), "Exchanged(…)");
    for answer in [
        r#"{"access_token":"a"}"#,
        r#"{"id_token":null}"#,
        r#"{"id_token":["x"]}"#,
        r#"{"id_token":"x","id_token":"y"}"#,
        r#"{"error":"invalid_grant"}"#,
        "<html>",
        "",
    ] {
        let refused = Exchanged::read(answer.as_bytes()).unwrap_err();
        assert_eq!(refused, ProviderError::NoIdToken, "{answer}");
    }
    assert_eq!(
        ProviderError::NoIdToken.to_string(),
        "the provider's answer to the code has no ID token: is the client registered for OpenID Connect?"
    );
}
