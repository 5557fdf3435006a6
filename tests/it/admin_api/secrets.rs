//! No answer but the one that made a secret has it, and no tenant sees what another one of the same names has.

use reqwest::Method;
use serde_json::{Value, json};
use sqlx::Connection as _;
use support::gateway::{Gateway, text};
use support::http::{Scim, send};

use super::{Api, api, on_both};
use crate::forge::id;

/// The secret part of a credential.
fn secret(credential: &str) -> String {
    credential.split('_').nth(3).expect("a secret").to_owned()
}

/// The private parts of the keys that sign access tokens.
async fn private_keys(gateway: &Gateway) -> Vec<String> {
    let asked = "SELECT pkcs8 FROM oauth_key";
    let url = gateway.database_url();
    let found: Vec<String> = if gateway.database().is_some() {
        let mut connection = sqlx::PgConnection::connect(&url).await.expect("a connection");
        sqlx::query_scalar(asked)
            .fetch_all(&mut connection)
            .await
            .expect("keys")
    } else {
        let mut connection = sqlx::SqliteConnection::connect(&url).await.expect("a connection");
        sqlx::query_scalar(asked)
            .fetch_all(&mut connection)
            .await
            .expect("keys")
    };
    assert!(!found.is_empty());
    found
}

/// What a command prints; it must succeed.
fn printed(gateway: &Gateway, words: &str) -> String {
    let output = gateway.try_cli(&words.split(' ').collect::<Vec<_>>());
    let said =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{words}: {said}");
    said
}

#[tokio::test(flavor = "multi_thread")]
async fn no_read_path_has_a_secret() {
    on_both(async |gateway| {
        let operator = api(&gateway, "--role operator");
        let mut secrets = vec![secret(&operator.key)];
        let mut made = async |path: &str, body: Value, members: &[&str]| {
            let answer = operator.post(path, &body).await.expect(201);
            let new = members.iter().map(|member| secret(&text(&answer.body, member)));
            secrets.extend(new);
            answer.body
        };
        let directory = "/tenants/contoso/directories";
        made("/tenants", json!({"name": "contoso"}), &[]).await;
        made(directory, json!({"profile": "advisors"}), &[]).await;
        let tokens = format!("{directory}/advisors/tokens");
        let token = made(&tokens, json!({"label": "Entra"}), &["token"]).await;
        made(&format!("{tokens}/rotate"), json!({}), &["token"]).await;
        made("/apps", json!({"name": "booking"}), &["credential", "redisPassword"]).await;
        made("/apps/booking/credentials/rotate", json!({}), &["credential"]).await;
        let key = made("/api-keys", json!({"role": "auditor"}), &["key"]).await;
        made(&format!("/api-keys/{}/rotate", text(&key, "id")), json!({}), &["key"]).await;
        let clients = format!("{directory}/advisors/clients");
        let client = made(&clients, json!({}), &["clientSecret"]).await;
        let (client, client_secret) = (text(&client, "clientId"), text(&client, "clientSecret"));
        made(&format!("{clients}/{client}/secrets"), json!({}), &["clientSecret"]).await;
        assert_eq!(secrets.len(), 10);
        // An access token of the client, a program's token, and the keys that sign both.
        let form = format!("grant_type=client_credentials&client_id={client}&client_secret={client_secret}");
        let request = support::http_client().post(format!("{}/oauth/token", gateway.url()));
        let request = request.header("Content-Type", "application/x-www-form-urlencoded").body(form);
        let access = text(&send(request).await.expect(200).body, "access_token");
        let request = support::http_client().post(format!("{}/provisioning/token", gateway.url()));
        let request = request.bearer_auth(&operator.key).json(&json!({"tenant": "contoso", "profile": "advisors"}));
        let program = text(&send(request).await.expect(201).body, "token");
        for token in [&access, &program] {
            secrets.push(token.rsplit('.').next().expect("a signature").to_owned());
        }
        secrets.extend(private_keys(&gateway).await);
        assert!(secrets.len() >= 13, "{}", secrets.len());
        let entra = "0d3e6f0c-8f5c-4a34-9d0e-7a9d0d2b6c11";
        let continuity = json!({"entraTenant": entra, "servicePrincipal": entra, "job": "scim.1"});
        operator.post(&format!("{directory}/advisors/continuity"), &continuity).await.expect(200);

        let scim = Scim::at(&text(&token, "tenantUrl"), Some(format!("Bearer {}", text(&token, "token"))));
        let created = scim.create("e1", "ann@contoso.com", json!({"name": {"givenName": "A", "familyName": "B"}, "addresses": [{"type": "work", "formatted": "x"}]})).await.expect(201);
        let request = format!("req_{}", created.header("request-id").trim_start_matches("req_"));

        let document = operator.get("/openapi.json").await.expect(200).body;
        let mut read = 0;
        for (path, item) in document["paths"].as_object().expect("paths") {
            if !item["get"].is_object() {
                continue;
            }
            let path = path.strip_prefix("/admin/v1").expect("the prefix");
            let names = [("{tenant}", "contoso"), ("{profile}", "advisors"), ("{app}", "booking"), ("{client}", &client), ("{row}", "1"), ("{request}", &request)];
            let mut path = names.iter().fold(path.to_owned(), |path, (name, value)| path.replace(name, value));
            if path.ends_with("/unmasked") {
                path += "?reason=a+test";
            } else if path == "/people" {
                path += "?userName=ann%40contoso.com";
            }
            let answer = operator.get(&path).await.expect(200);
            holds_none(&answer.text, &secrets, &path);
            read += 1;
        }
        assert!(read > 8, "{read}");
        for words in [
            "tenant list",
            "directory list --tenant contoso",
            "token list --tenant contoso",
            "token continuity list --tenant contoso --profile advisors",
            "directory continuity show --tenant contoso --profile advisors",
            "client list --tenant contoso",
            "oauth-key list",
            "app list",
            "app list-credentials booking",
            "app policy show booking",
            "api-key list",
            "feed list",
            "job list",
            "log list --tenant contoso",
            "log export --tenant contoso",
            "audit list",
            "audit export",
            "check-config",
        ] {
            holds_none(&printed(&gateway, words), &secrets, words);
            if words != "audit export" && words != "log export --tenant contoso" {
                holds_none(&printed(&gateway, &format!("{words} --json")), &secrets, words);
            }
        }
        let public = ["/oauth/jwks", "/.well-known/oauth-authorization-server", "/health/ready"];
        let public = public.map(|page| format!("{}{page}", gateway.url()));
        let admin = ["/metrics", "/health/ready", "/admin/v1/docs"].map(|page| format!("{}{page}", gateway.admin_url()));
        for url in public.into_iter().chain(admin) {
            let page = url.as_str();
            let answer = send(support::http_client().get(page)).await.expect(200);
            holds_none(&answer.text, &secrets, page);
        }
        // What ends a credential shows it without its secret, too.
        for path in [
            format!("{tokens}/{}/revoke", text(&token, "id")),
            format!("{clients}/{client}/end-tokens"),
            format!("{clients}/{client}/revoke"),
            format!("/api-keys/{}/revoke", text(&key, "id")),
            "/tenants/contoso/tokens/revoke-all".to_owned(),
            "/tenants/contoso/freeze".to_owned(),
            "/tenants/contoso/unfreeze".to_owned(),
        ] {
            let body = match path.rsplit('/').next() {
                Some("revoke-all") => json!({"reason": "a test", "confirm": "contoso"}),
                Some("freeze") => json!({"reason": "a test"}),
                _ => json!({}),
            };
            let answer = operator.post(&path, &body).await.expect(200);
            holds_none(&answer.text, &secrets, &path);
        }
        let deleted = operator.delete("/apps/booking").await.expect(200);
        holds_none(&deleted.text, &secrets, "the end of an app");
        scim.get("/Users").await.expect(401);
        holds_none(&gateway.log(), &secrets, "the log");
    })
    .await;
}

#[track_caller]
fn holds_none(text: &str, secrets: &[String], place: &str) {
    for secret in secrets {
        assert!(!text.contains(secret.as_str()), "{place} has a secret: {text}");
    }
    assert!(!text.contains("$argon2"), "{place} has a hash: {text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_tenants_with_the_same_things_never_meet() {
    on_both(async |gateway| {
        let [contoso, fabrikam] = ["contoso", "fabrikam"].map(|tenant| gateway.directory(tenant, "advisors"));
        let body = json!({"name": {"givenName": "A", "familyName": "B"}, "addresses": [{"type": "work", "formatted": "canary-fabrikam"}]});
        Scim::new(&fabrikam).create("e1", "canary@fabrikam.com", body).await.expect(201);
        let owner = api(&gateway, "--role owner --tenant contoso");
        let directory = "/tenants/contoso/directories/advisors";
        for path in ["/tenants/contoso/directories".to_owned(), directory.to_owned(), format!("{directory}/tokens"), format!("{directory}/log")] {
            let answer = owner.get(&path).await.expect(200);
            for foreign in ["fabrikam", "canary", id(&fabrikam.token)] {
                assert!(!answer.text.contains(foreign), "{path}: {}", answer.text);
            }
        }
        // Another tenant's things look like those that do not exist.
        for (foreign, unknown) in [
            ("/tenants/fabrikam/directories", "/tenants/nobody/directories"),
            ("/tenants/fabrikam/directories/advisors", "/tenants/nobody/directories/advisors"),
            ("/tenants/fabrikam/directories/advisors/log", "/tenants/nobody/directories/advisors/log"),
        ] {
            let (one, other) = (owner.get(foreign).await.expect(404), owner.get(unknown).await.expect(404));
            assert_eq!(one.text.replace("fabrikam", "nobody"), other.text);
        }
        // Nor is a foreign token reached through one's own directory.
        for token in [&fabrikam.token, &forged_id(&contoso.token)] {
            let revoke = format!("{directory}/tokens/{}/revoke", id(token));
            owner.post(&revoke, &json!({})).await.expect(404);
        }
        Scim::new(&fabrikam).get("/Users").await.expect(200);
        Scim::new(&contoso).get("/Users").await.expect(200);
    })
    .await;
}

/// A token of an id that nobody has.
fn forged_id(token: &str) -> String {
    token.replace(id(token), "000000000000")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_of_one_directory_reaches_no_token_of_another_one() {
    on_both(async |gateway| {
        let [advisors, rooms] = ["advisors", "rooms"].map(|profile| gateway.directory("contoso", profile));
        let key = api(
            &gateway,
            "--right token:revoke --tenant contoso --profile advisors",
        );
        let revoke = |profile: &str, token: &str| {
            format!(
                "/tenants/contoso/directories/{profile}/tokens/{}/revoke",
                id(token)
            )
        };
        key.post(&revoke("rooms", &rooms.token), &json!({}))
            .await
            .expect(404);
        key.post(&revoke("advisors", &rooms.token), &json!({}))
            .await
            .expect(404);
        Scim::new(&rooms).get("/Users").await.expect(200);
        key.post(&revoke("advisors", &advisors.token), &json!({}))
            .await
            .expect(200);
        Scim::new(&advisors).get("/Users").await.expect(401);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_or_method_that_is_not_there_says_where_to_look() {
    on_both(async |gateway| {
        let operator = api(&gateway, "--role operator");
        let nowhere = operator.get("/tenant").await.expect(404);
        assert!(nowhere.text.contains("/admin/v1/docs"), "{}", nowhere.text);
        let wrong = operator.send(Method::PUT, "/tenants", None).await.expect(405);
        assert_eq!(wrong.header("allow"), "GET, HEAD, POST");
        let head = operator.send(Method::HEAD, "/tenants", None).await.expect(200);
        assert_eq!(head.text, "");
        for body in ["[]", "{\"name\":", "{\"name\":\"a\",\"name\":\"b\"}"] {
            let request = support::http_client().post(format!("{}/admin/v1/tenants", gateway.admin_url()));
            let answer = send(request.bearer_auth(&operator.key).body(body))
                .await
                .expect(400);
            assert_eq!(super::code(&answer), "invalidBody", "{}", answer.text);
        }
        let _ = Api::new(&gateway.admin_url(), "").get("/docs").await.expect(200);
    })
    .await;
}
