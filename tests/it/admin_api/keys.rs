//! The life of an API key: its end, its networks, its rotation, and that nobody makes a key with more than he has.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use support::gateway::{Gateway, Settings, text};
use support::wait::until;

use super::{Api, api, code, key, on_both, on_postgres};
use crate::forge::id;

fn moment(value: &Value) -> DateTime<Utc> {
    value.as_str().expect("a time").parse().expect("RFC 3339")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_lives_90_days_unless_it_is_said_otherwise_and_a_year_at_most() {
    on_both(async |gateway| {
        let operator = api(&gateway, "--role operator");
        for (body, days) in [
            (json!({"role": "auditor"}), 90),
            (json!({"role": "auditor", "ttlSeconds": 86_400 * 7}), 7),
        ] {
            let made = operator.post("/api-keys", &body).await.expect(201);
            let life = moment(&made.body["expiresAt"]) - moment(&made.body["createdAt"]);
            assert_eq!(life.num_days(), days);
        }
        for seconds in [59, 86_400 * 365 + 1] {
            let body = json!({"role": "auditor", "ttlSeconds": seconds});
            let refused = operator.post("/api-keys", &body).await.expect(400);
            assert_eq!(
                (code(&refused), &refused.body["field"]),
                ("invalidValue", &json!("ttlSeconds"))
            );
            assert!(
                refused
                    .text
                    .contains("at most 365 days and no less than a minute"),
                "{}",
                refused.text
            );
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_key_is_refused_at_the_next_request_on_every_instance() {
    for settings in [Settings::default(), on_postgres().await] {
        let gateway = Gateway::start(settings).await;
        let twin = gateway.twin().await;
        let operator = api(&gateway, "--role operator");
        let made = operator
            .post("/api-keys", &json!({"role": "auditor"}))
            .await
            .expect(201);
        let (here, there) = (
            Api::new(&gateway.admin_url(), &text(&made.body, "key")),
            Api::new(&twin.admin_url(), &text(&made.body, "key")),
        );
        for _ in 0..3 {
            here.get("/tenants").await.expect(200);
            there.get("/tenants").await.expect(200);
        }
        let revoke = format!("/api-keys/{}/revoke", text(&made.body, "id"));
        let revoked = operator.post(&revoke, &json!({})).await.expect(200);
        assert_eq!(revoked.body["standing"], "revoked");
        there.get("/tenants").await.expect(401);
        here.get("/tenants").await.expect(401);
        let again = operator.post(&revoke, &json!({})).await.expect(200);
        assert_eq!(
            again.body["revokedAt"], revoked.body["revokedAt"],
            "a repeat changes nothing"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotated_key_may_do_the_same_and_the_old_one_ends_after_the_overlap() {
    on_both(async |gateway| {
        gateway.directory("contoso", "advisors");
        let operator = api(&gateway, "--role operator");
        let body =
            json!({"role": "owner", "tenant": "contoso", "networks": ["127.0.0.0/8"], "label": "Terraform"});
        let old = operator.post("/api-keys", &body).await.expect(201).body;
        let rotate = format!("/api-keys/{}/rotate", text(&old, "id"));
        let new = operator
            .post(&rotate, &json!({"overlapSeconds": 3600}))
            .await
            .expect(201)
            .body;
        for member in ["role", "rights", "tenant", "networks", "label"] {
            assert_eq!(new[member], old[member], "{member}");
        }
        assert_eq!(new["ending"]["id"], old["id"]);
        assert!(moment(&new["ending"]["expiresAt"]) < moment(&old["expiresAt"]));
        let list = "/tenants/contoso/directories";
        for made in [&old, &new] {
            Api::new(&gateway.admin_url(), &text(made, "key"))
                .get(list)
                .await
                .expect(200);
        }
        operator
            .post(&rotate, &json!({"overlapSeconds": 0}))
            .await
            .expect(201);
        Api::new(&gateway.admin_url(), &text(&old, "key"))
            .get(list)
            .await
            .expect(401);
        let ended = operator.post(&rotate, &json!({})).await.expect(409);
        assert!(ended.text.contains("has ended already"), "{}", ended.text);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_for_its_networks_and_says_when_it_was_last_used() {
    on_both(async |gateway| {
        let home = api(&gateway, "--role auditor --ip 127.0.0.1 --ip 192.0.2.0/24");
        home.get("/tenants").await.expect(200);
        let away = api(&gateway, "--role auditor --ip 192.0.2.0/24");
        away.get("/tenants").await.expect(401);
        let log = gateway.log();
        assert!(log.contains("\"reason\":\"network\""), "{log}");
        until(
            "the last use to be noted",
            std::time::Duration::from_secs(30),
            || async {
                let listed = home.get("/api-keys").await.expect(200).body;
                let mine = listed["items"]
                    .as_array()?
                    .iter()
                    .find(|key| key["id"] == id(&home.key))?
                    .clone();
                mine["lastUsedAt"].is_string().then_some(())
            },
        )
        .await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_makes_a_key_that_may_do_more_than_his_own() {
    on_both(async |gateway| {
        gateway.directory("contoso", "advisors");
        let maker = api(&gateway, "--right api-key:manage --right token:read");
        for (body, status) in [
            (json!({"rights": ["token:read"]}), 201),
            (json!({"rights": ["token:read"], "tenant": "contoso"}), 201),
            (json!({"rights": ["token:issue"]}), 403),
            (
                json!({"rights": ["token:read", "token:issue"], "tenant": "contoso"}),
                403,
            ),
            (json!({"role": "operator"}), 403),
            (json!({"role": "viewer", "tenant": "contoso"}), 403),
        ] {
            let answer = maker.post("/api-keys", &body).await.expect(status);
            if status == 403 {
                assert!(
                    answer
                        .text
                        .contains("no API key gives another one more than it has itself"),
                    "{}",
                    answer.text
                );
            }
        }
        let operators = key(&gateway, "--role operator");
        let rotate = format!("/api-keys/{}/rotate", id(&operators));
        maker.post(&rotate, &json!({})).await.expect(403);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_makes_no_sense_is_refused_with_the_next_step() {
    on_both(async |gateway| {
        gateway.directory("contoso", "advisors");
        let operator = api(&gateway, "--role operator");
        for (body, status, field, words) in [
            (json!({}), 400, "role", "either a role or single rights"),
            (
                json!({"role": "operator", "rights": ["token:read"]}),
                400,
                "role",
                "either a role or single rights",
            ),
            (json!({"role": "chief"}), 400, "role", "unknown variant"),
            (
                json!({"rights": ["token:reed"]}),
                400,
                "rights",
                "there is no right \"token:reed\"",
            ),
            (json!({"role": "owner"}), 400, "tenant", "limited to one tenant"),
            (
                json!({"role": "app-reader", "tenant": "contoso"}),
                400,
                "tenant",
                "limited to one app",
            ),
            (
                json!({"role": "operator", "tenant": "contoso", "app": "booking"}),
                400,
                "tenant",
                "limit an API key to",
            ),
            (
                json!({"role": "operator", "profile": "advisors"}),
                400,
                "tenant",
                "limit an API key to",
            ),
            (
                json!({"role": "operator", "networks": ["everywhere"]}),
                400,
                "networks",
                "is no network: write an address",
            ),
            (
                json!({"role": "operator", "owner": "me"}),
                400,
                "owner",
                "unknown field",
            ),
            (
                json!({"role": "owner", "tenant": "nobody"}),
                404,
                "",
                "no tenant \"nobody\"",
            ),
        ] {
            let refused = operator.post("/api-keys", &body).await.expect(status);
            assert!(
                refused.text.contains(&words.replace('"', "\\\"")),
                "{body}: {}",
                refused.text
            );
            if !field.is_empty() {
                assert_eq!(refused.body["field"], field, "{body}: {}", refused.text);
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_change_is_in_the_audit_log_with_the_key_that_made_it() {
    on_both(async |gateway| {
        gateway.directory("contoso", "advisors");
        let operator = api(&gateway, "--role operator");
        let directory = "/tenants/contoso/directories/advisors";
        let key = json!({"role": "owner", "tenant": "contoso"});
        operator
            .post("/tenants", &json!({"name": "fabrikam"}))
            .await
            .expect(201);
        operator
            .post(&format!("{directory}/tokens"), &json!({}))
            .await
            .expect(201);
        operator
            .patch(directory, &json!({"switch": "off"}), None)
            .await
            .expect(200);
        operator
            .patch(directory, &json!({"switch": "off"}), None)
            .await
            .expect(200);
        let made = operator.post("/api-keys", &key).await.expect(201).body;
        let revoke = format!("/api-keys/{}/revoke", text(&made, "id"));
        operator.post(&revoke, &json!({})).await.expect(200);
        operator.post(&revoke, &json!({})).await.expect(200);

        let actor = format!("api-key:{}", id(&operator.key));
        for (of, expected) in [
            (&[][..], &["tenant.create"][..]),
            (
                &["--tenant", "contoso"],
                &[
                    "api-key.revoke",
                    "api-key.create",
                    "directory.switch",
                    "token.issue",
                ],
            ),
        ] {
            let rows = gateway.cli(&[&["audit", "list"][..], of].concat());
            let rows = rows.as_array().expect("a list").iter();
            let rows: Vec<&Value> = rows.filter(|row| row["actor"] == actor.as_str()).collect();
            let actions: Vec<&str> = rows.iter().filter_map(|row| row["action"].as_str()).collect();
            assert_eq!(actions, expected, "what changes nothing has no row: {rows:?}");
            for row in rows {
                assert_eq!(row["ip"], "127.0.0.1", "{row}");
                assert!(
                    row["requestId"].as_str().is_some_and(|id| id.starts_with("req_")),
                    "{row}"
                );
            }
        }
        gateway.cli(&["audit", "verify"]);
    })
    .await;
}
