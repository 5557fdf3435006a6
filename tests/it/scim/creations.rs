//! A creation is judged by its own body (ADR 0035): what a 201 shows is what the same body would have made in
//! an empty directory, but for id and times, after any history and by every kind of request.

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::{Value, json};
use support::gateway::Gateway;
use support::http::Scim;

use super::on_both;

/// Every way to send, or not to send, that an account is on or off.
fn spellings() -> Vec<Option<Value>> {
    let said = [
        json!(null),
        json!(""),
        json!(true),
        json!(false),
        json!("True"),
        json!("False"),
        json!("true"),
        json!("false"),
    ];
    std::iter::once(None).chain(said.map(Some)).collect()
}

fn body(active: Option<&Value>, title: &str) -> Value {
    let mut body = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "userName": "bea@contoso.com", "externalId": "object-of-bea", "displayName": title,
    });
    if let Some(active) = active {
        body["active"] = active.clone();
    }
    body
}

/// A resource without the parts in which any two creations differ.
fn comparable(resource: &Value) -> Value {
    let mut resource = resource.clone();
    resource["id"] = json!(null);
    for part in ["created", "lastModified", "location"] {
        resource["meta"][part] = json!(null);
    }
    resource
}

/// The resource that a body makes in an empty directory.
async fn made_in_an_empty_directory(empty: &Scim, body: &Value) -> Value {
    let made = empty.post("/Users", body).await.expect(201);
    empty.delete(&format!("/Users/{}", made.id())).await.expect(204);
    comparable(&made.body)
}

fn bulk(operations: &[(&str, Value)]) -> Value {
    let operations: Vec<Value> = operations
        .iter()
        .map(|(id, data)| json!({"method": "POST", "path": "/Users", "bulkId": id, "data": data}))
        .collect();
    json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": operations})
}

/// The resource of a creation, by POST or by Bulk; `None` for a 409.
async fn create(scim: &Scim, body: &Value, by_bulk: bool) -> Option<Value> {
    let (status, shown, refusal) = if by_bulk {
        let answer = scim
            .post("/Bulk", &bulk(&[("one", body.clone())]))
            .await
            .expect(200);
        let line = &answer.body["Operations"][0];
        let status: u16 = line["status"].as_str().unwrap().parse().unwrap();
        let shown = if status == 201 {
            let path = line["location"]
                .as_str()
                .unwrap()
                .strip_prefix(&scim.base)
                .unwrap();
            let read = scim.get(path).await.expect(200).body;
            assert_eq!(line["version"], read["meta"]["version"]);
            read
        } else {
            Value::Null
        };
        (status, shown, line["response"].clone())
    } else {
        let answer = scim.post("/Users", body).await;
        (answer.status, answer.body.clone(), answer.body)
    };
    match status {
        201 => Some(shown),
        409 => {
            assert_eq!(refusal["scimType"], "uniqueness", "{refusal}");
            None
        }
        other => panic!("{other}: {refusal}"),
    }
}

/// One random change of a person.
async fn happen(scim: &Scim, id: &str, dice: &mut StdRng, groups: bool) -> String {
    let replace = |path: &str, value: Value| json!([{"op": "replace", "path": path, "value": value}]);
    let what = dice.random_range(0..if groups { 7 } else { 5 });
    match what {
        0 | 1 => {
            let off = scim.patch_ops(id, replace("active", json!("False"))).await;
            off.expect(200);
            "switched off".to_owned()
        }
        2 => {
            scim.patch_ops(id, replace("active", json!(true)))
                .await
                .expect(200);
            "switched on".to_owned()
        }
        3 => {
            scim.patch_ops(id, replace("displayName", json!("Other")))
                .await
                .expect(200);
            "renamed".to_owned()
        }
        4 => {
            let put = body(None, "Bea");
            scim.put(&format!("/Users/{id}"), &put).await.expect(200);
            "replaced".to_owned()
        }
        5 => {
            let group = json!({"displayName": format!("G{}", dice.random_range(0..1_000_000_000)), "members": [{"value": id}]});
            scim.post("/Groups", &group).await.expect(201);
            "put into a group".to_owned()
        }
        _ => {
            let group = json!({"displayName": format!("H{}", dice.random_range(0..1_000_000_000)), "members": [{"value": id}]});
            let made = scim.post("/Groups", &group).await.expect(201).id();
            scim.delete(&format!("/Groups/{made}")).await.expect(204);
            "in a group for a while".to_owned()
        }
    }
}

async fn history(scim: &Scim, empty: &Scim, dice: &mut StdRng, groups: bool) {
    let spellings = spellings();
    let mut story = Vec::new();
    let pick = |dice: &mut StdRng| spellings[dice.random_range(0..spellings.len())].clone();
    let first = body(pick(dice).as_ref(), "Bea");
    let made = scim.reconnected().post("/Users", &first).await.expect(201);
    story.push(format!("POST {first}"));
    for _ in 0..dice.random_range(0..4) {
        story.push(happen(scim, &made.id(), dice, groups).await);
    }
    for _ in 0..3 {
        let again = match dice.random_range(0..4) {
            0 => body(pick(dice).as_ref(), "Bea"),
            1 => body(pick(dice).as_ref(), "Other"),
            _ => first.clone(),
        };
        let by_bulk = dice.random_range(0..3) == 0;
        story.push(format!("{} {again}", if by_bulk { "Bulk POST" } else { "POST" }));
        if let Some(shown) = create(&scim.reconnected(), &again, by_bulk).await {
            let expected = made_in_an_empty_directory(empty, &again).await;
            assert_eq!(comparable(&shown), expected, "{}", story.join("\n"));
        }
    }
    scim.delete(&format!("/Users/{}", made.id())).await.expect(204);
}

#[tokio::test]
async fn what_a_201_shows_is_what_the_body_makes_in_an_empty_directory() {
    on_both(async |gateway| {
        for (profile, groups) in [("people", true), ("rooms", false)] {
            let scim = Scim::new(&gateway.directory("contoso", profile));
            let empty = Scim::new(&gateway.directory("empty", profile));
            let seed = rand::rng().random();
            println!("{profile}: seed {seed}");
            let mut dice = StdRng::seed_from_u64(seed);
            for _ in 0..30 {
                history(&scim, &empty, &mut dice, groups).await;
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_creation_of_a_disabled_person_is_a_conflict_by_every_kind_of_request_and_spelling() {
    on_both(async |gateway| {
        for profile in ["people", "rooms", "advisors"] {
            let scim = Scim::new(&gateway.directory("contoso", profile));
            for spelling in spellings() {
                for by_bulk in [false, true] {
                    let mut body = body(spelling.as_ref(), "Bea");
                    body["name"] = json!({"givenName": "Bea", "familyName": "Back"});
                    let id = scim.reconnected().post("/Users", &body).await.expect(201).id();
                    let off = json!([{"op": "Replace", "path": "active", "value": "False"}]);
                    let on = json!([{"op": "Replace", "path": "active", "value": "True"}]);
                    scim.patch_ops(&id, on).await.expect(200);
                    let off = scim.patch_ops(&id, off).await.expect(200);
                    let again = create(&scim.reconnected(), &body, by_bulk).await;
                    assert_eq!(again, None, "{profile}, active {spelling:?}, bulk {by_bulk}");
                    let now = scim.get(&format!("/Users/{id}")).await.expect(200);
                    assert_eq!(now.body, off.body, "nothing has changed");
                    scim.delete(&format!("/Users/{id}")).await.expect(204);
                }
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_lost_creation_heals_by_post_and_by_bulk_until_its_answer_was_read() {
    let gateway = Gateway::embedded().await;
    let scim = Scim::new(&gateway.directory("contoso", "people"));
    let body = body(None, "Bea");
    let made = scim.reconnected().post("/Users", &body).await.expect(201);
    for by_bulk in [false, true] {
        let client = scim.reconnected();
        let healed = create(&client, &body, by_bulk).await.expect("heals");
        assert_eq!(healed, made.body);
        // The client has read the answer by now.
        assert_eq!(create(&client, &body, by_bulk).await, None, "bulk {by_bulk}");
    }
    scim.delete(&format!("/Users/{}", made.id())).await.expect(204);
    // Twice in one request is a duplicate, too.
    let twice = bulk(&[("one", body.clone()), ("two", body.clone())]);
    let answer = scim.reconnected().post("/Bulk", &twice).await.expect(200);
    let statuses: Vec<_> = answer.body["Operations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| &line["status"])
        .collect();
    assert_eq!(statuses, ["201", "409"], "{}", answer.text);
}
