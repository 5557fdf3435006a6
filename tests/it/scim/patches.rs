//! PATCH in both of Entra's dialects over HTTP; each applied twice (`docs/background/entra.md`, "Two PATCH
//! dialects"). All forms are tested in `crates/scim`; this file tests the path through all layers.

use serde_json::{Value, json};

use super::{advisor, advisors, on_both};

#[tokio::test]
async fn both_dialects_change_the_same_and_a_repeat_changes_nothing() {
    on_both(async |gateway| {
        let scim = advisors(&gateway, "contoso");
        let id = scim.post("/Users", &advisor(1)).await.expect(201).id();
        let shapes: [(Value, &str, Value); 9] = [
            (json!([{"op": "Replace", "path": "displayName", "value": "Bob B"}]), "/displayName", json!("Bob B")),
            (json!([{"op": "Replace", "path": "name.givenName", "value": "Bobby"}]), "/name/givenName", json!("Bobby")),
            (
                json!([{"op": "Replace", "path": "addresses[type eq \"work\"].formatted", "value": "Building 5"}]),
                "/addresses/0/formatted",
                json!("Building 5"),
            ),
            (json!([{"op": "Replace", "path": "active", "value": "False"}]), "/active", json!(false)),
            (json!([{"op": "replace", "path": "active", "value": true}]), "/active", json!(true)),
            (json!([{"op": "replace", "value": {"active": false}}]), "/active", json!(false)),
            (json!([{"op": "Remove", "path": "addresses[type eq \"work\"]"}]), "/addresses", Value::Null),
            (
                json!([{"op": "Add", "path": "addresses[type eq \"work\"].formatted", "value": "Annex"}]),
                "/addresses",
                json!([{"type": "work", "formatted": "Annex"}]),
            ),
            (
                json!([{"op": "replace", "path": "addresses[type eq \"work\"].formatted", "value": "HQ"},
                       {"op": "replace", "value": {"displayName": "Bjfe", "name.givenName": "Kkom", "name.familyName": "Unua"}}]),
                "/name",
                json!({"givenName": "Kkom", "familyName": "Unua"}),
            ),
        ];
        for (operations, pointer, expected) in shapes {
            let changed = scim.patch_ops(&id, operations.clone()).await.expect(200);
            assert_eq!(changed.body.pointer(pointer).unwrap_or(&Value::Null), &expected, "{operations}");
            let again = scim.patch_ops(&id, operations.clone()).await.expect(200);
            assert_eq!(again.body, changed.body, "{operations}");
            assert_eq!(again.header("etag"), changed.header("etag"), "no change, no revision: {operations}");
            assert_eq!(scim.get(&format!("/Users/{id}")).await.expect(200).body, changed.body);
        }
    })
    .await;
}

#[tokio::test]
async fn one_bad_operation_undoes_the_whole_request() {
    on_both(async |gateway| {
        let scim = advisors(&gateway, "contoso");
        let created = scim.post("/Users", &advisor(1)).await.expect(201);
        let id = created.id();
        let good = json!({"op": "Replace", "path": "displayName", "value": "Changed"});
        for (bad, status, scim_type, word) in [
            (
                json!({"op": "Replace", "path": "active", "value": "maybe"}),
                400,
                "invalidValue",
                "active",
            ),
            (json!({"op": "Remove"}), 400, "noTarget", "path"),
            (
                json!({"op": "Remove", "path": "userName"}),
                400,
                "mutability",
                "userName is required",
            ),
            (
                json!({"op": "Replace", "path": "name[", "value": "x"}),
                400,
                "invalidPath",
                "name[",
            ),
        ] {
            let refused = scim.patch_ops(&id, json!([good, bad])).await.expect(status);
            assert_eq!(refused.body["scimType"], scim_type, "{bad}: {}", refused.text);
            assert!(refused.text.contains(word), "{bad}: {}", refused.text);
            assert_eq!(
                scim.get(&format!("/Users/{id}")).await.expect(200).body,
                created.body,
                "{bad}"
            );
        }
    })
    .await;
}
