//! Values and filters over HTTP: the same value is treated the same by POST, PUT, PATCH and Bulk; lists have
//! one form; filters have the meaning they were written with (ADR 0037).

use serde_json::{Value, json};
use support::gateway::Gateway;
use support::http::{Answer, Scim, send};

use super::on_both;

const URN: &str = "urn:ietf:params:scim:schemas:extension:contoso:2.0:User";
const FILE: &str = r#"
urn = "urn:ietf:params:scim:schemas:extension:contoso:2.0:User"

[[attribute]]
name = "departmentIds"
type = "string"
multi_valued = true

[[attribute]]
name = "cost$centre"
type = "string"
"#;

fn people(gateway: &Gateway) -> Scim {
    let scim = Scim::new(&gateway.directory("contoso", "people"));
    std::fs::write(gateway.folder().join("language.toml"), FILE).unwrap();
    let whose = [
        "--tenant",
        "contoso",
        "--profile",
        "people",
        "--file",
        "language.toml",
    ];
    gateway.cli(&[&["directory", "extension", "set"], &whose[..]].concat());
    scim
}

fn generic(gateway: &Gateway) {
    let whose = ["--tenant", "contoso", "--profile", "people"];
    gateway.cli(&[&["directory", "set"], &whose[..], &["--provider", "generic"]].concat());
}

/// A raw body, since JSON values hold fewer digits than JSON text.
async fn raw(scim: &Scim, method: reqwest::Method, path: &str, body: String) -> Answer {
    let request = scim
        .request(method, path)
        .header("content-type", "application/scim+json");
    send(request.body(body)).await
}

/// The status of one operation in a bulk request, and its response.
async fn in_bulk(scim: &Scim, method: &str, path: &str, data: &Value) -> Value {
    let operation = json!({"method": method, "path": path, "bulkId": "b", "data": data});
    let body =
        json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": [operation]});
    scim.post("/Bulk", &body).await.expect(200).body["Operations"][0].clone()
}

#[tokio::test]
async fn a_multi_valued_attribute_is_accepted_as_entra_sends_it_by_every_kind_of_request() {
    on_both(async |gateway| {
        let scim = people(&gateway);
        let kept = |answer: &Value| answer[URN]["departmentIds"].clone();
        for (index, sent) in [
            json!([{"value": "10"}]),
            json!({"value": 10}),
            json!("10"),
            json!([10, {"value": "10"}]),
        ]
        .into_iter()
        .enumerate()
        {
            let body =
                |name: &str| json!({"userName": format!("{name}{index}"), URN: {"departmentIds": sent}});
            let made = scim.post("/Users", &body("post")).await.expect(201);
            assert_eq!(kept(&made.body), json!(["10"]), "POST {sent}");
            let path = format!("/Users/{}", made.id());
            for (name, operation) in [
                (
                    "add",
                    json!({"op": "Add", "path": format!("{URN}:departmentIds"), "value": sent}),
                ),
                (
                    "replace",
                    json!({"op": "Replace", "path": format!("{URN}:departmentIds"), "value": sent}),
                ),
                (
                    "by key",
                    json!({"op": "replace", "value": {format!("{URN}:departmentIds"): sent}}),
                ),
                (
                    "by object",
                    json!({"op": "add", "value": {URN: {"departmentIds": sent}}}),
                ),
            ] {
                scim.put(&path, &json!({"userName": format!("post{index}")}))
                    .await
                    .expect(200);
                let done = scim.patch_ops(&made.id(), json!([operation])).await.expect(200);
                assert_eq!(kept(&done.body), json!(["10"]), "{name} {sent}");
                scim.put(&path, &json!({"userName": format!("post{index}")}))
                    .await
                    .expect(200);
                let patch = json!({"Operations": [operation]});
                assert_eq!(
                    in_bulk(&scim, "PATCH", &path, &patch).await["status"],
                    "200",
                    "{name} {sent} in bulk"
                );
                assert_eq!(
                    kept(&scim.get(&path).await.expect(200).body),
                    json!(["10"]),
                    "{name} {sent} in bulk"
                );
            }
            let put = scim.put(&path, &body("post")).await.expect(200);
            assert_eq!(kept(&put.body), json!(["10"]), "PUT {sent}");
            let made = in_bulk(&scim, "POST", "/Users", &body("bulk")).await;
            let id = made["location"]
                .as_str()
                .and_then(|at| at.rsplit('/').next())
                .expect("made");
            assert_eq!(
                kept(&scim.get(&format!("/Users/{id}")).await.expect(200).body),
                json!(["10"])
            );
        }
        let exact =
            format!("{{\"userName\": 12345678901234567890123, \"{URN}\": {{\"cost$centre\": 1.50}}}}");
        let made = raw(&scim, reqwest::Method::POST, "/Users", exact)
            .await
            .expect(201);
        assert_eq!(made.body["userName"], "12345678901234567890123");
        assert_eq!(made.body[URN]["cost$centre"], "1.50");
        assert_eq!(
            scim.find(&format!("{URN}:cost$centre eq \"1.50\""))
                .await
                .expect(200)
                .total(),
            1
        );
    })
    .await;
}

#[tokio::test]
async fn what_is_read_may_be_put_back_without_a_new_version_whatever_made_it() {
    on_both(async |gateway| {
        let scim = people(&gateway);
        let emails = json!([{"type": "work", "value": "one@x.example", "primary": true}, {"type": "work", "value": "two@x.example"}]);
        let body = json!({"userName": "amy", "emails": emails});
        let id = scim.post("/Users", &body).await.expect(201).id();
        let path = format!("/Users/{id}");
        for (operation, left) in [
            (
                json!({"op": "Replace", "path": "emails[type eq \"work\"].value", "value": "new@x.example"}),
                json!([{"type": "work", "value": "new@x.example", "primary": true}]),
            ),
            (
                json!({"op": "Add", "path": "emails[type eq \"home\"].primary", "value": "True"}),
                json!([{"type": "work", "value": "new@x.example", "primary": true}]),
            ),
            (
                json!({"op": "replace", "path": "emails", "value": [{"type": "work", "primary": true}]}),
                json!(null),
            ),
            (json!({"op": "Add", "path": "emails[type eq \"work\"].primary", "value": "True"}), json!(null)),
            (
                json!({"op": "add", "value": {"emails": [{"value": "A@x.example"}, {"value": "a@x.example", "primary": true}]}}),
                json!([{"value": "a@x.example", "primary": true}]),
            ),
        ] {
            let done = scim.patch_ops(&id, json!([operation])).await.expect(200);
            assert_eq!(done.body["emails"], left, "{operation}");
            let read = scim.get(&path).await.expect(200);
            let put = scim.put(&path, &read.body).await.expect(200);
            assert_eq!(put.body, read.body, "{operation}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_filter_on_members_may_test_other_attributes_beside_the_id() {
    on_both(async |gateway| {
        let scim = people(&gateway);
        let make = async |name: &str| {
            let body = json!({"userName": name, "displayName": name.to_uppercase()});
            scim.post("/Users", &body).await.expect(201).id()
        };
        let (kept, gone) = (make("kept").await, make("gone").await);
        let both = json!([{"value": kept}, {"value": gone}]);
        let group = scim
            .post("/Groups", &json!({"displayName": "G", "members": both}))
            .await
            .expect(201)
            .id();
        let path = format!("/Groups/{group}");
        let send = async |op: &str, filter: &str| {
            let mut operation = json!({"op": op, "path": format!("members[{filter}]")});
            if op != "remove" {
                operation["value"] = json!({"value": gone});
            }
            scim.patch(&path, &json!({"Operations": [operation]})).await
        };
        let members = async || {
            let read = scim.get(&path).await.expect(200).body;
            read["members"].as_array().map_or(0, Vec::len)
        };
        let base = &scim.base;
        for (filter, selects) in [
            (format!("type eq \"User\" and value eq \"{gone}\""), true),
            (
                format!("value eq \"{gone}\" and type eq \"User\" and display eq \"gone\""),
                true,
            ),
            (
                format!("$ref eq \"{base}/Users/{gone}\" and value eq \"{gone}\""),
                true,
            ),
            (format!("value eq \"{gone}\" and type eq \"Group\""), false),
            (format!("value eq \"{gone}\" and display eq \"KEPT\""), false),
            (
                format!("value eq \"{gone}\" and $ref eq \"{base}/Users/{kept}\""),
                false,
            ),
        ] {
            send("remove", &filter).await.expect(204);
            assert_eq!(members().await, if selects { 1 } else { 2 }, "remove {filter}");
            for verb in ["add", "replace"] {
                scim.patch(
                    &path,
                    &json!({"Operations": [{"op": "remove", "path": "members", "value": [{"value": gone}]}]}),
                )
                .await
                .expect(204);
                let answer = send(verb, &filter).await;
                if selects {
                    answer.expect(204)
                } else {
                    answer.expect(400)
                };
                assert_eq!(members().await, if selects { 2 } else { 1 }, "{verb} {filter}");
            }
            scim.patch(
                &path,
                &json!({"Operations": [{"op": "add", "path": "members", "value": [{"value": gone}]}]}),
            )
            .await
            .expect(204);
        }
        let refused = send("remove", "type eq \"User\"").await.expect(400);
        assert_eq!(refused.body["scimType"], "invalidFilter");
        assert!(!refused.text.contains("leave the filter out"), "{}", refused.text);
        assert_eq!(members().await, 2);
    })
    .await;
}

#[tokio::test]
async fn a_query_is_read_as_it_was_meant() {
    on_both(async |gateway| {
        let scim = people(&gateway);
        for name in ["a+b@x.example", "a b@x.example", "CORP\\bob"] {
            scim.post("/Users", &json!({"userName": name})).await.expect(201);
        }
        for (query, found) in [
            ("userName%20eq%20%22a+b@x.example%22", "a+b@x.example"),
            ("userName%20eq%20%22a%2Bb@x.example%22", "a+b@x.example"),
            ("userName+eq+%22a%2Bb@x.example%22", "a+b@x.example"),
            ("userName+eq+%22a+b@x.example%22", "a b@x.example"),
            ("userName+eq+%22CORP%5C%5Cbob%22", "CORP\\bob"),
        ] {
            let list = scim.get(&format!("/Users?filter={query}")).await.expect(200);
            assert_eq!(list.body["Resources"][0]["userName"], found, "{query}");
            assert_eq!(list.total(), 1, "{query}");
        }
        let broken = "userName eq \"CORP\\bob\"";
        let search = json!({"filter": broken});
        for answer in [
            scim.find(broken).await,
            scim.post("/Users/.search", &search).await,
            scim.post("/.search", &search).await,
        ] {
            let refused = answer.expect(400);
            assert_eq!(refused.body["scimType"], "invalidFilter");
            let detail = refused.body["detail"].as_str().expect("detail");
            assert!(
                detail.contains("userName") && detail.contains("write a backslash as \\\\"),
                "{detail}"
            );
        }
    })
    .await;
}

#[tokio::test]
async fn a_count_of_zero_or_less_with_a_cursor_is_the_total_alone() {
    on_both(async |gateway| {
        let scim = people(&gateway);
        for number in 0..3 {
            scim.post("/Users", &json!({"userName": format!("u{number}")}))
                .await
                .expect(201);
        }
        let next = scim.get("/Users?cursor=&count=1").await.expect(200).body["nextCursor"].clone();
        let next = next.as_str().expect("a cursor").to_owned();
        for (cursor, count) in [("", 0), ("", -3), (next.as_str(), 0), (next.as_str(), -1)] {
            let search = json!({"cursor": cursor, "count": count});
            for answer in [
                scim.get(&format!("/Users?cursor={cursor}&count={count}")).await,
                scim.post("/Users/.search", &search).await,
            ] {
                let answer = answer.expect(200);
                assert_eq!(answer.total(), 3, "{}", answer.text);
                assert_eq!(
                    answer.body["Resources"].as_array().map_or(0, Vec::len),
                    0,
                    "{}",
                    answer.text
                );
                assert_eq!(answer.body.get("nextCursor"), None, "{}", answer.text);
            }
        }
        scim.get("/Users?cursor=forged&count=0").await.expect(400);
        let all = scim
            .post("/.search", &json!({"cursor": "", "count": 0}))
            .await
            .expect(200);
        assert_eq!(
            (all.total(), all.body["Resources"].as_array().map_or(0, Vec::len)),
            (3, 0)
        );
    })
    .await;
}

#[tokio::test]
async fn the_character_that_no_database_keeps_is_refused_and_the_log_is_written() {
    on_both(async |gateway| {
        let scim = people(&gateway);
        let id = scim
            .post("/Users", &json!({"userName": "amy"}))
            .await
            .expect(201)
            .id();
        let path = format!("/Users/{id}");
        let group = scim
            .post("/Groups", &json!({"displayName": "G"}))
            .await
            .expect(201)
            .id();
        let nul = "a\u{0}b";
        let (user, patch) = (
            json!({"userName": nul, "externalId": nul}),
            json!({"Operations": [{"op": "add", "path": "title", "value": nul}]}),
        );
        let mut refused = vec![
            scim.post("/Users", &user).await,
            scim.put(&path, &user).await,
            scim.patch(&path, &patch).await,
            scim.patch(
                &path,
                &json!({"Operations": [{"op": "add", "value": {"name": {"givenName": nul}}}]}),
            )
            .await,
            scim.post("/Users", &json!({"userName": "bea", "nosuch\u{0}": 1}))
                .await,
            scim.post("/Groups", &json!({"displayName": nul})).await,
        ];
        let members = json!({"Operations": [{"op": "add", "path": "members", "value": [{"value": nul}]}]});
        refused.push(scim.patch(&format!("/Groups/{group}"), &members).await);
        for answer in refused {
            let answer = answer.expect(400);
            assert_eq!(answer.body["scimType"], "invalidValue", "{}", answer.text);
            assert!(answer.text.contains("U+0000"), "{}", answer.text);
        }
        for (method, path, data) in [("POST", "/Users", &user), ("PATCH", path.as_str(), &patch)] {
            let answer = in_bulk(&scim, method, path, data).await;
            assert_eq!(answer["status"], "400", "{answer}");
            assert_eq!(answer["response"]["scimType"], "invalidValue", "{answer}");
        }
        let filter = scim.find("userName eq \"a\\u0000b\"").await.expect(400);
        assert_eq!(filter.body["scimType"], "invalidFilter");
        assert_eq!(scim.get("/Users").await.expect(200).total(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_patch_of_what_no_schema_has_is_refused_for_the_rfc_and_passed_over_for_products() {
    on_both(async |gateway| {
        let scim = people(&gateway);
        let id = scim
            .post("/Users", &json!({"userName": "amy"}))
            .await
            .expect(201)
            .id();
        let path = format!("/Users/{id}");
        let operations = [
            json!({"op": "replace", "path": "nosuch", "value": "x"}),
            json!({"op": "add", "value": {"nosuch": "x"}}),
            json!({"op": "add", "path": "name.nosuch", "value": "x"}),
            json!({"op": "remove", "path": "urn:x:y:nosuch"}),
            json!({"op": "add", "value": {URN: {"nosuch": "x"}}}),
        ];
        for operation in &operations {
            scim.patch_ops(&id, json!([operation])).await.expect(200);
        }
        generic(&gateway);
        for operation in &operations {
            let refused = scim.patch_ops(&id, json!([operation])).await.expect(400);
            assert_eq!(refused.body["scimType"], "invalidPath", "{operation}");
            assert!(refused.text.contains("nosuch"), "{}", refused.text);
            let bulk = in_bulk(&scim, "PATCH", &path, &json!({"Operations": [operation]})).await;
            assert_eq!(bulk["response"]["scimType"], "invalidPath", "{bulk}");
        }
        let removal = json!([{"op": "remove", "path": "schemas"}]);
        assert_eq!(
            scim.patch_ops(&id, removal).await.expect(400).body["scimType"],
            "mutability"
        );
    })
    .await;
}
