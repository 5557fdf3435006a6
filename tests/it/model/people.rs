//! Steps on people: created, changed in every form, replaced, deleted, refused.

use rand::RngExt as _;
use reqwest::Method;
use serde_json::{Value, json};
use support::http::{Answer, send};

use super::shapes::{Edit, body, operations};
use super::state::{Field, Person};
use super::{Talk, version};

const WORDS: [&str; 8] = [
    "Lead",
    "Clerk",
    "Zoë",
    "O'Neil",
    "a \"b\" \\ c",
    "山田",
    "lead",
    "x y  z",
];

/// The id of an existing person.
pub fn somebody(talk: &mut Talk) -> Option<String> {
    let ids: Vec<String> = talk.world.people.keys().cloned().collect();
    (!ids.is_empty()).then(|| talk.pick(&ids).clone())
}

/// Random values of a new or replaced person.
fn anybody(talk: &mut Talk) -> Person {
    let number = talk.world.number();
    let mut person = Person {
        active: Some(talk.chance(80)),
        ..Person::default()
    };
    person.set(Field::UserName, Some(&format!("Person{number}@Contoso.com")));
    person.set(Field::ExternalId, Some(&format!("ext-{number}")));
    for field in Field::OPTIONAL {
        if talk.chance(50) {
            let text = text_for(talk, field);
            person.set(field, Some(&text));
        }
    }
    person
}

fn text_for(talk: &mut Talk, field: Field) -> String {
    let number = talk.dice.random_range(0..30);
    match field {
        Field::UserName => format!("renamed{}@contoso.com", talk.world.number()),
        Field::ExternalId => format!("ext-{}", talk.world.number()),
        Field::WorkMail | Field::HomeMail => format!("mail{number}@Example.com"),
        Field::Manager => somebody(talk).unwrap_or_else(|| "nobody-here-yet".to_owned()),
        _ => (*talk.pick(&WORDS)).to_owned(),
    }
}

/// Compares an answer's body with the model, its version too.
#[track_caller]
pub fn compare(talk: &Talk, id: &str, seen: &Value) {
    let expected = &talk.world.people[id];
    let mut person = Person::of(seen);
    person.changes = talk.changes(id, expected.changes, seen);
    talk.same(&person, expected, &format!("{id} in {seen}"));
}

/// Reads a person and compares, groups included.
pub async fn check(talk: &mut Talk, id: &str) {
    let seen = talk.scim.get(&format!("/Users/{id}")).await.expect(200).body;
    compare(talk, id, &seen);
    let groups = seen["groups"].as_array().into_iter().flatten();
    let groups = groups
        .map(|group| group["value"].as_str().expect("a group's id").to_owned())
        .collect();
    talk.same(&groups, &talk.world.groups_of(id), &format!("groups of {id}"));
    put_back(talk, &format!("/Users/{id}"), &seen).await;
}

/// A PUT of the resource just read is no change, whatever came before.
pub async fn put_back(talk: &mut Talk, path: &str, seen: &Value) {
    talk.say(format!("PUT {path} of what it is"));
    let put = talk.scim.put(path, seen).await.expect(200);
    talk.same(&version(&put.body), &version(seen), "a PUT of what was read");
}

/// POST, sometimes with a taken name, sometimes twice.
pub async fn create(talk: &mut Talk) {
    let mut person = anybody(talk);
    let mut taken = None;
    if talk.chance(15)
        && let Some(other) = somebody(talk)
    {
        let name = talk.world.people[&other]
            .text(Field::UserName)
            .expect("everybody has one")
            .to_uppercase();
        person.set(Field::UserName, Some(&name));
        taken = Some(other);
    }
    let body = body(talk, &person);
    talk.say(format!("POST {body}"));
    let answer = talk.scim.post("/Users", &body).await;
    if taken.is_some() {
        let refused = answer.expect(409);
        talk.same(&refused.body["scimType"], &json!("uniqueness"), "409");
        return;
    }
    let made = answer.expect(201);
    let id = made.id();
    person.changes = 1;
    talk.world.people.insert(id.clone(), person);
    compare(talk, &id, &made.body);
    if talk.chance(20) {
        talk.say("the same POST again".to_owned());
        let [again, duplicate] = talk.scim.post_twice("/Users", &body).await;
        let again = again.expect(201);
        talk.same(&again.id(), &id, "a repeated POST heals");
        duplicate.expect(409);
        compare(talk, &id, &again.body);
    }
}

fn edits(talk: &mut Talk) -> Vec<Edit> {
    let mut edits: Vec<Edit> = Vec::new();
    for _ in 0..talk.dice.random_range(1..5) {
        let field = *talk.pick(&Field::OPTIONAL);
        let edit = match talk.dice.random_range(0..10) {
            0 => Edit::Active(talk.chance(50)),
            1 => Edit::Text(Field::UserName, Some(text_for(talk, Field::UserName))),
            2 => Edit::Text(Field::ExternalId, Some(text_for(talk, Field::ExternalId))),
            3..6 => Edit::Text(field, None),
            _ => Edit::Text(field, Some(text_for(talk, field))),
        };
        // One edit a field: a request that contradicts itself is another test's.
        let about = |edit: &Edit| match edit {
            Edit::Text(field, _) => Some(*field),
            Edit::Active(_) => None,
        };
        if !edits.iter().any(|other| about(other) == about(&edit)) {
            edits.push(edit);
        }
    }
    edits
}

/// Applies edits to the model as one change.
fn apply(talk: &mut Talk, id: &str, edits: &[Edit]) {
    let person = talk.world.people.get_mut(id).expect("somebody");
    let mut changed = false;
    for edit in edits {
        changed |= edit.apply(person);
    }
    person.changes += u64::from(changed);
}

/// PATCH in some form, and often the same once more: that must change nothing.
pub async fn patch(talk: &mut Talk) {
    let Some(id) = somebody(talk) else { return };
    let edits = edits(talk);
    let person = talk.world.people[&id].clone();
    let operations = operations(talk, &edits, &person);
    talk.say(format!("PATCH {id} {operations}"));
    let answer = talk.scim.patch_ops(&id, operations.clone()).await.expect(200);
    apply(talk, &id, &edits);
    compare(talk, &id, &answer.body);
    if talk.chance(50) {
        talk.say("the same PATCH again".to_owned());
        let again = talk.scim.patch_ops(&id, operations).await.expect(200);
        compare(talk, &id, &again.body);
    }
    if talk.chance(20) {
        check(talk, &id).await;
    }
}

/// PUT: absent attributes are removed.
pub async fn replace(talk: &mut Talk) {
    let Some(id) = somebody(talk) else { return };
    let old = talk.world.people[&id].clone();
    let mut new = anybody(talk);
    for field in [Field::UserName, Field::ExternalId] {
        new.set(field, old.text(field));
    }
    let body = body(talk, &new);
    talk.say(format!("PUT {id} {body}"));
    let answer = talk.scim.put(&format!("/Users/{id}"), &body).await.expect(200);
    new.changes = old.changes + u64::from(!new.says_the_same(&old));
    talk.world.people.insert(id.clone(), new);
    compare(talk, &id, &answer.body);
}

/// DELETE; afterwards the resource is not found.
pub async fn delete(talk: &mut Talk) {
    let Some(id) = somebody(talk) else { return };
    talk.say(format!("DELETE {id}"));
    talk.scim.delete(&format!("/Users/{id}")).await.expect(204);
    talk.world.remove(&id);
    talk.scim.delete(&format!("/Users/{id}")).await.expect(404);
    talk.scim.get(&format!("/Users/{id}")).await.expect(404);
}

/// Requests with `If-Match` and `If-None-Match`.
pub async fn conditional(talk: &mut Talk) {
    let Some(id) = somebody(talk) else { return };
    let shown = talk.scim.get(&format!("/Users/{id}")).await.expect(200);
    let now = format!("W/\"{}\"", version(&shown.body));
    let tag = shown.header("etag").to_owned();
    let read = with_header(talk, Method::GET, &id, ("if-none-match", &tag), None).await;
    talk.same(&read.status, &304, "GET of what is known already");
    let edits = [Edit::Text(
        Field::Title,
        Some(format!("title {}", talk.world.number())),
    )];
    let patch = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": [{"op": "replace", "path": "title", "value": match &edits[0] { Edit::Text(_, text) => json!(text), Edit::Active(_) => json!(null) }}]});
    let stale = *talk.pick(&["W/\"999999\"", "\"x\"", "W/\"0\", W/\"888888\""]);
    talk.say(format!("conditional requests about {id} at {now}"));
    for method in [Method::PATCH, Method::DELETE] {
        let refused = with_header(talk, method, &id, ("if-match", stale), Some(&patch)).await;
        talk.same(&refused.status, &412, "If-Match of another version");
    }
    let tag = if talk.chance(50) { now } else { "*".to_owned() };
    let done = with_header(talk, Method::PATCH, &id, ("if-match", &tag), Some(&patch))
        .await
        .expect(200);
    apply(talk, &id, &edits);
    compare(talk, &id, &done.body);
}

async fn with_header(
    talk: &Talk,
    method: Method,
    id: &str,
    header: (&str, &str),
    body: Option<&Value>,
) -> Answer {
    let request = talk
        .scim
        .request(method, &format!("/Users/{id}"))
        .header(header.0, header.1);
    let request = request.header("content-type", "application/scim+json");
    send(match body {
        Some(body) => request.body(body.to_string()),
        None => request,
    })
    .await
}

/// Refused requests change nothing, whatever else they contain.
pub async fn refused(talk: &mut Talk) {
    let Some(id) = somebody(talk) else { return };
    let good = json!({"op": "Replace", "path": "title", "value": "never"});
    let others: Vec<String> = talk
        .world
        .people
        .keys()
        .filter(|other| **other != id)
        .cloned()
        .collect();
    let mut bad = vec![
        (
            json!({"op": "Replace", "path": "userName", "value": {"not": "a text"}}),
            400,
        ),
        (
            json!({"op": "Replace", "path": "emails[type eq", "value": "x"}),
            400,
        ),
        (json!({"op": "Remove"}), 400),
        (
            json!({"op": "Replace", "path": "active", "value": "perhaps"}),
            400,
        ),
        (json!({"op": "Remove", "path": "userName"}), 400),
        (json!({"op": "move", "path": "title", "value": "x"}), 400),
    ];
    if !others.is_empty() {
        let other = talk.pick(&others).clone();
        let name = talk.world.people[&other]
            .text(Field::UserName)
            .map(str::to_lowercase);
        bad.push((json!({"op": "Replace", "path": "userName", "value": name}), 409));
    }
    let (bad, status) = talk.pick(&bad).clone();
    talk.say(format!("refused PATCH {id} {bad}"));
    talk.scim.patch_ops(&id, json!([good, bad])).await.expect(status);
    check(talk, &id).await;
}

/// Several operations in one request: a creation, a change, sometimes a failure between, and a deletion.
pub async fn bulk(talk: &mut Talk) {
    let Some(id) = somebody(talk) else { return };
    let mut new = anybody(talk);
    let created = body(talk, &new);
    let edits = edits(talk);
    let person = talk.world.people[&id].clone();
    let changed = operations(talk, &edits, &person);
    let mut list = vec![
        json!({"method": "POST", "path": "/Users", "bulkId": "new", "data": created}),
        json!({"method": "PATCH", "path": format!("/Users/{id}"), "data": {"Operations": changed}}),
    ];
    let mut expected = vec!["201", "200"];
    if talk.chance(40) {
        list.insert(
            1,
            json!({"method": "DELETE", "path": "/Users/idn_00000000000000000000000000000000"}),
        );
        expected.insert(1, "404");
    }
    let gone = talk.chance(30);
    if gone {
        list.push(json!({"method": "DELETE", "path": format!("/Users/{id}")}));
        expected.push("204");
    }
    let request =
        json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": list});
    talk.say(format!("Bulk {request}"));
    let answer = talk.scim.post("/Bulk", &request).await.expect(200);
    let results = answer.body["Operations"].as_array().expect("Operations");
    let statuses: Vec<_> = results
        .iter()
        .map(|one| one["status"].as_str().unwrap_or_default())
        .collect();
    talk.same(&statuses, &expected, &answer.text);
    let location = results[0]["location"].as_str().expect("a location");
    let made = location.rsplit('/').next().expect("an id").to_owned();
    new.changes = 1;
    talk.world.people.insert(made.clone(), new);
    apply(talk, &id, &edits);
    check(talk, &made).await;
    if gone {
        talk.world.remove(&id);
        talk.scim.get(&format!("/Users/{id}")).await.expect(404);
    } else {
        check(talk, &id).await;
    }
}
