//! Workload identity federation: a client without a secret, which proves itself by an assertion of its Entra tenant (RFC 7523 §2.2).

use serde_json::{Value, json};
use support::gateway::{Gateway, text};
use support::http::Answer;

use super::issuer::{Issuer, TID, assertion, now};
use super::{ADVISORS, GRANT, form, on_both_with, scim, token_request};

const TYPE: (&str, &str) = (
    "client_assertion_type",
    "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
);

async fn on_both(issuer: &Issuer, test: impl AsyncFn(Gateway, Gateway)) {
    let hosts = format!("\"login.microsoftonline.com, {}\"", issuer.host);
    on_both_with(&[("oauth.key_hosts", &hosts)], test).await;
}

fn create(gateway: &Gateway, issuer: &Issuer, tenant: &str) -> String {
    let keys = issuer.keys_url();
    let words = [
        "client",
        "create",
        "--tenant",
        tenant,
        "--profile",
        "advisors",
        "--entra-tenant",
        TID,
        "--subject",
        "d085870e",
        "--audience",
        "api://booking",
        "--audience",
        "booking",
        "--keys-url",
        keys.as_str(),
    ];
    let made = gateway.cli(&words);
    assert_eq!(made["clientSecret"], Value::Null, "{made}");
    text(&made, "clientId")
}

async fn ask(gateway: &Gateway, client: &str, assertion: &str) -> Answer {
    let parameters = [
        GRANT,
        TYPE,
        ("client_id", client),
        ("client_assertion", assertion),
    ];
    form(token_request(gateway), &parameters).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_assertion_of_the_registered_identity_gets_an_access_token_and_no_other_does() {
    let issuer = Issuer::start().await;
    on_both(&issuer, async |one, other| {
        one.directory("contoso", "advisors");
        let client = create(&one, &issuer, "contoso");
        for gateway in [&one, &other] {
            let answer = ask(gateway, &client, &issuer.sign(&assertion()))
                .await
                .expect(200);
            let token = text(&answer.body, "access_token");
            scim(&one, ADVISORS, &token).get("/Users").await.expect(200);
            scim(&other, "/t/contoso/advisors/scim", &token)
                .get("/Users")
                .await
                .expect(200);
        }
        let with = |claim: &str, value: Value| {
            let mut claims = assertion();
            claims[claim] = value;
            issuer.sign(&claims)
        };
        ask(&one, &client, &with("aud", json!("booking")))
            .await
            .expect(200);
        let other_issuer = Issuer::start().await;
        let typed = |typ: &str| {
            let head = json!({"typ": typ, "alg": "RS256", "kid": issuer.kid});
            issuer.sign_text(&head, &assertion().to_string())
        };
        let mut bodies = Vec::new();
        for (what, bad) in [
            ("iss", with("iss", json!("https://sts.windows.net/x/"))),
            ("aud", with("aud", json!("api://booking/.default"))),
            ("aud as a list", with("aud", json!(["api://booking"]))),
            ("sub", with("sub", json!("another"))),
            ("tid", with("tid", json!("22222222-2222-3333-4444-555555555555"))),
            ("tid missing", with("tid", Value::Null)),
            ("exp as a text", with("exp", json!((now() + 3_900).to_string()))),
            ("exp", with("exp", json!(now() - 301))),
            ("nbf", with("nbf", json!(now() + 600))),
            ("iat", with("iat", json!(now() - 4_300))),
            ("another key", other_issuer.sign(&assertion())),
            ("typ", typed("at+jwt")),
            ("no JWT", "eyJ.x.y".to_owned()),
            (
                "no signature",
                issuer.sign(&assertion()).rsplit_once('.').unwrap().0.to_owned() + ".",
            ),
        ] {
            let answer = ask(&one, &client, &bad).await;
            assert_eq!(
                (answer.status, &answer.body["error"]),
                (401, &json!("invalid_client")),
                "{what}: {}",
                answer.text
            );
            bodies.push(answer.text_without_id());
        }
        bodies.push(
            ask(&one, "000000000000", &issuer.sign(&assertion()))
                .await
                .expect(401)
                .text_without_id(),
        );
        bodies.dedup();
        assert_eq!(
            bodies.len(),
            1,
            "a refusal tells nothing of its reason: {bodies:?}"
        );
        for reason in [
            "jwt_issuer",
            "jwt_audience",
            "jwt_subject",
            "jwt_entra_tenant",
            "jwt_claims",
            "jwt_expired",
            "jwt_too_old",
            "jwt_type",
            "jwt_malformed",
        ] {
            assert!(
                one.log().contains(&format!("\"{reason}\"")),
                "the log says {reason}"
            );
        }
        one.cli(&["client", "revoke", "--tenant", "contoso", &client]);
        ask(&other, &client, &issuer.sign(&assertion())).await.expect(401);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_read_seldom_and_the_last_good_ones_are_used_while_the_issuer_is_away() {
    let mut issuer = Issuer::start().await;
    let hosts = issuer.host.clone();
    let settings = support::gateway::Settings {
        more: vec![("oauth.key_hosts".to_owned(), format!("\"{hosts}\""))],
        ..Default::default()
    };
    let gateway = Gateway::start(settings).await;
    gateway.directory("contoso", "advisors");
    let client = create(&gateway, &issuer, "contoso");
    ask(&gateway, &client, &issuer.sign(&assertion()))
        .await
        .expect(200);
    assert_eq!(issuer.reads(), 1);
    // Keys that nobody publishes, and clients that nobody registered, cause no traffic.
    let right = issuer.kid.clone();
    for number in 0..50 {
        issuer.kid = format!("invented-{number}");
        let bad = issuer.sign(&assertion());
        let _ = ask(&gateway, &client, &bad).await.expect(401);
        ask(&gateway, "000000000000", &bad).await.expect(401);
    }
    issuer.kid = right;
    assert_eq!(issuer.reads(), 1, "a set was read a moment ago");
    for (status, body) in [
        ("500 Internal Server Error", ""),
        ("302 Found", ""),
        ("200 OK", "{}"),
    ] {
        issuer.answers(status, body);
        ask(&gateway, &client, &issuer.sign(&assertion()))
            .await
            .expect(200);
    }
    assert_eq!(issuer.reads(), 1);

    // An issuer that never answered: no fault of the client's, so no 401.
    let away = Issuer::start().await;
    away.answers("302 Found", "");
    let mut settings = support::gateway::Settings::default();
    settings
        .more
        .push(("oauth.key_hosts".to_owned(), format!("\"{}\"", away.host)));
    let gateway = Gateway::start(settings).await;
    gateway.directory("contoso", "advisors");
    let client = create(&gateway, &away, "contoso");
    for _ in 0..3 {
        let answer = ask(&gateway, &client, &away.sign(&assertion())).await.expect(503);
        assert_eq!(answer.body["error"], "temporarily_unavailable");
        assert_eq!(answer.header("retry-after"), "1");
    }
    assert_eq!(away.reads(), 1, "and its redirect was not followed");
}

/// Whoever invents keys, for as many clients as there are, has each instance read the one address once at most.
#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_invented_keys_is_one_read_an_instance() {
    let mut issuer = Issuer::start().await;
    let hosts = format!("\"{}\"", issuer.host);
    for database in [
        None,
        Some(support::postgres::Postgres::shared().await.database().await),
    ] {
        let settings = support::gateway::Settings {
            more: vec![("oauth.key_hosts".to_owned(), hosts.clone())],
            database,
            ..Default::default()
        };
        let one = Gateway::start(settings).await;
        let other = one.replica().await;
        let clients = ["contoso", "fabrikam", "adatum"].map(|tenant| {
            one.directory(tenant, "advisors");
            create(&one, &issuer, tenant)
        });
        let (before, right) = (issuer.reads(), issuer.kid.clone());
        let mut bad = Vec::new();
        for number in 0..100 {
            issuer.kid = format!("invented-{number}");
            bad.push(issuer.sign(&assertion()));
        }
        issuer.kid = right;
        // All at once, at an instance that has no keys yet, and then one after the other.
        for gateway in [&one, &other] {
            let asked = bad
                .iter()
                .zip(clients.iter().cycle())
                .map(|(bad, client)| ask(gateway, client, bad));
            for answer in futures_util::future::join_all(asked).await {
                assert!([401, 503].contains(&answer.status), "{}", answer.text);
            }
            for client in &clients {
                for bad in &bad[..20] {
                    ask(gateway, client, bad).await.expect(401);
                }
            }
        }
        let reads = issuer.reads() - before;
        assert_eq!(reads, 2, "one read an instance");
        for gateway in [&one, &other] {
            for client in &clients {
                ask(gateway, client, &issuer.sign(&assertion())).await.expect(200);
            }
        }
        assert_eq!(issuer.reads() - before, 2, "and the right key was in it");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_identity_is_registered_only_with_values_that_can_be_used() {
    let gateway = Gateway::prepared(support::gateway::Settings::default());
    gateway.directory("contoso", "advisors");
    gateway.cli(&[
        "tenant",
        "create",
        "bound",
        "--entra-tenant-id",
        "22222222-2222-3333-4444-555555555555",
    ]);
    gateway.cli(&[
        "directory",
        "create",
        "--tenant",
        "bound",
        "--profile",
        "advisors",
    ]);
    let refused = |tenant: &str, words: &[&str]| {
        let begin = ["client", "create", "--tenant", tenant, "--profile", "advisors"];
        let output = gateway.try_cli(&[&begin[..], words].concat());
        assert!(!output.status.success(), "{words:?}");
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let good = ["--entra-tenant", TID, "--subject", "x", "--audience", "y"];
    for (tenant, words, part) in [
        (
            "contoso",
            &[
                "--entra-tenant",
                "contoso.com",
                "--subject",
                "x",
                "--audience",
                "y",
            ][..],
            "entraTenant must be the id",
        ),
        (
            "contoso",
            &["--entra-tenant", TID, "--subject", "x y", "--audience", "y"],
            "subject must be a text without blanks",
        ),
        (
            "contoso",
            &[&good[..], &["--issuer", "http://x"]].concat(),
            "issuer must be an address that begins with https://",
        ),
        (
            "contoso",
            &[&good[..], &["--keys-url", "http://169.254.169.254/"]].concat(),
            "login.microsoftonline.us",
        ),
        (
            "contoso",
            &[&good[..], &["--keys-url", "https://evil.example/keys"]].concat(),
            "oauth.key_hosts",
        ),
        ("bound", &good, "is bound to the Entra tenant 22222222"),
        ("contoso", &["--entra-tenant", TID], "--subject"),
    ] {
        let said = refused(tenant, words);
        assert!(said.contains(part), "{words:?}: {said}");
    }
}
