//! Steps on groups: created, renamed, members added and removed in every form
//! (`docs/background/entra-shapes.md`, "Groups").

use std::collections::BTreeSet;

use rand::RngExt as _;
use serde_json::{Value, json};
use support::http::entra_encode;

use super::Talk;
use super::people::put_back;
use super::state::Team;

/// A valid id that does not exist: a member that was deleted elsewhere.
const STALE: &str = "idn_00000000000000000000000000000000";

fn some_team(talk: &mut Talk) -> Option<String> {
    let ids: Vec<String> = talk.world.teams.keys().cloned().collect();
    (!ids.is_empty()).then(|| talk.pick(&ids).clone())
}

/// Up to `most` possible members of `team`.
fn candidates(talk: &mut Talk, team: Option<&str>, most: usize) -> Vec<String> {
    let mut ids = talk.world.member_ids();
    // A group in itself is another test's.
    ids.retain(|id| Some(id.as_str()) != team);
    let many = talk.dice.random_range(0..=most.min(ids.len()));
    (0..many).map(|_| talk.pick(&ids).clone()).collect()
}

fn elements(talk: &mut Talk, ids: &[String]) -> Vec<Value> {
    let mut list: Vec<Value> = Vec::new();
    for id in ids {
        let shapes = [
            json!({"$ref": null, "value": id}),
            json!({"value": id}),
            json!({"value": id, "display": "somebody"}),
        ];
        list.push(talk.pick(&shapes).clone());
    }
    if talk.chance(10) {
        list.push(json!({"value": STALE}));
    }
    list
}

/// A list of all members. A list without any known id is refused, and is another test's.
fn everybody(talk: &mut Talk, ids: &[String]) -> Vec<Value> {
    match ids {
        [] => Vec::new(),
        ids => elements(talk, ids),
    }
}

fn members(body: &Value) -> BTreeSet<String> {
    let list = body["members"].as_array().into_iter().flatten();
    list.map(|member| member["value"].as_str().expect("a member's id").to_owned())
        .collect()
}

/// Compares an answer's body with the model. The deletion of a member does not change the group's version.
#[track_caller]
fn compare(talk: &Talk, id: &str, seen: &Value) {
    let expected = &talk.world.teams[id];
    let team = Team {
        name: seen["displayName"].as_str().expect("displayName").to_owned(),
        external_id: seen["externalId"].as_str().map(str::to_owned),
        members: members(seen),
        changes: talk.changes(id, expected.changes, seen),
    };
    talk.same(&team, expected, &format!("{id} in {seen}"));
}

/// Reads a group and compares.
pub async fn check(talk: &mut Talk, id: &str) {
    let seen = talk.scim.get(&format!("/Groups/{id}")).await.expect(200).body;
    compare(talk, id, &seen);
    put_back(talk, &format!("/Groups/{id}"), &seen).await;
}

/// POST, sometimes with a taken name.
pub async fn create(talk: &mut Talk) {
    let taken = if talk.chance(15) { some_team(talk) } else { None };
    let name = match &taken {
        Some(id) => talk.world.teams[id].name.to_uppercase(),
        None => format!("Team {}", talk.world.number()),
    };
    let ids = candidates(talk, None, 4);
    let external_id = talk.chance(60).then(|| format!("obj-{}", talk.world.numbers));
    let schemas = [
        "urn:ietf:params:scim:schemas:core:2.0:Group",
        "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group",
    ];
    let mut body = json!({"schemas": schemas, "displayName": name, "members": elements(talk, &ids)});
    if let Some(external_id) = &external_id {
        body["externalId"] = json!(external_id);
    }
    talk.say(format!("POST {body}"));
    let answer = talk.scim.post("/Groups", &body).await;
    if taken.is_some() {
        answer.expect(409);
        return;
    }
    let made = answer.expect(201);
    let team = Team {
        name,
        external_id,
        members: ids.into_iter().collect(),
        changes: 1,
    };
    talk.world.teams.insert(made.id(), team);
    check(talk, &made.id()).await;
}

/// A change of membership or name, as operations and in the model.
fn change(talk: &mut Talk, id: &str) -> Value {
    let present: Vec<String> = talk.world.teams[id].members.iter().cloned().collect();
    let some = candidates(talk, Some(id), 5);
    let team = talk.world.teams[id].clone();
    let mut after = team.clone();
    let operations = match talk.dice.random_range(0..12) {
        0..4 => {
            after.members.extend(some.iter().cloned());
            add(talk, &some)
        }
        4..7 => {
            let mut leaving: Vec<String> = present.into_iter().filter(|_| talk.chance(40)).collect();
            leaving.extend(some.into_iter().take(1));
            for id in &leaving {
                after.members.remove(id);
            }
            remove(talk, &leaving)
        }
        7 => {
            after.members = some.iter().cloned().collect();
            json!([{"op": "replace", "path": "members", "value": everybody(talk, &some)}])
        }
        8 if talk.chance(30) => {
            after.members.clear();
            json!([{"op": "remove", "path": "members"}])
        }
        9 => json!([{"op": "Remove", "path": "members", "value": []}]),
        _ => {
            after.name = format!("Team {}", talk.world.number());
            let shapes = [
                json!([{"op": "Replace", "path": "displayName", "value": after.name}]),
                json!([{"op": "replace", "value": {"displayName": after.name}}]),
                json!([{"op": "replace", "value": {"id": id, "displayName": after.name}}]),
            ];
            talk.pick(&shapes).clone()
        }
    };
    after.changes += u64::from(after != team);
    talk.world.teams.insert(id.to_owned(), after);
    operations
}

fn add(talk: &mut Talk, ids: &[String]) -> Value {
    let list = elements(talk, ids);
    match talk.dice.random_range(0..4) {
        0 => Value::Array(
            list.iter()
                .map(|one| json!({"op": "Add", "path": "members", "value": [one]}))
                .collect(),
        ),
        1 => json!([{"op": "add", "value": {"members": list}}]),
        2 => Value::Array(
            ids.iter()
                .map(|id| json!({"op": "add", "path": "members", "value": id}))
                .collect(),
        ),
        _ => json!([{"op": "Add", "path": "members", "value": list}]),
    }
}

fn remove(talk: &mut Talk, ids: &[String]) -> Value {
    match talk.dice.random_range(0..4) {
        0 => {
            let one = |id: &String| json!({"op": "remove", "path": format!("members[value eq \"{id}\"]")});
            Value::Array(ids.iter().map(one).collect())
        }
        1 => json!([{"op": "remove", "path": "members", "value": ids}]),
        2 => Value::Array(
            ids.iter()
                .map(|id| json!({"op": "Remove", "path": "members", "value": {"value": id}}))
                .collect(),
        ),
        _ => json!([{"op": "Remove", "path": "members", "value": elements(talk, ids)}]),
    }
}

/// PATCH in some form, and often the same once more.
pub async fn patch(talk: &mut Talk) {
    let Some(id) = some_team(talk) else { return };
    let operations = change(talk, &id);
    let body =
        json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": operations});
    talk.say(format!("PATCH {id} {operations}"));
    let path = format!("/Groups/{id}");
    talk.scim.patch(&path, &body).await.expect(204);
    check(talk, &id).await;
    if talk.chance(50) {
        talk.say("the same PATCH again".to_owned());
        talk.scim.patch(&path, &body).await.expect(204);
        check(talk, &id).await;
    }
}

/// PUT: the members named are the members.
pub async fn replace(talk: &mut Talk) {
    let Some(id) = some_team(talk) else { return };
    let old = talk.world.teams[&id].clone();
    let ids = candidates(talk, Some(&id), 5);
    let mut body = json!({"displayName": old.name, "members": everybody(talk, &ids)});
    if let Some(external_id) = &old.external_id {
        body["externalId"] = json!(external_id);
    }
    talk.say(format!("PUT {id} {body}"));
    talk.scim.put(&format!("/Groups/{id}"), &body).await.expect(200);
    let mut new = Team {
        members: ids.into_iter().collect(),
        ..old.clone()
    };
    new.changes += u64::from(new != old);
    talk.world.teams.insert(id.clone(), new);
    check(talk, &id).await;
}

/// DELETE; its memberships end, too.
pub async fn delete(talk: &mut Talk) {
    let Some(id) = some_team(talk) else { return };
    talk.say(format!("DELETE {id}"));
    talk.scim.delete(&format!("/Groups/{id}")).await.expect(204);
    talk.world.remove(&id);
    talk.scim.get(&format!("/Groups/{id}")).await.expect(404);
}

/// Match queries and membership queries, in both orders.
pub async fn ask(talk: &mut Talk) {
    let Some(id) = some_team(talk) else { return };
    let team = talk.world.teams[&id].clone();
    let ids = talk.world.member_ids();
    let member = talk.pick(&ids).clone();
    let inside = |name: &str, yes: bool| if yes { vec![name.to_owned()] } else { Vec::new() };
    let is_member = team.members.contains(&member);
    let groups: Vec<String> = talk.world.groups_of(&member).into_iter().collect();
    let questions = [
        (
            format!("displayName eq \"{}\"", team.name.to_uppercase()),
            vec![id.clone()],
        ),
        ("displayName eq \"no such team\"".to_owned(), Vec::new()),
        (
            format!("id eq \"{id}\" and members eq \"{member}\""),
            inside(&id, is_member),
        ),
        (
            format!("members eq \"{member}\" and id eq \"{id}\""),
            inside(&id, is_member),
        ),
        (format!("members.value eq \"{member}\""), groups.clone()),
        (format!("members[value eq \"{member}\"]"), groups),
    ];
    let (filter, expected) = talk.pick(&questions).clone();
    talk.say(format!("groups {filter}"));
    let answer = talk
        .scim
        .get(&format!(
            "/Groups?filter={}&excludedAttributes=members&count=1000",
            entra_encode(&filter)
        ))
        .await
        .expect(200);
    let found = answer.body["Resources"].as_array().expect("Resources");
    assert!(
        found.iter().all(|group| group.get("members").is_none()),
        "{}",
        answer.text
    );
    let mut seen: Vec<String> = found
        .iter()
        .map(|group| group["id"].as_str().expect("an id").to_owned())
        .collect();
    seen.sort();
    talk.same(&seen, &expected, &filter);
    let people: BTreeSet<String> = team
        .members
        .iter()
        .filter(|id| id.starts_with("idn_"))
        .cloned()
        .collect();
    let filter = format!("groups.value eq \"{id}\"");
    let answer = talk
        .scim
        .get(&format!(
            "/Users?filter={}&count=1000&attributes=id",
            entra_encode(&filter)
        ))
        .await
        .expect(200);
    let seen = answer.body["Resources"].as_array().into_iter().flatten();
    let seen = seen
        .map(|user| user["id"].as_str().expect("an id").to_owned())
        .collect();
    talk.same(&seen, &people, &filter);
}
