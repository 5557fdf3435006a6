//! `POST /provisioning/token`: a token of some hours for a program.

use reqwest::RequestBuilder;
use serde_json::{Value, json};
use support::gateway::{Gateway, text};
use support::http::{Answer, send};

use super::{ADVISORS, claims, client, on_both, scim};

fn request(gateway: &Gateway) -> RequestBuilder {
    support::http_client().post(format!("{}/provisioning/token", gateway.url()))
}

fn key(gateway: &Gateway, words: &str) -> String {
    let mut args = vec!["api-key", "create"];
    args.extend(words.split(' '));
    text(&gateway.cli(&args), "key")
}

async fn ask(gateway: &Gateway, key: &str, once: Option<&str>, body: &Value) -> Answer {
    let mut request = request(gateway).bearer_auth(key).json(body);
    if let Some(once) = once {
        request = request.header("Idempotency-Key", once);
    }
    send(request).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_gets_a_token_of_ten_hours_that_is_listed_audited_and_revoked() {
    on_both(async |one, other| {
        one.directory("contoso", "advisors");
        let own = key(&one, "--right token:issue --tenant contoso");
        let made = ask(
            &one,
            &own,
            None,
            &json!({"profile": "advisors", "ttlSeconds": 36_000}),
        )
        .await
        .expect(201);
        assert_eq!(made.header("cache-control"), "no-store");
        assert_eq!(made.body["endpoint"], format!("{}/advisors/scim", one.url()));
        let (token, id) = (text(&made.body, "token"), text(&made.body, "tokenId"));
        let lives = &claims(&token);
        assert_eq!(
            lives["exp"].as_u64().unwrap() - lives["iat"].as_u64().unwrap(),
            36_000
        );
        assert_eq!(lives["jti"], id.as_str());
        let end: chrono::DateTime<chrono::Utc> = text(&made.body, "expiresAt").parse().expect("a time");
        assert!((end.timestamp() - lives["exp"].as_i64().unwrap()).abs() <= 1);
        for gateway in [&one, &other, &one, &other] {
            scim(gateway, ADVISORS, &token).get("/Users").await.expect(200);
            scim(gateway, "/t/contoso/advisors/scim", &token)
                .get("/Users")
                .await
                .expect(200);
            scim(gateway, "/rooms/scim", &token)
                .get("/Users")
                .await
                .expect(401);
        }
        let listed = one.cli(&["token", "list", "--tenant", "contoso"]);
        assert!(listed.to_string().contains(&id) && !listed.to_string().contains(&token));
        let rows = one.cli(&[
            "audit",
            "list",
            "--tenant",
            "contoso",
            "--action",
            "token.provision",
        ]);
        assert_eq!(rows.as_array().unwrap().len(), 1, "{rows}");
        assert_eq!(rows[0]["target"], format!("token:{id}"));
        assert!(
            rows[0]["actor"].as_str().unwrap().starts_with("api-key:"),
            "{rows}"
        );
        assert!(!rows.to_string().contains(&token));
        one.cli(&["token", "revoke", "--tenant", "contoso", &id]);
        for gateway in [&other, &one] {
            scim(gateway, ADVISORS, &token).get("/Users").await.expect(401);
        }
        assert!(!one.log().contains(&token));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeat_with_the_same_key_makes_no_second_token_and_shows_no_secret() {
    on_both(async |one, other| {
        one.directory("contoso", "advisors");
        let own = key(&one, "--right token:issue --tenant contoso --profile advisors");
        let body = json!({"profile": "advisors", "ttlSeconds": 600});
        let first = ask(&one, &own, Some("once-1"), &body).await.expect(201);
        let token = text(&first.body, "token");
        // The order of members does not matter.
        for (gateway, body) in [
            (&one, &body),
            (&other, &json!({"ttlSeconds": 600, "profile": "advisors"})),
        ] {
            let again = ask(gateway, &own, Some("once-1"), body).await.expect(201);
            assert_eq!(again.body["token"], Value::Null, "{}", again.text);
            assert_eq!(
                (&again.body["tokenId"], &again.body["expiresAt"]),
                (&first.body["tokenId"], &first.body["expiresAt"])
            );
            assert_eq!(again.header("idempotent-replayed"), "true");
        }
        scim(&one, ADVISORS, &token).get("/Users").await.expect(200);
        let other_body = ask(
            &one,
            &own,
            Some("once-1"),
            &json!({"profile": "advisors", "ttlSeconds": 601}),
        )
        .await
        .expect(422);
        assert_eq!(other_body.body["code"], "keyReused");
        let rows = one.cli(&[
            "audit",
            "list",
            "--tenant",
            "contoso",
            "--action",
            "token.provision",
        ]);
        assert_eq!(rows.as_array().unwrap().len(), 1, "{rows}");
        // Another caller's key of the same text is another one.
        let client = client(&one, "contoso", "advisors");
        let mut ids = Vec::new();
        for _ in 0..2 {
            let request = request(&one)
                .basic_auth(&client.id, Some(&client.secret))
                .header("Idempotency-Key", "once-1");
            let made = send(request.json(&body)).await.expect(201);
            ids.push(made.body["tokenId"].clone());
        }
        assert_eq!(ids[0], ids[1]);
        assert_ne!(ids[0], first.body["tokenId"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_gets_one_too_which_ends_with_the_client() {
    on_both(async |one, other| {
        one.directory("contoso", "advisors");
        let client = client(&one, "contoso", "advisors");
        let ask = |body: Value| {
            send(
                request(&one)
                    .basic_auth(&client.id, Some(&client.secret))
                    .json(&body),
            )
        };
        let made = ask(json!({"profile": "advisors", "tenant": "contoso"}))
            .await
            .expect(201);
        let token = text(&made.body, "token");
        assert_eq!(claims(&token)["sub"], client.id.as_str());
        scim(&other, ADVISORS, &token).get("/Users").await.expect(200);
        ask(json!({"profile": "rooms"})).await.expect(404);
        ask(json!({"profile": "advisors", "tenant": "fabrikam"}))
            .await
            .expect(404);
        let rows = one.cli(&[
            "audit",
            "list",
            "--tenant",
            "contoso",
            "--action",
            "token.provision",
        ]);
        assert_eq!(rows[0]["actor"], format!("client:{}", client.id), "{rows}");
        one.cli(&["client", "revoke", "--tenant", "contoso", &client.id]);
        scim(&other, ADVISORS, &token).get("/Users").await.expect(401);
        ask(json!({"profile": "advisors"})).await.expect(401);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_not_be_asked_for_is_refused_with_the_field() {
    on_both(async |one, _| {
        let pasted = one.directory("contoso", "advisors").token;
        one.directory("fabrikam", "advisors");
        let own = key(&one, "--right token:issue --tenant contoso");
        for (body, field) in [
            (json!({"profile": "advisors", "ttlSeconds": 36_001}), "ttlSeconds"),
            (json!({"profile": "advisors", "ttlSeconds": 59}), "ttlSeconds"),
            (json!({"profile": "advisors", "ttlSeconds": "600"}), "ttlSeconds"),
            (json!({"profile": "advisors", "ttlSeconds": -1}), "ttlSeconds"),
            (json!({"profile": 7}), "profile"),
        ] {
            let answer = ask(&one, &own, None, &body).await.expect(400);
            assert_eq!(answer.header("content-type"), "application/problem+json");
            assert_eq!(
                (&answer.body["code"], &answer.body["field"]),
                (&json!("invalidValue"), &json!(field)),
                "{}",
                answer.text
            );
        }
        for body in [json!({}), json!({"profile": "advisors", "more": 1})] {
            ask(&one, &own, None, &body).await.expect(400);
        }
        let everywhere = key(&one, "--right token:issue");
        let answer = ask(&one, &everywhere, None, &json!({"profile": "advisors"}))
            .await
            .expect(400);
        assert_eq!(answer.body["field"], "tenant");
        ask(
            &one,
            &everywhere,
            None,
            &json!({"profile": "advisors", "tenant": "fabrikam"}),
        )
        .await
        .expect(201);
        // Another tenant's looks as if it were not there.
        let theirs = ask(
            &one,
            &own,
            None,
            &json!({"profile": "advisors", "tenant": "fabrikam"}),
        )
        .await
        .expect(404);
        let nobodys = ask(
            &one,
            &own,
            None,
            &json!({"profile": "advisors", "tenant": "nobody"}),
        )
        .await
        .expect(404);
        assert_eq!(theirs.text.replace("fabrikam", "nobody"), nobodys.text);
        let reader = key(&one, "--right token:read --tenant contoso");
        ask(&one, &reader, None, &json!({"profile": "advisors"}))
            .await
            .expect(403);
        for wrong in [pasted.as_str(), "", "eyJhbGciOiJub25lIn0.e30."] {
            ask(&one, wrong, None, &json!({"profile": "advisors"}))
                .await
                .expect(401);
        }
        send(support::http_client().get(format!("{}/provisioning/token", one.url())))
            .await
            .expect(405);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_caller_gets_only_so_many_and_is_told_when_to_ask_again() {
    on_both(async |one, _| {
        one.directory("contoso", "advisors");
        let own = key(&one, "--right token:issue --tenant contoso");
        let body = json!({"profile": "advisors", "ttlSeconds": 60});
        let mut refused = None;
        for _ in 0..12 {
            let answer = ask(&one, &own, None, &body).await;
            if answer.status == 429 {
                refused = Some(answer);
                break;
            }
            answer.expect(201);
        }
        let refused = refused.expect("a limit");
        assert_eq!(refused.body["code"], "tooMany");
        let seconds: u64 = refused.header("retry-after").parse().expect("seconds");
        assert!((1..=31).contains(&seconds), "{seconds}");
        // Another caller has a limit of his own.
        let other = key(&one, "--right token:issue --tenant contoso");
        ask(&one, &other, None, &body).await.expect(201);
    })
    .await;
}
