//! The tokens that Entra makes itself while "Secret Token" is blank: off, on for one Entra tenant, and not in production by accident.

use serde_json::{Value, json};
use support::gateway::{Gateway, Settings};

use super::issuer::{Issuer, TID, now};
use super::{on_both_with, scim};

const NAMED: &str = "/t/contoso/advisors/scim";

fn token() -> Value {
    let now = now();
    json!({
        "aud": "8adf8e6e-67b2-4cf2-a259-e3dc5476c621", "iss": format!("https://sts.windows.net/{TID}/"), "tid": TID,
        "appid": "00000014-0000-0000-c000-000000000000", "sub": "x", "iat": now, "nbf": now, "exp": now + 3_900, "ver": "1.0",
    })
}

fn accept(gateway: &Gateway, issuer: &Issuer, more: &[&str]) -> std::process::Output {
    let keys = issuer.keys_url();
    let words = [
        "directory",
        "oauth",
        "--tenant",
        "contoso",
        "--profile",
        "advisors",
        "--entra-tenant",
        TID,
        "--keys-url",
        keys.as_str(),
    ];
    gateway.try_cli(&[&words[..], more].concat())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_of_entras_opens_a_directory_that_names_its_entra_tenant_and_no_other() {
    let issuer = Issuer::start().await;
    let hosts = format!("\"{}\"", issuer.host);
    on_both_with(&[("oauth.key_hosts", &hosts)], async |one, other| {
        for tenant in ["contoso", "fabrikam"] {
            one.directory(tenant, "advisors");
            one.directory(tenant, "rooms");
        }
        let bearer = issuer.sign(&token());
        for path in [NAMED, "/advisors/scim", "/scim"] {
            scim(&one, path, &bearer).get("/Users").await.expect(401);
        }
        assert!(one.log().contains("\"entra_not_accepted\""));
        assert!(accept(&one, &issuer, &[]).status.success());
        for gateway in [&one, &other] {
            scim(gateway, NAMED, &bearer).get("/Users").await.expect(200);
            // Only an URL with tenant and profile says whose it is.
            for path in ["/advisors/scim", "/scim", "/t/contoso/rooms/scim", "/t/fabrikam/advisors/scim", "/t/nobody/advisors/scim"] {
                scim(gateway, path, &bearer).get("/Users").await.expect(401);
            }
        }
        let with = |claim: &str, value: Value| {
            let mut claims = token();
            claims[claim] = value;
            issuer.sign(&claims)
        };
        for bad in [
            with("tid", json!("22222222-2222-3333-4444-555555555555")),
            with("iss", json!("https://sts.windows.net/22222222-2222-3333-4444-555555555555/")),
            with("aud", json!("00000002-0000-0000-c000-000000000000")),
            with("exp", json!(now() - 301)),
        ] {
            scim(&one, NAMED, &bad).get("/Users").await.expect(401);
        }
        let person = json!({"name": {"givenName": "A", "familyName": "B"}, "addresses": [{"type": "work", "formatted": "x"}]});
        scim(&one, NAMED, &bearer).create("e1", "ann@contoso.com", person).await.expect(201);
        one.cli(&["directory", "oauth", "--tenant", "contoso", "--profile", "advisors", "--no-entra"]);
        for gateway in [&other, &one] {
            scim(gateway, NAMED, &bearer).get("/Users").await.expect(401);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn production_accepts_them_only_where_somebody_said_so_and_writes_that_down() {
    let issuer = Issuer::start().await;
    let settings = Settings {
        more: vec![
            ("environment".to_owned(), "\"production\"".to_owned()),
            ("oauth.key_hosts".to_owned(), format!("\"{}\"", issuer.host)),
        ],
        ..Settings::default()
    };
    let gateway = Gateway::start(settings).await;
    gateway.directory("contoso", "advisors");
    let refused = accept(&gateway, &issuer, &[]);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(
        !refused.status.success() && said.contains("--in-production"),
        "{said}"
    );
    let bearer = issuer.sign(&token());
    scim(&gateway, NAMED, &bearer).get("/Users").await.expect(401);
    assert!(accept(&gateway, &issuer, &["--in-production"]).status.success());
    scim(&gateway, NAMED, &bearer).get("/Users").await.expect(200);
    let rows = gateway.cli(&[
        "audit",
        "list",
        "--tenant",
        "contoso",
        "--action",
        "directory.oauth.set",
    ]);
    assert_eq!(rows[0]["details"]["entraInProduction"], true, "{rows}");
    assert_eq!(rows[0]["details"]["entraTenant"], TID);
}
