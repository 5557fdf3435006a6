//! Attributes that the product acts on are part of the resource (ADR 0035): an account without `active` is
//! active, in answers, filters, sorting, changes and events.

use serde_json::{Value, json};
use sqlx::{Connection as _, Executor as _};
use support::gateway::Gateway;
use support::http::{Feed, Scim};

use super::on_both;

fn silent(name: &str) -> Value {
    json!({"userName": name, "displayName": name, "externalId": format!("object-of-{name}"),
           "name": {"givenName": "A", "familyName": "B"}})
}

async fn found(scim: &Scim, filter: &str) -> Vec<String> {
    let answer = scim.find(filter).await.expect(200);
    let list = answer.body["Resources"].as_array().unwrap().clone();
    list.iter()
        .map(|one| one["userName"].as_str().unwrap().to_owned())
        .collect()
}

/// Checks every use of `active` for an account that is on and was sent without it.
async fn every_reader_sees_active(scim: &Scim, id: &str, name: &str) {
    let path = format!("/Users/{id}");
    let read = scim.get(&path).await.expect(200);
    assert_eq!(read.body["active"], true, "{}", read.text);
    let part = scim.get(&format!("{path}?attributes=active")).await.expect(200);
    assert_eq!(part.body["active"], true);
    for (filter, finds) in [
        ("active eq true", true),
        ("active eq false", false),
        ("active ne false", true),
        ("active ne true", false),
        ("active pr", true),
        ("not (active pr)", false),
        ("active eq null", false),
    ] {
        for narrowed in [false, true] {
            let filter = if narrowed {
                format!("userName eq \"{name}\" and {filter}")
            } else {
                filter.to_owned()
            };
            let names = found(scim, &filter).await;
            assert_eq!(names.contains(&name.to_owned()), finds, "{filter}");
        }
    }
    let sorted = scim
        .get("/Users?sortBy=active&sortOrder=descending")
        .await
        .expect(200);
    let flags: Vec<&Value> = sorted.body["Resources"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["active"])
        .collect();
    let mut ordered = flags.clone();
    ordered.sort_by_key(|flag| **flag != json!(true));
    assert_eq!(flags, ordered, "on before off, nobody without");
    // Switching on an account that is on is no change.
    let on = json!([{"op": "Replace", "path": "active", "value": "True"}]);
    let same = scim.patch_ops(id, on).await.expect(200);
    assert_eq!(same.body, read.body);
}

#[tokio::test]
async fn a_creation_that_says_nothing_of_active_is_active_to_every_reader() {
    on_both(async |gateway| {
        let app = gateway.app("booking");
        for profile in ["advisors", "rooms", "people"] {
            let scim = Scim::new(&gateway.directory("contoso", profile));
            let off = scim
                .post(
                    "/Users",
                    &json!({"userName": "off", "displayName": "off", "active": false,
                "name": {"givenName": "A", "familyName": "B"}}),
                )
                .await
                .expect(201);
            assert_eq!(off.body["active"], false);
            for (name, active) in [
                ("absent", None),
                ("null", Some(json!(null))),
                ("empty", Some(json!(""))),
            ] {
                let mut body = silent(name);
                if let Some(active) = active {
                    body["active"] = active;
                }
                let made = scim.post("/Users", &body).await.expect(201);
                assert_eq!(made.body["active"], true, "{name}: {}", made.text);
                every_reader_sees_active(&scim, &made.id(), name).await;
            }
        }
        let feed = Feed::new(&app);
        feed.settled_head().await;
        let events: Vec<Value> = feed.all().await.into_iter().map(|(_, event)| event).collect();
        let silent = events
            .iter()
            .filter(|event| event["data"]["record"]["userName"] != "off");
        let mut told = 0;
        for event in silent {
            assert_eq!(
                event["type"], "usher.identity.created.v1",
                "nothing else happened: {event}"
            );
            let data = &event["data"];
            assert_eq!(
                (&data["identity"]["active"], &data["record"]["active"]),
                (&json!(true), &json!(true))
            );
            let changes = data["changes"].as_array().unwrap();
            let change = changes
                .iter()
                .find(|change| change["path"] == "active")
                .expect("a change of active");
            assert_eq!((&change["op"], &change["new"]), (&json!("add"), &json!(true)));
            told += 1;
        }
        assert_eq!(told, 9);
    })
    .await;
}

/// Removes `active` from the stored documents, as an older version left them.
async fn forget_active(gateway: &Gateway) {
    let sql = "UPDATE identity SET document = replace(document, ',\"active\":true', '')";
    if let Some(database) = gateway.database() {
        let mut connection = sqlx::PgConnection::connect(&database.super_url).await.unwrap();
        connection.execute(sql).await.unwrap();
    } else {
        let url = format!(
            "sqlite://{}",
            gateway.folder().join("usher-data/usher.db").display()
        );
        let mut connection = sqlx::SqliteConnection::connect(&url).await.unwrap();
        connection.execute(sql).await.unwrap();
    }
}

#[tokio::test]
async fn a_person_stored_without_active_is_active_everywhere_and_no_version_changes() {
    on_both(async |gateway| {
        let scim = Scim::new(&gateway.directory("contoso", "people"));
        let made = scim.post("/Users", &silent("old")).await.expect(201);
        forget_active(&gateway).await;
        every_reader_sees_active(&scim, &made.id(), "old").await;
        let path = format!("/Users/{}", made.id());
        assert_eq!(scim.get(&path).await.expect(200).body, made.body);
        // A PUT without it and a change of another attribute leave it unchanged.
        let put = scim.put(&path, &silent("old")).await.expect(200);
        assert_eq!(
            put.body["meta"]["version"], made.body["meta"]["version"],
            "{}",
            put.text
        );
        let title = json!([{"op": "add", "path": "title", "value": "Lead"}]);
        let changed = scim.patch_ops(&made.id(), title).await.expect(200);
        assert_eq!(changed.body["active"], true);
        let off = json!([{"op": "Replace", "path": "active", "value": "False"}]);
        scim.patch_ops(&made.id(), off).await.expect(200);
        assert_eq!(found(&scim, "active eq false").await, ["old"]);
    })
    .await;
}
