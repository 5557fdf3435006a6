//! Whole answers beside their snapshots: what a client, an operator or a terminal sees of the commonest refusals and lists.

use reqwest::Method;
use serde_json::{Value, json};
use support::gateway::{Gateway, Settings};
use support::http::{Feed, Scim, send};
use support::postgres::Postgres;

use crate::snapshot::{answer_matches, json_matches, matches};

async fn on_both(test: impl AsyncFn(Gateway)) {
    let database = Some(Postgres::shared().await.database().await);
    let postgres = Settings {
        database,
        ..Settings::default()
    };
    for settings in [Settings::default(), postgres] {
        test(Gateway::start(settings).await).await;
    }
}

fn person(user_name: &str, external_id: &str) -> Value {
    json!({"userName": user_name, "externalId": external_id, "displayName": "Mette Holm", "active": true,
           "name": {"givenName": "Mette", "familyName": "Holm"},
           "addresses": [{"type": "work", "formatted": "Aarhus 3"}]})
}

#[tokio::test(flavor = "multi_thread")]
async fn resources_and_refusals_read_as_they_did() {
    on_both(async |gateway| {
        let scim = Scim::new(&gateway.directory("contoso", "advisors"));
        let made = scim
            .post("/Users", &person("mette@contoso.example", "o-1"))
            .await
            .expect(201);
        answer_matches("scim_user", &made);
        let id = made.id();
        let user = format!("/Users/{id}");
        let operation =
            |path: &str| json!({"Operations": [{"op": "replace", "path": path, "value": "x"}]}).to_string();
        let missing = "/Users/idn_00000000000000000000000000000007";
        let required = json!({"userName": "amy@contoso.example"}).to_string();
        let twice = person("METTE@contoso.example", "o-2").to_string();
        for (name, method, path, body) in [
            (
                "list",
                "GET",
                "/Users?filter=userName+eq+%22mette@contoso.example%22",
                "",
            ),
            ("no_match", "GET", "/Users?filter=userName+eq+%22nobody%22", ""),
            ("uniqueness", "POST", "/Users", &*twice),
            ("required", "POST", "/Users", &*required),
            ("no_json", "POST", "/Users", "{\"userName\": bob}"),
            ("filter_attribute", "GET", "/Users?filter=shoeSize+eq+1", ""),
            ("filter_syntax", "GET", "/Users?filter=userName+zz+%22x%22", ""),
            ("path", "PATCH", &*user, &*operation("shoeSize[")),
            ("no_operations", "PATCH", &*user, "{}"),
            ("not_found", "GET", missing, ""),
            (
                "no_groups",
                "GET",
                "/Groups/grp_00000000000000000000000000000007",
                "",
            ),
            ("method", "DELETE", "/Users", ""),
        ] {
            let method = Method::from_bytes(method.as_bytes()).unwrap();
            let request = scim
                .request(method, path)
                .header("content-type", "application/scim+json");
            answer_matches(
                &format!("scim_{name}"),
                &send(request.body(body.to_owned())).await,
            );
        }
        let stale = scim.request(Method::DELETE, &user).header("if-match", "W/\"9\"");
        answer_matches("scim_precondition", &send(stale).await);
        let unknown = support::http_client().get(format!("{}/advisors/scim/Users", gateway.url()));
        answer_matches("scim_unauthorized", &send(unknown).await);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_of_the_command_line_read_as_they_did() {
    on_both(async |gateway| {
        let lists = |lists: &[(&str, &str)]| {
            for (name, command) in lists {
                let output = gateway.try_cli(&command.split(' ').collect::<Vec<_>>());
                assert!(output.status.success(), "{output:?}");
                matches(&format!("cli_{name}"), &String::from_utf8_lossy(&output.stdout));
            }
        };
        let scim = Scim::new(&gateway.directory("contoso", "advisors"));
        gateway.directory("contoso", "rooms");
        gateway.switch_directory("contoso", "rooms", "off");
        let feed = Feed::new(&gateway.app("booking"));
        // Before a token is used: when that is written down depends on the moment.
        lists(&[
            ("tenants", "tenant list"),
            ("directories", "directory list"),
            ("tokens", "token list --tenant contoso"),
            ("apps", "app list"),
        ]);
        let (mette, double) = (
            person("mette@contoso.example", "o-1"),
            person("mette@contoso.example", "o-2"),
        );
        scim.post("/Users", &mette).await.expect(201);
        scim.post("/Users", &double).await.expect(409);
        assert_eq!(feed.settled_head().await, 1);
        feed.ack("booking", 1).await.expect(200);
        lists(&[("feeds", "feed list"), ("log", "log list --tenant contoso")]);
        let log = gateway.cli(&["log", "list", "--tenant", "contoso", "--failures"]);
        json_matches("cli_log_failures_json", &log);
    })
    .await;
}
