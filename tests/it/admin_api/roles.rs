//! As which database role the admin API works (ADR 0046), and where it is served.

use serde_json::json;
use support::gateway::{Gateway, Settings};
use support::postgres::Postgres;

use super::{Api, api, code, key, on_postgres};

#[tokio::test(flavor = "multi_thread")]
async fn without_the_operators_database_role_it_reads_and_says_which_setting_is_missing() {
    let gateway = Gateway::start(Settings {
        database: Some(Postgres::shared().await.database().await),
        ..Settings::default()
    })
    .await;
    gateway.directory("contoso", "advisors");
    gateway.app("booking");
    let operator = api(&gateway, "--role operator");
    let directory = "/tenants/contoso/directories/advisors";
    for path in [
        "/tenants",
        directory,
        &format!("{directory}/tokens"),
        &format!("{directory}/log"),
        "/apps",
        "/feeds",
        "/api-keys",
    ] {
        operator.get(path).await.expect(200);
    }
    for (path, body) in [
        ("/tenants", json!({"name": "fabrikam"})),
        (&format!("{directory}/tokens"), json!({})),
        ("/apps", json!({"name": "billing"})),
        ("/api-keys", json!({"role": "auditor"})),
    ] {
        let refused = operator.post(path, &body).await.expect(503);
        assert_eq!(code(&refused), "adminDatabase", "{}", refused.text);
        for words in ["admin.database_url", "usher_admin", "use the command line"] {
            assert!(refused.text.contains(words), "{}", refused.text);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_operators_database_is_the_one_that_is_served() {
    let mut settings = on_postgres().await;
    let other = Postgres::shared().await.database().await;
    settings.more = vec![(
        "admin.database_url".to_owned(),
        format!("\"{}\"", other.owner_url),
    )];
    let mut gateway = Gateway::prepared(settings);
    let elsewhere = Gateway::prepared(Settings {
        database: Some(other),
        ..Settings::default()
    });
    gateway.start_without_waiting();
    let ended = gateway.process().wait(std::time::Duration::from_mins(1));
    assert!(!ended.success());
    assert!(
        gateway
            .log()
            .contains("admin.database_url and database.url name two databases"),
        "{}",
        gateway.log()
    );
    drop(elsewhere);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_public_listener_serves_it_only_when_it_is_told_to() {
    for is_public in [false, true] {
        let gateway = Gateway::start(Settings {
            more: vec![("admin.public".to_owned(), is_public.to_string())],
            ..Settings::default()
        })
        .await;
        let operator = key(&gateway, "--role operator");
        Api::new(&gateway.admin_url(), &operator)
            .get("/tenants")
            .await
            .expect(200);
        let public = Api::new(&gateway.url(), &operator);
        for path in ["/tenants", "/openapi.json", "/docs"] {
            let status = public.get(path).await.status;
            assert_eq!(status == 200, is_public, "{path}: {status}");
        }
    }
}
