//! A directory's own attributes, from the operator's file to the app's event (ADR 0027).

use serde_json::json;
use support::gateway::Gateway;
use support::http::{Feed, Scim};

use super::on_both;

const URN: &str = "urn:ietf:params:scim:schemas:extension:contoso:2.0:User";

const FILE: &str = r#"
urn = "urn:ietf:params:scim:schemas:extension:contoso:2.0:User"

[[attribute]]
name = "tenure"
type = "integer"
record = "tenure"

[[attribute]]
name = "start"
type = "dateTime"
mutability = "immutable"

[[attribute]]
name = "remote"
type = "boolean"

[[attribute]]
name = "skills"
type = "string"
multi_valued = true
case_exact = true
canonical_values = ["phone", "chat"]
record = "skills"

[[attribute]]
name = "grade"
type = "string"
required = true
entra = "extensionAttribute1"
"#;

const WHOSE: [&str; 4] = ["--tenant", "contoso", "--profile", "agents"];

fn cli(gateway: &Gateway, verb: &[&str], rest: &[&str]) -> serde_json::Value {
    gateway.cli(&[&["directory", "extension"], verb, &WHOSE[..], rest].concat())
}

fn set(gateway: &Gateway, text: &str) -> serde_json::Value {
    std::fs::write(gateway.folder().join("ext.toml"), text).unwrap();
    cli(gateway, &["set"], &["--file", "ext.toml"])
}

fn agent(more: serde_json::Value) -> serde_json::Value {
    json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "bo@contoso.com", "active": true, URN: more})
}

#[tokio::test]
async fn a_directorys_own_attributes_are_typed_served_filtered_patched_and_in_events() {
    on_both(async |gateway| {
        let scim = Scim::new(&gateway.directory("contoso", "agents"));
        let other = Scim::new(&gateway.directory("fabrikam", "agents"));
        let app = gateway.app("desk");
        let shown = set(&gateway, FILE);
        assert_eq!(shown["urn"], URN);
        assert_eq!(shown["attributes"][0]["entraType"], "Integer");

        let schema = scim.get(&format!("/Schemas/{URN}")).await.expect(200);
        assert_eq!(schema.body["attributes"][3]["canonicalValues"], json!(["phone", "chat"]));
        assert_eq!(schema.body["attributes"][3]["caseExact"], true);
        let kind = scim.get("/ResourceTypes/User").await.expect(200);
        let listed = json!({"schema": URN, "required": true});
        assert!(kind.body["schemaExtensions"].as_array().unwrap().contains(&listed), "{}", kind.text);
        other.get(&format!("/Schemas/{URN}")).await.expect(404);

        for (attribute, value, says) in [
            ("tenure", json!("many"), "must be a whole number"),
            ("start", json!("yesterday"), "date and time"),
            ("remote", json!("perhaps"), "must be a boolean"),
        ] {
            let refused = scim.post("/Users", &agent(json!({"grade": "A", attribute: value}))).await.expect(400);
            assert!(refused.text.contains(&format!("{URN}:{attribute}")), "{}", refused.text);
            assert!(refused.text.contains(says), "{}", refused.text);
        }
        let refused = scim.post("/Users", &agent(json!({"tenure": 1}))).await.expect(400);
        assert!(refused.text.contains(&format!("map extensionAttribute1 to {URN}:grade")), "{}", refused.text);

        let sent = json!({"grade": "A", "tenure": "7", "start": "2024-05-13T04:42:34Z", "remote": "True", "skills": ["chat"]});
        let created = scim.post("/Users", &agent(sent)).await.expect(201);
        let id = created.id();
        assert_eq!(
            created.body[URN],
            json!({"grade": "A", "tenure": 7, "start": "2024-05-13T04:42:34Z", "remote": true, "skills": ["chat"]})
        );
        assert!(created.body["schemas"].as_array().unwrap().contains(&json!(URN)), "{}", created.text);
        for (filter, total) in [
            (format!("{URN}:tenure gt 6"), 1),
            (format!("{URN}:tenure eq \"8\""), 0),
            (format!("{URN}:skills eq \"chat\""), 1),
            (format!("{URN}:skills eq \"Chat\""), 0),
            (format!("{URN}:start lt \"2024-05-13T06:42:35+02:00\""), 1),
        ] {
            assert_eq!(scim.find(&filter).await.expect(200).total(), total, "{filter}");
        }

        let patch = json!([
            {"op": "Add", "path": format!("{URN}:skills"), "value": ["phone"]},
            {"op": "Replace", "path": format!("{URN}:tenure"), "value": "8"},
            {"op": "replace", "value": {format!("{URN}:remote"): "False"}},
        ]);
        let changed = scim.patch_ops(&id, patch).await.expect(200);
        assert_eq!(changed.body[URN]["skills"], json!(["chat", "phone"]));
        assert_eq!(changed.body[URN]["tenure"], 8);
        assert_eq!(changed.body[URN]["remote"], false);
        for (operation, says) in [
            (json!({"op": "replace", "path": format!("{URN}:start"), "value": "2025-05-13T04:42:34Z"}), "set once"),
            (json!({"op": "remove", "path": format!("{URN}:start")}), "set once"),
            (json!({"op": "remove", "path": format!("{URN}:grade")}), "is required"),
        ] {
            let refused = scim.patch_ops(&id, json!([operation])).await.expect(400);
            assert_eq!(refused.body["scimType"], "mutability", "{}", refused.text);
            assert!(refused.text.contains(says), "{}", refused.text);
        }

        let feed = Feed::new(&app);
        feed.settled_head().await;
        let events: Vec<_> = feed.all().await.into_iter().map(|(_, event)| event).collect();
        assert_eq!(events[0]["data"]["record"]["tenure"], 7);
        assert_eq!(events[1]["data"]["record"]["tenure"], 8);
        assert_eq!(events[1]["data"]["record"]["skills"], json!(["chat", "phone"]));
    })
    .await;
}

#[tokio::test]
async fn an_extension_is_checked_when_it_is_set_shown_for_entra_and_taken_away_again() {
    on_both(async |gateway| {
        let scim = Scim::new(&gateway.directory("contoso", "agents"));
        assert_eq!(cli(&gateway, &["show"], &[])["attributes"], json!([]));
        std::fs::write(
            gateway.folder().join("bad.toml"),
            FILE.replace("integer", "number"),
        )
        .unwrap();
        let refused = gateway.try_cli(
            &[
                &["directory", "extension", "set"],
                &WHOSE[..],
                &["--file", "bad.toml"],
            ]
            .concat(),
        );
        assert_eq!(refused.status.code(), Some(1));
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(
            said.contains("tenure: type \"number\" is unknown") && said.contains("Nothing was changed"),
            "{said}"
        );
        scim.get(&format!("/Schemas/{URN}")).await.expect(404);

        set(&gateway, FILE);
        let copied =
            gateway.try_cli(&[&["directory", "extension", "show"], &WHOSE[..], &["--copy"]].concat());
        let block = String::from_utf8_lossy(&copied.stdout).into_owned();
        assert!(
            block.contains(&format!("{URN}:tenure")) && block.contains("Integer"),
            "{block}"
        );

        // A person created before the requirement can still be disabled.
        cli(&gateway, &["remove"], &[]);
        let id = scim
            .post("/Users", &agent(json!({"tenure": 3})))
            .await
            .expect(201)
            .id();
        scim.get(&format!("/Schemas/{URN}")).await.expect(404);
        set(&gateway, FILE);
        let disabled = scim
            .patch_ops(
                &id,
                json!([{"op": "Replace", "path": "active", "value": "False"}]),
            )
            .await
            .expect(200);
        assert_eq!(disabled.body["active"], false);
        let enabled = scim
            .put(&format!("/Users/{id}"), &agent(json!({"tenure": 3})))
            .await
            .expect(200);
        assert_eq!(enabled.body["active"], true);
        let graded = agent(json!({"tenure": 3, "grade": "A"}));
        scim.put(&format!("/Users/{id}"), &graded).await.expect(200);
        let refused = scim
            .put(&format!("/Users/{id}"), &agent(json!({"tenure": 3})))
            .await
            .expect(400);
        assert_eq!(refused.body["scimType"], "invalidValue", "{}", refused.text);
    })
    .await;
}
