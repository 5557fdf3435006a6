//! Freezing: 503 for a while, and nothing is lost; revoking is 401.

use reqwest::Method;
use serde_json::json;
use support::gateway::Gateway;
use support::http::{Feed, Scim, send};

use super::{on_both, there};

async fn is_frozen(scim: &Scim) {
    let body =
        json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "a"}).to_string();
    for (method, path, body) in [
        (Method::GET, "/Users?count=1", None),
        (Method::GET, "/Schemas", None),
        (Method::POST, "/Users", Some(body)),
        (Method::PATCH, "/Users/nobody", Some("{".to_owned())),
        (Method::POST, "/Bulk", Some("{}".to_owned())),
        (Method::DELETE, "/Users/nobody", None),
    ] {
        let mut request = scim.request(method.clone(), path);
        if let Some(body) = body {
            request = request.body(body);
        }
        let answer = send(request).await;
        assert_eq!(answer.status, 503, "{method} {path}: {}", answer.text);
        assert_eq!(answer.header("retry-after"), "300");
        let detail = answer.body["detail"].as_str().expect("a text");
        assert!(
            detail.starts_with(
                "The operator of the gateway has frozen this directory for a while: nothing is read or changed, and nothing is lost. \
                 Leave provisioning switched on"
            ),
            "{detail}"
        );
    }
}

fn freeze(gateway: &Gateway, words: &str) {
    let words: Vec<&str> = words.split(' ').collect();
    gateway.cli(&words);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frozen_directory_answers_503_from_the_next_request_on_and_loses_nothing() {
    on_both(async |one, other| {
        let advisors = one.directory("contoso", "advisors");
        let (here, elsewhere) = (Scim::new(&advisors), Scim::new(&there(&advisors, &one, &other)));
        let rooms = Scim::new(&one.directory("contoso", "rooms"));
        let app = one.app("booking");
        let more = json!({"name": {"givenName": "A", "familyName": "B"}, "addresses": [{"type": "work", "formatted": "x"}]});
        here.create("e1", "ann@contoso.com", more.clone()).await.expect(201);
        elsewhere.get("/Users").await.expect(200);

        freeze(&one, "directory freeze --tenant contoso --profile advisors");
        is_frozen(&here).await;
        is_frozen(&elsewhere).await;
        rooms.get("/Users").await.expect(200);
        assert_eq!(Feed::new(&app).page(0, 10, 0).await.status, 200, "apps go on reading");
        let listed = one.try_cli(&["directory", "list"]);
        let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
        assert!(listed.lines().any(|line| line.contains("advisors") && line.contains("  frozen  ")), "{listed}");
        // Off and frozen is frozen: what is frozen loses nothing.
        one.switch_directory("contoso", "advisors", "off");
        is_frozen(&here).await;
        one.switch_directory("contoso", "advisors", "on");

        freeze(&one, "directory unfreeze --tenant contoso --profile advisors");
        for scim in [&here, &elsewhere] {
            assert_eq!(scim.get("/Users").await.expect(200).total(), 1);
        }
        // What the identity provider sends again is done.
        here.create("e2", "bob@contoso.com", more).await.expect(201);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frozen_tenant_freezes_all_its_directories_and_no_others() {
    on_both(async |one, other| {
        let scims: Vec<Scim> = ["advisors", "rooms"]
            .iter()
            .flat_map(|profile| {
                let directory = one.directory("contoso", profile);
                [Scim::new(&directory), Scim::new(&there(&directory, &one, &other))]
            })
            .collect();
        let theirs = Scim::new(&one.directory("fabrikam", "advisors"));
        for scim in &scims {
            scim.get("/Users").await.expect(200);
        }
        freeze(&one, "tenant freeze contoso");
        // A repeat changes nothing.
        freeze(&one, "tenant freeze contoso");
        for scim in &scims {
            is_frozen(scim).await;
        }
        theirs.get("/Users").await.expect(200);
        freeze(&one, "directory freeze --tenant contoso --profile rooms");
        freeze(&one, "tenant unfreeze contoso");
        for scim in &scims[..2] {
            scim.get("/Users").await.expect(200);
        }
        for scim in &scims[2..] {
            is_frozen(scim).await;
        }
        freeze(&one, "directory unfreeze --tenant contoso --profile rooms");
        scims[2].get("/Users").await.expect(200);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_token_is_a_401_while_its_directory_is_frozen() {
    let gateway = Gateway::embedded().await;
    let directory = gateway.directory("contoso", "advisors");
    freeze(&gateway, "tenant freeze contoso");
    let revoked = gateway.token("contoso", "advisors");
    gateway.cli(&[
        "token",
        "revoke",
        "--tenant",
        "contoso",
        crate::forge::id(&revoked.token),
    ]);
    Scim::new(&revoked).get("/Users").await.expect(401);
    is_frozen(&Scim::new(&directory)).await;
}
