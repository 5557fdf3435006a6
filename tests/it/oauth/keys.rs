//! The keys that sign: rotation without a gap, and at once when they leaked.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value;
use support::gateway::Gateway;
use support::http::send;

use super::{ADVISORS, access_token, client, on_both, part, scim};
use crate::operations::sql;

async fn published(gateway: &Gateway) -> Vec<String> {
    let answer = send(support::http_client().get(format!("{}/oauth/jwks", gateway.url())))
        .await
        .expect(200);
    let keys = answer.body["keys"].as_array().expect("keys");
    keys.iter()
        .map(|key| key["kid"].as_str().expect("a name").to_owned())
        .collect()
}

fn kid(token: &str) -> Value {
    part(token, 0)["kid"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_of_keys_under_traffic_refuses_no_request() {
    on_both(async |one, other| {
        one.directory("contoso", "advisors");
        let client = client(&one, "contoso", "advisors");
        let old = access_token(&one, &client).await;
        let stop = AtomicBool::new(false);
        let tokens = Mutex::new(vec![old.clone()]);
        let traffic = async {
            while !stop.load(Ordering::Relaxed) {
                let present = tokens.lock().unwrap().clone();
                for token in present {
                    for gateway in [&one, &other] {
                        scim(gateway, ADVISORS, &token)
                            .get("/Users?count=1")
                            .await
                            .expect(200);
                    }
                }
            }
        };
        let rotation = async {
            let made = one.cli(&["oauth-key", "rotate"]);
            let (new, previous) = (made["id"].as_str().unwrap().to_owned(), kid(&old));
            assert_eq!(made["signs"], false, "it is published before it signs: {made}");
            for gateway in [&one, &other] {
                support::wait::until(
                    "the new key to be published",
                    std::time::Duration::from_mins(1),
                    || async { published(gateway).await.contains(&new).then_some(()) },
                )
                .await;
                let token = access_token(gateway, &client).await;
                assert_eq!(kid(&token), previous);
                tokens.lock().unwrap().push(token);
            }
            // Ten minutes later.
            sql(
                &one,
                &format!("UPDATE oauth_key SET signs_from = created_at WHERE id = '{new}'"),
            )
            .await;
            for gateway in [&one, &other] {
                let token = support::wait::until(
                    "the new key to sign",
                    std::time::Duration::from_mins(1),
                    || async {
                        let token = access_token(gateway, &client).await;
                        // A client may not ask as often as it likes.
                        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
                        (kid(&token) == new.as_str()).then_some(token)
                    },
                )
                .await;
                tokens.lock().unwrap().push(token);
                assert!(
                    published(gateway)
                        .await
                        .iter()
                        .any(|kid| previous == kid.as_str()),
                    "what the old one signed lives on"
                );
            }
            stop.store(true, Ordering::Relaxed);
        };
        tokio::join!(traffic, rotation);
        let listed = one.cli(&["oauth-key", "list"]);
        assert!(!listed.to_string().contains("pkcs8"), "{listed}");
        assert_eq!(
            listed
                .as_array()
                .unwrap()
                .iter()
                .filter(|key| key["signs"] == true)
                .count(),
            1
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_that_leaked_end_every_access_token_within_seconds() {
    on_both(async |one, other| {
        one.directory("contoso", "advisors");
        let client = client(&one, "contoso", "advisors");
        let token = access_token(&one, &client).await;
        for gateway in [&one, &other] {
            scim(gateway, ADVISORS, &token).get("/Users").await.expect(200);
        }
        one.cli(&["oauth-key", "rotate", "--now"]);
        for gateway in [&one, &other] {
            support::wait::until(
                "the old key to be gone",
                std::time::Duration::from_mins(1),
                || async {
                    (scim(gateway, ADVISORS, &token).get("/Users").await.status == 401).then_some(())
                },
            )
            .await;
            let new = access_token(gateway, &client).await;
            scim(&one, ADVISORS, &new).get("/Users").await.expect(200);
            scim(&other, ADVISORS, &new).get("/Users").await.expect(200);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_servers_role_reads_the_private_part() {
    let database = support::postgres::Postgres::shared().await.database().await;
    let settings = support::gateway::Settings {
        database: Some(database.clone()),
        ..Default::default()
    };
    let gateway = Gateway::start(settings).await;
    gateway.directory("contoso", "advisors");
    let client = client(&gateway, "contoso", "advisors");
    access_token(&gateway, &client).await;
    gateway.cli(&["oauth-key", "list"]);
    for (url, may) in [(&database.app_url, true), (&database.admin_url, false)] {
        let mut connection = <sqlx::PgConnection as sqlx::Connection>::connect(url)
            .await
            .unwrap();
        let read = sqlx::Executor::execute(&mut connection, "SELECT pkcs8 FROM oauth_key").await;
        assert_eq!(read.is_ok(), may, "{read:?}");
    }
}
