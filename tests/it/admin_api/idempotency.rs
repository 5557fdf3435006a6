//! A creation with an Idempotency-Key is made once (ADR 0049): whoever asks again, at the same moment or after a crash, gets the first
//! answer without its secrets.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};
use sqlx::{Connection as _, Executor as _, Row as _};
use support::gateway::{Gateway, Settings, text};
use support::http::{Answer, send, try_send};

use super::{Api, api, code, on_both, on_postgres};

const ENTRA: &str = "0d3e6f0c-8f5c-4a34-9d0e-7a9d0d2b6c11";
const DIRECTORIES: &str = "/tenants/contoso/directories";
const TOKENS: &str = "/tenants/contoso/directories/advisors/tokens";

impl Api {
    fn keyed(&self, path: &str, body: &Value, key: &str) -> reqwest::RequestBuilder {
        let request = self.client.request(Method::POST, format!("{}{path}", self.base));
        request
            .bearer_auth(&self.key)
            .header("Idempotency-Key", key)
            .json(body)
    }

    async fn once(&self, path: &str, body: &Value, key: &str) -> Answer {
        send(self.keyed(path, body, key)).await
    }
}

/// The first answer without its secrets.
fn without(first: &Value, secrets: &[&str]) -> Value {
    let mut kept = first.clone();
    for secret in secrets {
        kept[*secret] = Value::Null;
    }
    kept
}

/// Everything that the table holds, as text.
async fn rows(gateway: &Gateway) -> String {
    let sql = "SELECT caller || ' ' || key || ' ' || digest || ' ' || coalesce(answer, '') AS text FROM idempotency";
    let mut texts = Vec::new();
    if let Some(database) = gateway.database() {
        let mut connection = sqlx::PgConnection::connect(&database.owner_url)
            .await
            .expect("a connection");
        let found = sqlx::query(sql).fetch_all(&mut connection).await.expect("rows");
        texts.extend(found.iter().map(|row| row.get::<String, _>("text")));
    } else {
        let mut connection = sqlx::SqliteConnection::connect(&gateway.database_url())
            .await
            .expect("a connection");
        let found = sqlx::query(sql).fetch_all(&mut connection).await.expect("rows");
        texts.extend(found.iter().map(|row| row.get::<String, _>("text")));
    }
    texts.join("\n")
}

async fn change(gateway: &Gateway, sql: &'static str) {
    if gateway.database().is_some() {
        let mut connection = sqlx::PgConnection::connect(&gateway.database_url())
            .await
            .expect("a connection");
        connection.execute(sql).await.expect("a change");
    } else {
        let mut connection = sqlx::SqliteConnection::connect(&gateway.database_url())
            .await
            .expect("a connection");
        connection.execute(sql).await.expect("a change");
    }
}

/// The operations of the document that create.
fn creations(document: &Value) -> BTreeSet<String> {
    let paths = document["paths"].as_object().expect("paths");
    let creates = paths
        .iter()
        .filter(|(_, item)| item["post"]["responses"]["201"].is_object());
    creates
        .map(|(path, _)| path.trim_start_matches("/admin/v1").to_owned())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_creation_is_made_once_and_repeated_without_its_secrets() {
    on_both(async |gateway| {
        let operator = api(&gateway, "--role operator");
        let mut left = creations(&operator.get("/openapi.json").await.expect(200).body);
        let mut secrets = Vec::new();
        let mut number = 0;
        let mut twice = async |route: &str, path: &str, body: Value, shown: &[&str]| {
            assert!(left.remove(route), "{route}");
            number += 1;
            let key = format!("canary-key-{number}");
            let first = operator.once(path, &body, &key).await.expect(201);
            assert_eq!(first.header("idempotent-replayed"), "");
            secrets.extend(shown.iter().map(|member| text(&first.body, member)));
            for _ in 0..2 {
                let again = operator.once(path, &body, &key).await.expect(201);
                assert_eq!(again.header("idempotent-replayed"), "true");
                assert_eq!(again.body, without(&first.body, shown), "{path}");
            }
            first.body
        };
        twice(
            "/tenants",
            "/tenants",
            json!({"name": "contoso", "externalTenantId": ENTRA}),
            &[],
        )
        .await;
        let of_tenant = "/tenants/{tenant}/directories";
        twice(of_tenant, DIRECTORIES, json!({"profile": "advisors"}), &[]).await;
        let of_directory = format!("{of_tenant}/{{profile}}/tokens");
        twice(
            &of_directory,
            TOKENS,
            json!({"label": "Entra", "ttlSeconds": 86400}),
            &["token"],
        )
        .await;
        let rotate = format!("{of_directory}/rotate");
        twice(&rotate, &format!("{TOKENS}/rotate"), json!({}), &["token"]).await;
        let of_clients = format!("{of_tenant}/{{profile}}/clients");
        let clients = format!("{DIRECTORIES}/advisors/clients");
        let client = twice(
            &of_clients,
            &clients,
            json!({"label": "Entra"}),
            &["clientSecret"],
        )
        .await;
        let secrets_of = format!("{clients}/{}/secrets", text(&client, "clientId"));
        let of_secrets = format!("{of_clients}/{{client}}/secrets");
        twice(&of_secrets, &secrets_of, json!({}), &["clientSecret"]).await;
        let continuity = format!("{DIRECTORIES}/advisors/continuity");
        let entra = json!({"entraTenant": ENTRA, "servicePrincipal": ENTRA, "job": "scim.1"});
        operator.post(&continuity, &entra).await.expect(200);
        let of_renewals = format!("{of_tenant}/{{profile}}/continuity/renewals");
        twice(&of_renewals, &format!("{continuity}/renewals"), json!({}), &[]).await;
        let shown = ["credential", "redisPassword"];
        twice("/apps", "/apps", json!({"name": "booking"}), &shown).await;
        let rotate = "/apps/{app}/credentials/rotate";
        twice(rotate, "/apps/booking/credentials/rotate", json!({}), &shown).await;
        let key = twice("/api-keys", "/api-keys", json!({"role": "auditor"}), &["key"]).await;
        let rotate = format!("/api-keys/{}/rotate", text(&key, "id"));
        twice("/api-keys/{key}/rotate", &rotate, json!({}), &["key"]).await;
        assert_eq!(left, BTreeSet::new(), "these create, too: give them a line here");

        let count = async |path: &str| {
            operator.get(path).await.expect(200).body["items"]
                .as_array()
                .map(Vec::len)
        };
        assert_eq!(count("/tenants").await, Some(1));
        assert_eq!(count(TOKENS).await, Some(2));
        assert_eq!(count("/apps/booking/credentials").await, Some(2));
        assert_eq!(
            count("/api-keys").await,
            Some(3),
            "the operator's, and the two that were made"
        );

        let kept = rows(&gateway).await;
        assert_eq!(kept.lines().count(), 11, "{kept}");
        secrets.push("canary-key".to_owned());
        for secret in secrets.iter().chain([&operator.key]) {
            let secret = secret.split('_').nth(3).unwrap_or(secret);
            assert!(!kept.contains(secret), "{kept}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_stands_for_one_request_of_one_caller() {
    on_both(async |gateway| {
        let operator = api(&gateway, "--role operator");
        gateway.directory("contoso", "advisors");
        let body = json!({"label": "Entra", "ttlSeconds": 86400});
        let first = operator.once(TOKENS, &body, "k").await.expect(201);
        for (path, other) in [
            (TOKENS, json!({"label": "Okta", "ttlSeconds": 86400})),
            (TOKENS, json!({})),
            (&format!("{TOKENS}/rotate"), json!({})),
            ("/tenants", json!({"name": "fabrikam"})),
        ] {
            let refused = operator.once(path, &other, "k").await.expect(422);
            assert_eq!(
                (code(&refused), &refused.body["field"]),
                ("keyReused", &json!("Idempotency-Key"))
            );
            assert!(refused.text.contains("send a new key"), "{}", refused.text);
        }
        operator.get("/tenants/fabrikam").await.expect(404);
        // The order of members is no other request.
        let turned = json!({"ttlSeconds": 86400, "label": "Entra"});
        let again = operator.once(TOKENS, &turned, "k").await.expect(201);
        assert_eq!(again.body["id"], first.body["id"]);
        // Another caller's key is another key, and a caller without the right gets no answer.
        let owner = api(&gateway, "--role owner --tenant contoso");
        let own = owner.once(TOKENS, &body, "k").await.expect(201);
        assert_ne!(own.body["id"], first.body["id"]);
        assert_eq!(own.header("idempotent-replayed"), "");
        let viewer = api(&gateway, "--role viewer --tenant contoso");
        viewer.once(TOKENS, &body, "k").await.expect(403);
        // A refusal is not kept: what was wrong can be mended.
        let taken = operator
            .once("/tenants", &json!({"name": "contoso"}), "t")
            .await
            .expect(409);
        assert_eq!(code(&taken), "exists");
        operator
            .once("/tenants", &json!({"name": "x y"}), "t")
            .await
            .expect(400);
        operator
            .once("/tenants", &json!({"name": "fabrikam"}), "t")
            .await
            .expect(201);
        for key in ["", "two words", &"k".repeat(256), "café"] {
            let refused = operator
                .once("/tenants", &json!({"name": "third"}), key)
                .await
                .expect(400);
            assert_eq!(
                (code(&refused), &refused.body["field"]),
                ("invalidValue", &json!("Idempotency-Key"))
            );
        }
        let twice = operator
            .keyed("/tenants", &json!({"name": "third"}), "a")
            .header("Idempotency-Key", "b");
        send(twice).await.expect(400);
        operator
            .once("/tenants", &json!({"name": "third"}), &"k".repeat(255))
            .await
            .expect(201);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_requests_at_the_same_moment_one_creates_and_the_others_wait_or_repeat() {
    on_both(async |gateway| {
        gateway.directory("contoso", "advisors");
        let twin = gateway.twin().await;
        let key = super::key(&gateway, "--role operator");
        let both = [
            Api::new(&gateway.admin_url(), &key),
            Api::new(&twin.admin_url(), &key),
        ];
        let body = json!({"label": "once"});
        let requests = (0..12).map(|number| both[number % 2].once(TOKENS, &body, "k"));
        let answers = futures_util::future::join_all(requests).await;
        let mut made = Vec::new();
        for answer in &answers {
            match answer.status {
                201 if answer.body["token"].is_string() => made.push(text(&answer.body, "id")),
                201 => assert_eq!(answer.header("idempotent-replayed"), "true"),
                _ => {
                    assert_eq!(
                        (answer.status, code(answer)),
                        (409, "keyInUse"),
                        "{}",
                        answer.text
                    );
                    assert_eq!(answer.header("retry-after"), "1");
                }
            }
        }
        assert_eq!(made.len(), 1, "{answers:?}");
        for api in &both {
            let again = api.once(TOKENS, &body, "k").await.expect(201);
            assert_eq!(text(&again.body, "id"), made[0]);
        }
    })
    .await;
}

/// Creations under way when the process is killed are, after a restart, made once: whether the answer had come or not.
#[tokio::test(flavor = "multi_thread")]
async fn a_repeat_after_kill_9_creates_nothing_twice() {
    for settings in [Settings::default(), on_postgres().await] {
        let mut gateway = Gateway::start(settings).await;
        gateway.directory("contoso", "advisors");
        let operator = api(&gateway, "--role operator");
        for round in 0..4_u64 {
            let name = |number: usize| format!("r{round}-n{number}");
            let requests: Vec<_> = (0..24)
                .map(|number| {
                    let request = operator.keyed("/tenants", &json!({"name": name(number)}), &name(number));
                    tokio::spawn(try_send(request))
                })
                .collect();
            // Some are done by then, some not: what holds must hold for each.
            tokio::time::sleep(std::time::Duration::from_millis(4 + 9 * round)).await;
            gateway.kill9();
            for request in requests {
                let _ = request.await.expect("a task");
            }
            gateway.restart().await;
            // As after half a minute, when the claims of the killed process have ended.
            change(
                &gateway,
                "UPDATE idempotency SET claimed_until = 0 WHERE answer IS NULL",
            )
            .await;
            for number in 0..24 {
                let body = json!({"name": name(number)});
                let answer = operator.once("/tenants", &body, &name(number)).await.expect(201);
                let found = operator
                    .get(&format!("/tenants/{}", name(number)))
                    .await
                    .expect(200);
                assert_eq!(answer.body, found.body, "the answer is of what there is");
            }
        }
        let all = operator.get("/tenants?limit=500").await.expect(200);
        assert_eq!(all.body["items"].as_array().map(Vec::len), Some(1 + 4 * 24));
    }
}
