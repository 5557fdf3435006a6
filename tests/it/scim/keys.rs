//! The keys of people, rooms and groups (ADR 0036): a name is the same in each of its spellings, `externalId`
//! is unique if it is the profile's key, and a conflict's error names the holder with the provider's words.

use serde_json::{Value, json};
use support::gateway::Gateway;
use support::http::Scim;

use super::{advisor, advisor_with, advisors, on_both};

/// One name in two Unicode spellings, and each in capitals.
const SPELLINGS: [&str; 4] = ["ren\u{e9}e", "rene\u{301}e", "REN\u{c9}E", "RENE\u{301}E"];

fn people(gateway: &Gateway, provider: &str) -> Scim {
    let scim = Scim::new(&gateway.directory(provider, "people"));
    gateway.cli(&[
        "directory",
        "set",
        "--tenant",
        provider,
        "--profile",
        "people",
        "--provider",
        provider,
    ]);
    scim
}

fn bulk(method: &str, path: &str, data: Value) -> Value {
    let operation = json!({"method": method, "path": path, "bulkId": "one", "data": data});
    json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": [operation]})
}

/// A creation (no id) or a change, by every kind of request; status and detail.
async fn all_requests(
    scim: &Scim,
    id: Option<&str>,
    body: &Value,
    attribute: &str,
) -> Vec<(String, u16, String)> {
    let text = |body: &Value| body["detail"].as_str().unwrap_or_default().to_owned();
    let mut seen = Vec::new();
    let Some(id) = id else {
        let posted = scim.post("/Users", body).await;
        seen.push(("POST".to_owned(), posted.status, text(&posted.body)));
        let answer = scim
            .post("/Bulk", &bulk("POST", "/Users", body.clone()))
            .await
            .expect(200);
        let line = &answer.body["Operations"][0];
        seen.push((
            "Bulk POST".to_owned(),
            line["status"].as_str().unwrap().parse().unwrap(),
            text(&line["response"]),
        ));
        return seen;
    };
    let path = format!("/Users/{id}");
    let put = scim.put(&path, body).await;
    seen.push(("PUT".to_owned(), put.status, text(&put.body)));
    let operation = json!({"op": "replace", "path": attribute, "value": body[attribute]});
    let whole = json!({"op": "replace", "value": {attribute: body[attribute]}});
    for (name, operation) in [("PATCH", &operation), ("PATCH without a path", &whole)] {
        let patched = scim.patch_ops(id, json!([operation])).await;
        seen.push((name.to_owned(), patched.status, text(&patched.body)));
    }
    let patch = json!({"Operations": [operation]});
    let answer = scim.post("/Bulk", &bulk("PATCH", &path, patch)).await.expect(200);
    let line = &answer.body["Operations"][0];
    seen.push((
        "Bulk PATCH".to_owned(),
        line["status"].as_str().unwrap().parse().unwrap(),
        text(&line["response"]),
    ));
    seen
}

#[tokio::test]
async fn a_name_is_one_name_in_every_spelling_of_unicode() {
    on_both(async |gateway| {
        let scim = people(&gateway, "entra");
        for (first, spelling) in SPELLINGS.iter().enumerate() {
            let body = |name: &str, number: usize| json!({"userName": format!("{name}@x.dk"), "displayName": name, "externalId": format!("e{number}")});
            let made = scim.post("/Users", &body(spelling, 0)).await.expect(201);
            assert_eq!(made.body["userName"], format!("{spelling}@x.dk"), "kept as sent");
            let group = scim.post("/Groups", &json!({"displayName": spelling})).await.expect(201).id();
            let other = scim.post("/Users", &body("other", 9)).await.expect(201).id();
            for again in SPELLINGS {
                for (request, status, detail) in all_requests(&scim, None, &body(again, 1), "userName").await {
                    assert_eq!(status, 409, "{request}: {again} after {spelling}: {detail}");
                }
                for (request, status, detail) in all_requests(&scim, Some(&other), &body(again, 1), "userName").await {
                    assert_eq!(status, 409, "{request}: {again} after {spelling}: {detail}");
                }
                scim.post("/Groups", &json!({"displayName": again})).await.expect(409);
                for filter in [
                    format!("userName eq \"{again}@x.dk\""),
                    format!("userName sw \"{again}\""),
                    format!("userName co \"{again}@\""),
                    format!("userName ew \"{again}@x.dk\""),
                    format!("displayName eq \"{again}\""),
                    format!("not (userName ne \"{again}@x.dk\")"),
                ] {
                    let found = scim.find(&filter).await.expect(200);
                    assert_eq!(found.total(), 1, "{filter} after {spelling}");
                    assert_eq!(found.body["Resources"][0]["id"], made.body["id"]);
                }
                let filter = support::http::entra_encode(&format!("displayName eq \"{again}\""));
                assert_eq!(scim.get(&format!("/Groups?filter={filter}")).await.expect(200).total(), 1);
            }
            // Another spelling of a resource's own name is a change and no conflict.
            let next = SPELLINGS[(first + 1) % SPELLINGS.len()];
            let respelt = json!([{"op": "replace", "path": "userName", "value": format!("{next}@x.dk")}]);
            let respelt = scim.patch_ops(&made.id(), respelt).await.expect(200);
            assert_eq!(respelt.body["userName"], format!("{next}@x.dk"));
            for path in [format!("/Users/{}", made.id()), format!("/Users/{other}"), format!("/Groups/{group}")] {
                scim.delete(&path).await.expect(204);
            }
        }
    })
    .await;
}

#[tokio::test]
async fn an_external_id_is_unique_where_it_is_the_key() {
    on_both(async |gateway| {
        for profile in ["advisors", "rooms"] {
            let scim = Scim::new(&gateway.directory("contoso", profile));
            let first = scim.post("/Users", &advisor(1)).await.expect(201).id();
            let second = scim.post("/Users", &advisor(2)).await.expect(201).id();
            let external_id = advisor(1)["externalId"].clone();
            let third = advisor_with(3, json!({"externalId": external_id}));
            for (request, status, detail) in all_requests(&scim, None, &third, "externalId").await {
                assert_eq!(status, 409, "{profile}, {request}: {detail}");
                assert!(
                    detail.contains(&format!(
                        "{first}, which is active, and externalId is the key of this directory."
                    )),
                    "{detail}"
                );
                assert!(detail.contains("let Entra match on externalId"), "{detail}");
                assert!(
                    detail.contains(
                        "Provision Microsoft Entra ID Users and make externalId the matching attribute"
                    ),
                    "{detail}"
                );
            }
            let changed = advisor_with(2, json!({"externalId": external_id}));
            for (request, status, detail) in all_requests(&scim, Some(&second), &changed, "externalId").await
            {
                assert_eq!(status, 409, "{profile}, {request}: {detail}");
                assert!(
                    detail.contains(&first)
                        && detail.contains("Nothing was changed. Give that one another externalId"),
                    "{detail}"
                );
            }
            // It is exact, and free again after its holder gave it up.
            let upper = advisor_with(4, json!({"externalId": "ABC"}));
            scim.post("/Users", &upper).await.expect(201);
            scim.post("/Users", &advisor_with(5, json!({"externalId": "abc"})))
                .await
                .expect(201);
            scim.delete(&format!("/Users/{first}")).await.expect(204);
            scim.post("/Users", &third).await.expect(201);
            for number in [6, 7] {
                scim.post("/Users", &advisor_with(number, json!({"externalId": null})))
                    .await
                    .expect(201);
            }
            // Of concurrent creations one succeeds.
            let racing = (20..28).map(|number| {
                let (client, body) = (
                    scim.reconnected(),
                    advisor_with(number, json!({"externalId": "race"})),
                );
                async move { client.post("/Users", &body).await.status }
            });
            let mut statuses = futures_util::future::join_all(racing).await;
            statuses.sort_unstable();
            assert_eq!(statuses, [201, 409, 409, 409, 409, 409, 409, 409], "{profile}");
        }
    })
    .await;
}

#[tokio::test]
async fn an_external_id_that_is_no_key_is_free_and_the_log_says_so() {
    on_both(async |gateway| {
        let scim = people(&gateway, "entra");
        scim.post("/Users", &advisor(1)).await.expect(201);
        let external_id = advisor(1)["externalId"].clone();
        let second = scim
            .post("/Users", &advisor_with(2, json!({"externalId": external_id})))
            .await
            .expect(201)
            .id();
        let third = scim.post("/Users", &advisor(3)).await.expect(201).id();
        let same = json!([{"op": "replace", "path": "externalId", "value": external_id}]);
        scim.patch_ops(&third, same.clone()).await.expect(200);
        let title = json!([{"op": "replace", "path": "displayName", "value": "Another"}]);
        scim.patch_ops(&third, title).await.expect(200);
        let rows = gateway.cli(&["log", "list", "--tenant", "entra", "--limit", "100"]);
        let rows: Vec<Value> = rows.as_array().cloned().unwrap_or_default();
        let told = |id: &str| {
            let about = rows.iter().filter(|row| row.to_string().contains(id));
            about
                .filter(|row| row.to_string().contains("has the same externalId"))
                .count()
        };
        assert_eq!((told(&second), told(&third)), (1, 1), "{rows:?}");
    })
    .await;
}

#[tokio::test]
async fn a_conflict_names_the_holder_and_the_next_step_for_the_provider() {
    on_both(async |gateway| {
        for (provider, product) in [("entra", "Entra"), ("okta", "Okta"), ("generic", "the client")] {
            let scim = people(&gateway, provider);
            let id = scim.post("/Users", &advisor(1)).await.expect(201).id();
            let other = scim.post("/Users", &advisor(2)).await.expect(201).id();
            let taken = advisor_with(1, json!({"externalId": "x"}));
            let detail = async |body: &Value| {
                let refused = scim.post("/Users", body).await.expect(409);
                refused.body["detail"].as_str().unwrap().to_owned()
            };
            let created = detail(&taken).await;
            assert!(
                created.starts_with(&format!("userName is already taken by another person of the people directory: {id}, which is active. If both \
                    are the same person, let {product} match on userName, so that it adopts the existing one.")),
                "{created}"
            );
            let renamed = json!([{"op": "replace", "path": "userName", "value": advisor(1)["userName"]}]);
            let renamed = scim.patch_ops(&other, renamed).await.expect(409);
            let renamed = renamed.body["detail"].as_str().unwrap().to_owned();
            assert!(renamed.contains(&format!("{id}, which is active. Nothing was changed. Give that one another userName first")), "{renamed}");
            let off = json!([{"op": "replace", "path": "active", "value": false}]);
            scim.patch_ops(&id, off).await.expect(200);
            let restored = detail(&taken).await;
            assert!(
                restored.contains(&format!("{id}, which is deactivated (active is false). If both are the same person, it is not created anew but \
                    switched on: let {product} match on userName")),
                "{restored}"
            );
            let group = scim.post("/Groups", &json!({"displayName": "Sales"})).await.expect(201).id();
            let grouped = scim.post("/Groups", &json!({"displayName": "SALES"})).await.expect(409);
            let grouped = grouped.body["detail"].as_str().unwrap().to_owned();
            assert!(grouped.contains("already taken by another group of the people directory") && grouped.contains(&group), "{grouped}");
            let missing = scim.get("/Users/nobody").await.expect(404).text;
            let nameless = scim.post("/Groups", &json!({})).await.expect(400).text;
            let required = scim.post("/Users", &json!({"displayName": "x"})).await.expect(400).text;
            for text in [created, renamed, restored, grouped, missing, nameless, required] {
                assert!(provider == "entra" || !text.contains("Entra"), "{provider}: {text}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_condition_that_is_not_met_says_what_it_means() {
    let gateway = Gateway::embedded().await;
    let scim = advisors(&gateway, "contoso");
    let made = scim.post("/Users", &advisor(1)).await.expect(201);
    for (field, value, words) in [
        (
            "if-match",
            "W/\"9\"",
            "has changed since the version that the request names was read",
        ),
        (
            "if-none-match",
            "*",
            "If-None-Match: *, which means only if there is no such resource, and there is one",
        ),
        (
            "if-none-match",
            "W/\"1\"",
            "only if the resource is no longer of the version it names, and it still is",
        ),
    ] {
        let request = scim
            .request(reqwest::Method::DELETE, &format!("/Users/{}", made.id()))
            .header(field, value);
        let refused = support::http::send(request).await.expect(412);
        assert!(refused.text.contains(words), "{field}: {value}: {}", refused.text);
    }
}
