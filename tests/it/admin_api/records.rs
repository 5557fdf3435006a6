//! What was written down: the audit log and the provisioning log, searched, exported, verified, masked.

use reqwest::Method;
use serde_json::{Value, json};
use support::gateway::{Gateway, text};
use support::http::Scim;

use super::lists::all;
use super::{Api, api, code, on_both};

const LOG: &str = "/tenants/contoso/log";

/// The lines of an export.
async fn lines(api: &Api, path: &str) -> Vec<Value> {
    let answer = api.get(path).await.expect(200);
    assert_eq!(answer.header("content-type"), "application/x-ndjson");
    let read = |line: &str| serde_json::from_str(line).expect("a JSON object");
    answer.text.lines().map(read).collect()
}

async fn items(api: &Api, path: &str) -> Vec<Value> {
    let body = api.get(path).await.expect(200).body;
    body["items"].as_array().expect("items").clone()
}

fn more() -> Value {
    json!({"name": {"givenName": "A", "familyName": "B"}, "addresses": [{"type": "work", "formatted": "x"}]})
}

#[tokio::test(flavor = "multi_thread")]
async fn the_audit_log_is_searched_paged_exported_and_verified_by_its_tenant_only() {
    on_both(async |gateway| {
        for tenant in ["contoso", "fabrikam"] {
            gateway.directory(tenant, "advisors");
            gateway.cli(&[
                "tenant",
                "freeze",
                tenant,
                "--reason",
                &format!("canary-{tenant}"),
            ]);
            gateway.cli(&["tenant", "unfreeze", tenant]);
        }
        let operator = api(&gateway, "--role operator");
        let owner = api(&gateway, "--role owner --tenant contoso");
        let own = "/tenants/contoso/audit";
        let whole = items(&owner, own).await;
        assert!(whole.len() >= 5, "{whole:?}");
        assert_eq!(
            whole[0]["action"], "api-key.create",
            "newest first: the owner's key"
        );
        for query in [
            "",
            "?since=2026-01-01T00:00:00Z",
            "?action=tenant.freeze",
            "?until=2099-01-01T00:00:00Z",
        ] {
            let path = format!("{own}{query}");
            let once = items(&owner, &path).await;
            assert!(!once.is_empty(), "{path}");
            for limit in [1, 2] {
                assert_eq!(all(&owner, &path, limit).await, once, "{path} {limit}");
            }
        }
        let mut exported = lines(&owner, &format!("{own}/export")).await;
        exported.reverse();
        assert_eq!(exported, whole);
        let first = owner.get(&format!("{own}/1")).await.expect(200).body;
        assert_eq!(Some(&first), whole.last());
        for row in ["0", "999", "-1", "x", "9223372036854775808"] {
            owner.get(&format!("{own}/{row}")).await.expect(404);
        }
        let verified = owner.get(&format!("{own}/verify")).await.expect(200).body;
        assert_eq!(
            (&verified["rows"], &verified["fault"]),
            (&json!(whole.len()), &Value::Null)
        );

        // Nothing of the other tenant, and nothing of the platform.
        let text = format!("{whole:?}{exported:?}");
        assert!(
            text.contains("canary-contoso") && !text.contains("canary-fabrikam"),
            "{text}"
        );
        for path in ["", "/export", "/verify", "/1"] {
            owner
                .get(&format!("/tenants/fabrikam/audit{path}"))
                .await
                .expect(404);
            owner.get(&format!("/audit{path}")).await.expect(403);
        }
        let platform = lines(&operator, "/audit/export").await;
        assert!(
            platform.iter().any(|row| row["action"] == "tenant.create"),
            "{platform:?}"
        );
        let viewer = api(&gateway, "--role viewer --tenant contoso");
        viewer.get(own).await.expect(403);
        for query in [
            "action=token.isue",
            "since=x",
            "limit=0",
            "cursor=%25",
            "colour=red",
        ] {
            let refused = owner.get(&format!("{own}?{query}")).await.expect(400);
            assert_eq!(code(&refused), "invalidValue");
        }
    })
    .await;
}

/// Two tenants with the same names; each with one creation, one refusal whose text names values, and one deletion.
async fn two_logs(gateway: &Gateway) -> Value {
    let mut made = json!({});
    for tenant in ["contoso", "fabrikam"] {
        let scim = Scim::new(&gateway.directory(tenant, "advisors"));
        let name = format!("canary-{tenant}@example.com");
        let created = scim
            .create(&format!("canary-{tenant}-id"), &name, more())
            .await
            .expect(201);
        let refused = scim.create("another", &name, more()).await.expect(409);
        made[tenant] = json!({"id": created.id(), "request": refused.header("request-id")});
        let other = scim
            .create("short-lived", &format!("gone-{tenant}@example.com"), more())
            .await
            .expect(201);
        scim.delete(&format!("/Users/{}", other.id())).await.expect(204);
    }
    made
}

#[tokio::test(flavor = "multi_thread")]
async fn the_provisioning_log_has_a_filter_for_each_question() {
    on_both(async |gateway| {
        let made = two_logs(&gateway).await;
        let owner = api(&gateway, "--role owner --tenant contoso");
        let whole = items(&owner, LOG).await;
        assert_eq!(whole.len(), 4, "{whole:?}");
        let (id, request) = (text(&made["contoso"], "id"), text(&made["contoso"], "request"));
        let token = text(&whole[0], "tokenId");
        for (query, rows) in [
            ("userName=CANARY-contoso%40example.com".to_owned(), 2),
            ("externalId=canary-contoso-id".to_owned(), 1),
            (format!("id={id}"), 1),
            ("status=failure".to_owned(), 1),
            ("status=success".to_owned(), 3),
            ("action=delete".to_owned(), 1),
            ("action=create&status=success".to_owned(), 2),
            (format!("requestId={request}"), 1),
            (format!("token={token}"), 4),
            ("token=000000000000".to_owned(), 0),
            (
                "since=2026-01-01T00:00:00Z&until=2099-01-01T00:00:00Z".to_owned(),
                4,
            ),
            ("until=2026-01-01T00:00:00Z".to_owned(), 0),
            ("status=failure&until=2026-01-01T00:00:00Z".to_owned(), 0),
            ("externalId=canary-fabrikam-id".to_owned(), 0),
            (format!("requestId={}", text(&made["fabrikam"], "request")), 0),
        ] {
            for path in [LOG, "/tenants/contoso/directories/advisors/log"] {
                let path = format!("{path}?{query}");
                let found = items(&owner, &path).await;
                assert_eq!(found.len(), rows, "{path}: {found:?}");
                assert_eq!(all(&owner, &path, 1).await, found, "{path}");
                let (path, query) = path.split_once('?').expect("a query");
                assert_eq!(
                    lines(&owner, &format!("{path}/export?limit=1&{query}")).await,
                    found
                );
                assert!(!format!("{found:?}").contains("canary-fabrikam"), "{found:?}");
            }
        }
        for query in ["requestId=x", "token=x", "action=odd", "until=x", "id=7"] {
            let refused = owner.get(&format!("{LOG}?{query}")).await.expect(400);
            assert_eq!(code(&refused), "invalidValue", "{query}");
        }
        // The same on the command line.
        let failed = gateway.cli(&[
            "log",
            "list",
            "--tenant",
            "contoso",
            "--status",
            "failure",
            "--request",
            &request,
        ]);
        assert_eq!(failed.as_array().map(Vec::len), Some(1), "{failed}");
        let by_request = gateway.cli(&["log", "request", &request]);
        assert_eq!(by_request, failed, "whichever tenant it was of");
        let exported = gateway.try_cli(&["log", "export", "--tenant", "contoso", "--limit", "3"]);
        assert_eq!(String::from_utf8_lossy(&exported.stdout).lines().count(), 4);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn personal_data_is_shown_to_the_owner_and_to_others_for_a_reason_that_is_kept() {
    on_both(async |gateway| {
        let made = two_logs(&gateway).await;
        let request = text(&made["contoso"], "request");
        let owner = api(&gateway, "--role owner --tenant contoso");
        let operator = api(&gateway, "--role operator");
        let own = owner.get(LOG).await.expect(200);
        assert!(
            own.text.contains("canary-contoso@example.com") && own.text.contains("canary-contoso-id"),
            "{}",
            own.text
        );
        for words in [
            "--role operator",
            "--role auditor",
            "--role viewer --tenant contoso",
            "--right scim:manage --tenant contoso",
            "--right log:read",
        ] {
            let key = api(&gateway, words);
            let mut answers = Vec::new();
            for path in [
                "",
                "/export",
                "?userName=canary-contoso%40example.com",
                "?status=failure",
            ] {
                answers.push(key.get(&format!("{LOG}{path}")).await.expect(200).text);
            }
            if !words.contains("--tenant") {
                answers.push(
                    key.get(&format!("/log/requests/{request}"))
                        .await
                        .expect(200)
                        .text,
                );
            }
            for answer in answers {
                assert!(
                    answer.contains("c***@example.com") && answer.contains("\"masked\":true"),
                    "{words}: {answer}"
                );
                assert!(!answer.contains("canary"), "{words}: {answer}");
            }
        }
        for key in [api(&gateway, "--role auditor"), owner.clone()] {
            key.get(&format!("{LOG}/unmasked?reason=curious"))
                .await
                .expect(403);
        }
        for query in ["", "?reason=", "?reason=%20"] {
            let refused = operator.get(&format!("{LOG}/unmasked{query}")).await.expect(400);
            assert_eq!(refused.body["field"], "reason", "{}", refused.text);
        }
        let before = items(&owner, "/tenants/contoso/audit?action=log.unmask").await;
        assert_eq!(before, [] as [Value; 0], "what was refused is not noted");
        let path = format!("{LOG}/unmasked?reason=ticket+4711&externalId=canary-contoso-id");
        let shown = operator.get(&path).await.expect(200);
        assert!(
            shown.text.contains("canary-contoso@example.com"),
            "{}",
            shown.text
        );
        let noted = items(&owner, "/tenants/contoso/audit?action=log.unmask").await;
        assert_eq!(noted.len(), 1, "{noted:?}");
        assert_eq!(noted[0]["reason"], "ticket 4711");
        assert_eq!(noted[0]["details"]["conditions"], json!(["externalId"]));
        assert!(!noted[0].to_string().contains("canary"), "{noted:?}");
        operator
            .get("/log/requests/req_00000000000000000000000000000000")
            .await
            .expect(404);
        operator.get("/log/requests/nonsense").await.expect(404);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_is_frozen_and_served_again_by_its_owner() {
    on_both(async |gateway| {
        let scim = Scim::new(&gateway.directory("contoso", "advisors"));
        let owner = api(&gateway, "--role owner --tenant contoso");
        for place in ["/tenants/contoso", "/tenants/contoso/directories/advisors"] {
            for _ in 0..2 {
                let frozen = owner
                    .post(&format!("{place}/freeze"), &json!({"reason": "an incident"}))
                    .await
                    .expect(200);
                assert!(frozen.body["frozenAt"].is_string(), "{}", frozen.text);
            }
            scim.get("/Users").await.expect(503);
            let served = owner
                .post(&format!("{place}/unfreeze"), &json!({}))
                .await
                .expect(200);
            assert_eq!(served.body["frozenAt"], Value::Null);
            scim.get("/Users").await.expect(200);
            let long = json!({"reason": "x".repeat(1001)});
            let refused = owner.post(&format!("{place}/freeze"), &long).await.expect(400);
            assert_eq!(refused.body["field"], "reason");
        }
        let noted = items(&owner, "/tenants/contoso/audit?action=tenant.freeze").await;
        assert_eq!((noted.len(), &noted[0]["reason"]), (1, &json!("an incident")));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_ends_nothing_and_revoking_all_needs_the_name_and_a_reason() {
    on_both(async |gateway| {
        let directory = gateway.directory("contoso", "advisors");
        let scim = Scim::new(&directory);
        let app = gateway.app("booking");
        let operator = api(&gateway, "--role operator");
        let id = crate::forge::id;
        let other = super::key(&gateway, "--role auditor");
        let tokens = "/tenants/contoso/directories/advisors/tokens";
        for (path, still) in [
            (format!("{tokens}/{}/revoke", id(&directory.token)), "active"),
            (
                format!("/apps/booking/credentials/{}/revoke", id(&app.credential)),
                "active",
            ),
            (format!("/api-keys/{}/revoke", id(&other)), "active"),
        ] {
            let dry = operator
                .post(&format!("{path}?dryRun=true"), &json!({}))
                .await
                .expect(200);
            assert_eq!(
                (&dry.body["standing"], &dry.body["revokedAt"]),
                (&json!(still), &Value::Null),
                "{}",
                dry.text
            );
            let odd = operator
                .post(&format!("{path}?dryrun=true"), &json!({}))
                .await
                .expect(400);
            assert_eq!(
                code(&odd),
                "invalidValue",
                "one that is misspelt does not revoke: {}",
                odd.text
            );
        }
        scim.get("/Users").await.expect(200);
        Api::new(&gateway.admin_url(), &other)
            .get("/tenants")
            .await
            .expect(200);

        let all = "/tenants/contoso/tokens/revoke-all";
        gateway.token("contoso", "advisors");
        let dry = operator
            .post(&format!("{all}?dryRun=true"), &json!({}))
            .await
            .expect(200)
            .body;
        assert_eq!(
            dry,
            json!({"tenant": "contoso", "tokens": 2, "clients": 0, "revoked": false})
        );
        for (body, field) in [
            (json!({}), "reason"),
            (json!({"reason": " "}), "reason"),
            (json!({"reason": "it leaked"}), "confirm"),
            (json!({"reason": "it leaked", "confirm": "fabrikam"}), "confirm"),
        ] {
            let refused = operator.post(all, &body).await.expect(400);
            assert_eq!(refused.body["field"], field, "{}", refused.text);
            assert!(
                !refused.text.contains("--"),
                "no words of the command line: {}",
                refused.text
            );
        }
        scim.get("/Users").await.expect(200);
        let body = json!({"reason": "it leaked", "confirm": "contoso"});
        let done = operator.post(all, &body).await.expect(200).body;
        assert_eq!(
            done,
            json!({"tenant": "contoso", "tokens": 2, "clients": 0, "revoked": true})
        );
        scim.get("/Users").await.expect(401);
        let again = operator.post(all, &body).await.expect(200).body;
        assert_eq!(again["tokens"], 0, "a repeat changes nothing");
        operator
            .send(Method::DELETE, "/apps/booking?dryRun=false", None)
            .await
            .expect(200);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_is_found_in_every_tenant_masked_and_it_is_noted() {
    on_both(async |gateway| {
        let made = two_logs(&gateway).await;
        let urn = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
        let mail = json!({"displayName": "A B", "title": "T", urn: {"department": "D"}, "emails": [{"type": "work", "value": "Shared@Example.com"}]});
        for tenant in ["contoso", "fabrikam"] {
            let scim = Scim::new(&gateway.directory(tenant, "members"));
            scim.create(&format!("m-{tenant}"), &format!("m-{tenant}@example.com"), mail.clone()).await.expect(201);
        }
        let operator = api(&gateway, "--role operator");
        let (id, name) = (text(&made["contoso"], "id"), "CANARY-contoso%40example.com");
        for query in ["externalId=canary-contoso-id".to_owned(), format!("userName={name}")] {
            let found = items(&operator, &format!("/people?{query}")).await;
            assert_eq!(found.len(), 1, "{query}: {found:?}");
            assert_eq!((&found[0]["id"], &found[0]["tenant"], &found[0]["profile"]), (&json!(id), &json!("contoso"), &json!("advisors")));
            assert!(!format!("{found:?}").contains("canary"), "{found:?}");
        }
        let shared = items(&operator, "/people?mail=shared%40example.com").await;
        let tenants: Vec<&str> = shared.iter().filter_map(|person| person["tenant"].as_str()).collect();
        assert_eq!((tenants.len(), tenants.contains(&"fabrikam"), &shared[0]["mail"]), (2, true, &json!("s***@example.com")));
        assert_eq!(items(&operator, "/people?externalId=CANARY-contoso-id").await, [] as [Value; 0], "exactly");
        for query in ["", "?mail=x&userName=y", "?displayName=x"] {
            operator.get(&format!("/people{query}")).await.expect(400);
        }
        let noted = items(&operator, "/audit?action=person.find").await;
        assert_eq!(noted.len(), 4, "{noted:?}");
        assert_eq!(noted[1]["details"], json!({"by": "mail", "found": 2}));
        assert!(!format!("{noted:?}").contains("shared"), "{noted:?}");
        for words in ["--role auditor", "--role owner --tenant contoso"] {
            api(&gateway, words).get("/people?mail=x").await.expect(403);
        }
        let found = gateway.cli(&["person", "find", "--user", "canary-fabrikam@example.com"]);
        assert_eq!((&found[0]["tenant"], &found[0]["userName"]), (&json!("fabrikam"), &json!("c***@example.com")));
    })
    .await;
}
