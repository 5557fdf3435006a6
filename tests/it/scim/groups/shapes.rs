//! Every form for groups (`docs/background/entra-shapes.md`, "Groups"): a repeat changes nothing, it makes at
//! most one event, and reads back as Entra expects.

use serde_json::{Value, json};
use support::http::{Feed, Scim};

use super::{create, group, members, on_both, patch, people, persons, set};

/// A form: its name, its operations, and which of `a`, `b`, `c`, `d` are members after it. `a`, `b` and `c`
/// are members before.
struct Shape {
    name: &'static str,
    operations: fn(&[String]) -> Value,
    after: &'static [usize],
}

const ALL: &[usize] = &[0, 1, 2];

fn shapes() -> Vec<Shape> {
    let shape = |name, operations, after| Shape {
        name,
        operations,
        after,
    };
    vec![
        shape(
            "GM1",
            |p| json!([{"op": "Add", "path": "members", "value": [{"$ref": null, "value": p[3]}]}]),
            &[0, 1, 2, 3],
        ),
        shape(
            "GM1 lower case",
            |p| json!([{"op": "add", "path": "members", "value": [{"value": p[3]}]}]),
            &[0, 1, 2, 3],
        ),
        shape(
            "GM1 present",
            |p| json!([{"op": "Add", "path": "members", "value": [{"value": p[0]}]}]),
            ALL,
        ),
        shape(
            "GM2",
            |p| json!([{"op": "Add", "path": "members", "value": [{"$ref": null, "value": p[0]}, {"$ref": null, "value": p[3]}]}]),
            &[0, 1, 2, 3],
        ),
        shape(
            "GM3",
            |p| json!([{"op": "Add", "path": "members", "value": [{"value": p[3]}]}, {"op": "Remove", "path": "members", "value": [{"value": p[0]}]}]),
            &[1, 2, 3],
        ),
        shape(
            "GM4",
            |p| json!([{"op": "add", "path": "members", "value": p[3]}]),
            &[0, 1, 2, 3],
        ),
        shape(
            "GM5",
            |p| json!([{"name": "addMember", "op": "add", "path": "members", "value": [{"displayName": "new User", "value": p[3]}]}]),
            &[0, 1, 2, 3],
        ),
        shape(
            "GM6",
            |p| json!([{"op": "add", "value": {"members": [{"value": p[3]}]}}]),
            &[0, 1, 2, 3],
        ),
        shape(
            "GM7",
            |p| json!([{"op": "replace", "path": "members", "value": [{"value": p[1]}, {"value": p[3]}]}]),
            &[1, 3],
        ),
        shape(
            "GM7 path-less",
            |p| json!([{"op": "replace", "value": {"members": [{"value": p[3]}]}}]),
            &[3],
        ),
        shape(
            "GM7 nobody",
            |_| json!([{"op": "replace", "path": "members", "value": []}]),
            &[],
        ),
        shape(
            "GR1",
            |p| json!([{"op": "Remove", "path": "members", "value": [{"$ref": null, "value": p[1]}]}]),
            &[0, 2],
        ),
        shape(
            "GR1 empty",
            |_| json!([{"op": "Remove", "path": "members", "value": []}]),
            ALL,
        ),
        shape(
            "GR1 absent",
            |p| json!([{"op": "Remove", "path": "members", "value": [{"value": p[3]}]}]),
            ALL,
        ),
        shape(
            "GR2",
            |p| json!([{"op": "remove", "path": format!("members[value eq \"{}\"]", p[1])}]),
            &[0, 2],
        ),
        shape(
            "GR2 or",
            |p| json!([{"op": "remove", "path": format!("members[value eq \"{}\" or value eq \"{}\"]", p[0], p[1])}]),
            &[2],
        ),
        shape("GR3", |_| json!([{"op": "remove", "path": "members"}]), &[]),
        shape(
            "GR4 list",
            |p| json!([{"op": "remove", "path": "members", "value": [p[0], p[1]]}]),
            &[2],
        ),
        shape(
            "GR4 text",
            |p| json!([{"op": "remove", "path": "members", "value": p[0]}]),
            &[1, 2],
        ),
        shape(
            "GR4 object",
            |p| json!([{"op": "remove", "path": "members", "value": {"value": p[0]}}]),
            &[1, 2],
        ),
        shape(
            "members.value",
            |p| json!([{"op": "Add", "path": "members.value", "value": p[3]}]),
            &[0, 1, 2, 3],
        ),
        shape(
            "validator P5",
            |p| json!([{"op": "add", "path": "members", "value": [{"value": p[3]}]}, {"op": "remove", "path": format!("members[value eq \"{}\"]", p[3])}]),
            ALL,
        ),
        shape("no operations", |_| json!([]), ALL),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn every_shape_on_members_done_twice_is_as_once_with_at_most_one_event() {
    on_both(async |gateway| {
        let scim = people(&gateway, "contoso");
        let feed = Feed::new(&gateway.app("booking"));
        let persons = persons(&scim, 0, 4).await;
        let mut told = Vec::new();
        for shape in shapes() {
            let id = create(&scim, shape.name, &persons[..3]).await;
            let wanted = set(&shape
                .after
                .iter()
                .map(|n| persons[*n].clone())
                .collect::<Vec<_>>());
            let changes = wanted != set(&persons[..3]);
            let mut tags = Vec::new();
            for time in ["once", "twice"] {
                let answer = patch(&scim, &id, (shape.operations)(&persons)).await;
                assert_eq!(answer.status, 204, "{} {time}: {}", shape.name, answer.text);
                assert_eq!(members(&scim, &id).await, wanted, "{} {time}", shape.name);
                tags.push(answer.revision());
            }
            assert_eq!((tags[0] > 1, tags[0]), (changes, tags[1]), "{}", shape.name);
            told.push((id, shape.name, usize::from(changes)));
        }
        feed.settled_head().await;
        let events = feed.all().await;
        for (id, name, expected) in told {
            let mine = events
                .iter()
                .filter(|(_, event)| event["subject"] == format!("/Groups/{id}"))
                .filter(|(_, event)| event["sequence"] != "00000000000000000001");
            let kinds: Vec<&str> = mine
                .map(|(_, event)| event["type"].as_str().expect("a type"))
                .collect();
            assert_eq!(kinds, vec!["usher.group.members_changed.v1"; expected], "{name}");
        }
    })
    .await;
}

/// Operations on the group of this id.
type Operations = fn(&str) -> Value;

#[tokio::test(flavor = "multi_thread")]
async fn every_shape_on_the_group_itself_done_twice_is_as_once_and_keeps_the_members() {
    on_both(async |gateway| {
        let scim = people(&gateway, "contoso");
        let persons = persons(&scim, 0, 2).await;
        let shapes: [(&str, Operations, &str, &str); 4] = [
            (
                "GP1",
                |_| json!([{"op": "Replace", "path": "displayName", "value": "GP1-updated"}]),
                "displayName",
                "GP1-updated",
            ),
            (
                "GP2",
                |_| json!([{"op": "replace", "value": {"displayName": "GP2-updated"}}]),
                "displayName",
                "GP2-updated",
            ),
            (
                "GP3",
                |_| json!([{"op": "replace", "value": {"externalId": "663fa3a8"}}]),
                "externalId",
                "663fa3a8",
            ),
            (
                "GP4",
                |id| json!([{"op": "replace", "value": {"id": id, "displayName": "GP4-updated"}}]),
                "displayName",
                "GP4-updated",
            ),
        ];
        for (name, operations, attribute, wanted) in shapes {
            let id = create(&scim, name, &persons).await;
            let mut tag = None;
            for time in ["once", "twice"] {
                let answer = patch(&scim, &id, operations(&id)).await.expect(204);
                let revision = answer.revision();
                assert!(revision > 1, "{name} {time}");
                assert_eq!(*tag.get_or_insert(revision), revision, "{name} {time}");
                let read = scim.get(&format!("/Groups/{id}")).await.expect(200);
                assert_eq!(read.body[attribute], wanted, "{name} {time}");
                assert_eq!(
                    super::values(&read.body["members"]),
                    set(&persons),
                    "{name} {time}"
                );
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rename_and_members_in_one_request_are_one_change() {
    on_both(async |gateway| {
        let scim = people(&gateway, "contoso");
        let persons = persons(&scim, 0, 2).await;
        let id = create(&scim, "Staff", &persons[..1]).await;
        let operations = json!([{"op": "Replace", "path": "displayName", "value": "Crew"},
                                {"op": "Add", "path": "members", "value": [{"value": persons[1]}]}]);
        let answer = patch(&scim, &id, operations).await.expect(204);
        assert!(answer.revision() > 1);
        let read = scim.get(&format!("/Groups/{id}")).await.expect(200);
        assert_eq!(read.body["displayName"], "Crew");
        assert_eq!(super::values(&read.body["members"]), set(&persons));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_members_are_skipped_and_reported_and_the_others_join() {
    on_both(async |gateway| {
        let scim = people(&gateway, "contoso");
        let elsewhere = people(&gateway, "fabrikam");
        let here = persons(&scim, 0, 2).await;
        let there = persons(&elsewhere, 0, 1).await;
        let gone = persons(&scim, 7, 1).await;
        scim.delete(&format!("/Users/{}", gone[0])).await.expect(204);
        let id = create(&scim, "Staff", &[]).await;
        let strangers = [there[0].as_str(), gone[0].as_str(), "string id 1", &id];
        let mut value: Vec<Value> = strangers.iter().map(|id| json!({"value": id})).collect();
        value.extend(here.iter().map(|id| json!({"$ref": null, "value": id})));
        patch(
            &scim,
            &id,
            json!([{"op": "Add", "path": "members", "value": value}]),
        )
        .await
        .expect(204);
        assert_eq!(members(&scim, &id).await, set(&here));
        let before = scim.get(&format!("/Groups/{id}")).await.expect(200).revision();
        let rows = super::log(&gateway, "of the members to be added");
        assert_eq!(rows.len(), 1, "{rows:?}");
        let detail = rows[0]["detail"].as_str().expect("a detail");
        assert_eq!(rows[0]["status"], "warning");
        assert!(
            detail.starts_with("4 of the members") && strangers.iter().all(|id| detail.contains(id)),
            "{detail}"
        );
        // Only unknown ids: nothing changes, nothing fails.
        let value = json!([{"op": "add", "path": "members", "value": "string id 1"}]);
        let answer = patch(&scim, &id, value).await.expect(204);
        assert_eq!(answer.revision(), before);
        // In a creation, too; and unknown ids are removed as absent ones are.
        let mut body = group("Crew");
        body["members"] = json!([{"value": there[0]}, {"value": here[0]}]);
        let created = scim.post("/Groups", &body).await.expect(201);
        assert_eq!(super::values(&created.body["members"]), set(&here[..1]));
        let operations =
            json!([{"op": "Remove", "path": "members", "value": [{"value": there[0]}, {"value": "x"}]}]);
        patch(&scim, &created.id(), operations).await.expect(204);
        assert_eq!(members(&scim, &created.id()).await, set(&here[..1]));
        assert_eq!(
            members(&elsewhere, &create(&elsewhere, "Staff", &there).await).await,
            set(&there)
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invalid_request_on_members_is_refused_and_changes_none() {
    on_both(async |gateway| {
        let scim = people(&gateway, "contoso");
        let persons = persons(&scim, 0, 2).await;
        let id = create(&scim, "Staff", &persons).await;
        for (operation, scim_type, says) in [
            (
                json!({"op": "remove", "path": "members[type eq \"User\"]"}),
                "invalidFilter",
                "members[value eq",
            ),
            (
                json!({"op": "replace", "path": "members", "value": [{"display": "Mette"}]}),
                "invalidValue",
                "no \"value\"",
            ),
            (
                json!({"op": "replace", "path": "members", "value": true}),
                "invalidValue",
                "members",
            ),
            (json!({"op": "remove"}), "noTarget", "has no \"path\""),
            (
                json!({"op": "replace", "path": "displayName", "value": ""}),
                "mutability",
                "displayName is required",
            ),
        ] {
            // The first operation is valid, and is not applied either.
            let operations = json!([{"op": "remove", "path": "members", "value": persons[0]}, operation]);
            let refused = patch(&scim, &id, operations).await.expect(400);
            assert_eq!(refused.body["scimType"], scim_type, "{}", refused.text);
            assert!(
                refused.text.replace("\\\"", "\"").contains(says),
                "{}",
                refused.text
            );
            assert_eq!(members(&scim, &id).await, set(&persons));
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn groups_may_be_members_and_are_shown_as_direct_ones() {
    on_both(async |gateway| {
        let scim: Scim = people(&gateway, "contoso");
        let persons = persons(&scim, 0, 2).await;
        let inner = create(&scim, "Inner", &persons[..1]).await;
        let outer = create(&scim, "Outer", &[persons[1].clone(), inner.clone()]).await;
        let read = scim.get(&format!("/Groups/{outer}")).await.expect(200);
        let of = |id: &str| {
            let list = read.body["members"].as_array().expect("a list");
            list.iter()
                .find(|member| member["value"] == id)
                .cloned()
                .expect("a member")
        };
        assert_eq!(
            (&of(&inner)["type"], &of(&inner)["display"]),
            (&json!("Group"), &json!("Inner"))
        );
        assert_eq!(of(&inner)["$ref"], format!("{}/Groups/{inner}", scim.base));
        assert_eq!(of(&persons[1])["type"], "User");
        assert_eq!(
            of(&persons[1])["$ref"],
            format!("{}/Users/{}", scim.base, persons[1])
        );
        assert_eq!(
            super::values(&read.body["members"]).len(),
            2,
            "nobody of the inner group"
        );
        // A cycle is stored unchanged; a group is never in itself.
        let ring = json!([{"op": "add", "path": "members", "value": [outer, inner]}]);
        patch(&scim, &inner, ring).await.expect(204);
        assert_eq!(
            members(&scim, &inner).await,
            set(&[persons[0].clone(), outer.clone()])
        );
        // A member of the inner group only is not in the outer one.
        let user = scim.get(&format!("/Users/{}", persons[0])).await.expect(200);
        assert_eq!(
            super::values(&user.body["groups"]),
            set(std::slice::from_ref(&inner))
        );
        scim.delete(&format!("/Groups/{inner}")).await.expect(204);
        assert_eq!(members(&scim, &outer).await, set(&persons[1..]));
    })
    .await;
}
