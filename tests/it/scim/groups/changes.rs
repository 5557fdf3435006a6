//! Rules for every kind of request that changes a group: POST, PUT, PATCH with and without a path, alone and
//! in a bulk request, from any provider.

use reqwest::Method;
use serde_json::{Value, json};
use support::gateway::Gateway;
use support::http::{Answer, Scim};

use super::{PATCH_OP, create, members, persons, set};
use crate::scim::on_both;

const PROVIDERS: [&str; 6] = ["entra", "okta", "onelogin", "jumpcloud", "ping", "generic"];
const CORE: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";

/// A kind of request that changes a group, and how its result is read.
struct Change {
    name: &'static str,
    method: Method,
    body: Value,
}

impl Change {
    /// All kinds of request that set `attribute` to `value`; a PUT has `name`, too.
    fn all(attribute: &str, value: &Value, name: &str) -> Vec<Self> {
        let patch = |operation: Value| json!({"schemas": [PATCH_OP], "Operations": [operation]});
        let mut put = json!({"schemas": [CORE], "displayName": name});
        put[attribute] = value.clone();
        let change = |name, method, body| Self { name, method, body };
        vec![
            change(
                "PATCH with a path",
                Method::PATCH,
                patch(json!({"op": "Replace", "path": attribute, "value": value})),
            ),
            change(
                "PATCH with a URN",
                Method::PATCH,
                patch(json!({"op": "replace", "path": format!("{CORE}:{attribute}"), "value": value})),
            ),
            change(
                "PATCH without a path",
                Method::PATCH,
                patch(json!({"op": "replace", "value": {attribute: value}})),
            ),
            change("PUT", Method::PUT, put),
        ]
    }

    /// Sends it; status and error body.
    async fn send(&self, scim: &Scim, id: &str, by_bulk: bool) -> (u16, Value) {
        let path = format!("/Groups/{id}");
        if by_bulk {
            let operation = json!({"method": self.method.as_str(), "path": path, "data": self.body});
            let request = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": [operation]});
            let answer = scim.post("/Bulk", &request).await.expect(200);
            let line = &answer.body["Operations"][0];
            return (
                line["status"].as_str().unwrap().parse().unwrap(),
                line["response"].clone(),
            );
        }
        let answer = match self.method {
            Method::PUT => scim.put(&path, &self.body).await,
            _ => scim.patch(&path, &self.body).await,
        };
        (answer.status, answer.body)
    }
}

fn directory(gateway: &Gateway, provider: &str) -> Scim {
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

async fn read(scim: &Scim, id: &str) -> Answer {
    scim.get(&format!("/Groups/{id}")).await.expect(200)
}

#[tokio::test]
async fn a_replacement_by_unknown_members_only_is_refused_and_changes_nothing() {
    on_both(async |gateway| {
        for provider in PROVIDERS {
            let scim = directory(&gateway, provider);
            let people = persons(&scim, 0, 2).await;
            let group = create(&scim, "Sales", &people).await;
            let elsewhere = "idn_00000000000000000000000000000001";
            for unknown in [
                json!([{"value": elsewhere}]),
                json!([{"value": "7fce0092-0000-4000-8000-000000000001"}, {"value": "nobody"}]),
                json!([{"value": group}]),
                json!({"value": elsewhere}),
                json!([elsewhere]),
            ] {
                for change in Change::all("members", &unknown, "Sales") {
                    for by_bulk in [false, true] {
                        let before = read(&scim, &group).await.body;
                        let (status, refusal) = change.send(&scim, &group, by_bulk).await;
                        let what = format!("{provider}, {}, bulk {by_bulk}: {unknown}", change.name);
                        assert_eq!(
                            (status, &refusal["scimType"]),
                            (400, &json!("invalidValue")),
                            "{what}: {refusal}"
                        );
                        let detail = refusal["detail"].as_str().unwrap();
                        assert!(
                            detail.contains("so nothing was changed. Provision the people first"),
                            "{detail}"
                        );
                        assert!(detail.contains("send an empty list"), "{detail}");
                        assert_eq!(read(&scim, &group).await.body, before, "{what}");
                    }
                }
            }
            // One known id is enough, and an empty list removes all members.
            for change in Change::all(
                "members",
                &json!([{"value": elsewhere}, {"value": people[0]}]),
                "Sales",
            ) {
                let (status, _) = change.send(&scim, &group, false).await;
                assert!(status < 300, "{provider}, {}: {status}", change.name);
                assert_eq!(members(&scim, &group).await, set(&people[..1]));
            }
            for change in Change::all("members", &json!([]), "Sales") {
                let (status, _) = change.send(&scim, &group, false).await;
                assert!(status < 300, "{provider}, {}: {status}", change.name);
                assert_eq!(members(&scim, &group).await, set(&[]));
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_name_of_invisible_characters_is_missing() {
    on_both(async |gateway| {
        let scim = directory(&gateway, "entra");
        let group = create(&scim, "Sales", &[]).await;
        for blank in ["", " ", "\t \r\n", "\u{a0}\u{2003}\u{3000}", "\u{200b}", "\u{feff}\u{2060}", " \u{ad}\u{3164} "] {
            let posted = scim.post("/Groups", &json!({"displayName": blank})).await.expect(400);
            assert_eq!(posted.body["scimType"], "invalidValue", "{blank:?}");
            let line = json!({"method": "POST", "path": "/Groups", "bulkId": "g", "data": {"displayName": blank}});
            let request = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": [line]});
            let answer = scim.post("/Bulk", &request).await.expect(200);
            assert_eq!(answer.body["Operations"][0]["status"], "400", "{blank:?}");
            for change in Change::all("displayName", &json!(blank), "Sales") {
                for by_bulk in [false, true] {
                    let before = read(&scim, &group).await.body;
                    let (status, refusal) = change.send(&scim, &group, by_bulk).await;
                    let what = format!("{}, bulk {by_bulk}: {blank:?}", change.name);
                    assert_eq!(status, 400, "{what}: {refusal}");
                    let detail = refusal["detail"].as_str().unwrap();
                    assert!(detail.contains("displayName is required and cannot be removed or emptied"), "{what}: {detail}");
                    assert_eq!(read(&scim, &group).await.body, before, "{what}");
                }
            }
            // The same rule of "required" for people.
            let person = json!({"userName": blank, "displayName": "B"});
            scim.post("/Users", &person).await.expect(400);
        }
        assert_eq!(scim.get("/Groups").await.expect(200).total(), 1);
    })
    .await;
}
