//! The life cycle of a group, and of a person's memberships.

use serde_json::json;

use super::{create, elements, group, members, on_both, patch, people, persons, set, values};

#[tokio::test(flavor = "multi_thread")]
async fn a_group_is_created_without_members_renamed_and_deleted() {
    on_both(async |gateway| {
        let scim = people(&gateway, "contoso");
        let created = scim.post("/Groups", &group("Advisors North")).await.expect(201);
        let id = created.id();
        assert!(id.starts_with("grp_"), "{id}");
        assert_eq!(
            created.body["schemas"],
            json!(["urn:ietf:params:scim:schemas:core:2.0:Group"])
        );
        assert_eq!(created.body["displayName"], "Advisors North");
        assert_eq!(created.body["externalId"], "object-of-Advisors North");
        assert_eq!(created.body["members"], json!([]));
        assert_eq!(created.body["meta"]["resourceType"], "Group");
        let location = format!("{}/Groups/{id}", scim.base);
        assert_eq!(
            (created.header("location"), &created.body["meta"]["location"]),
            (location.as_str(), &json!(location))
        );
        assert_eq!(created.header("etag"), "W/\"1-0\"");
        assert_eq!(
            scim.get(&format!("/Groups/{id}")).await.expect(200).body,
            created.body
        );
        patch(
            &scim,
            &id,
            json!([{"op": "replace", "value": {"displayName": "Advisors South"}}]),
        )
        .await
        .expect(204);
        let read = scim.get(&format!("/Groups/{id}")).await.expect(200);
        assert_eq!(read.body["displayName"], "Advisors South");
        scim.delete(&format!("/Groups/{id}")).await.expect(204);
        scim.get(&format!("/Groups/{id}")).await.expect(404);
        scim.delete(&format!("/Groups/{id}")).await.expect(404);
        patch(&scim, &id, json!([{"op": "remove", "path": "members"}]))
            .await
            .expect(404);
        // The name is free again, for a group with another id.
        let again = scim.post("/Groups", &group("Advisors South")).await.expect(201);
        assert_ne!(again.id(), id);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_is_taken_once_in_a_directory_in_any_case() {
    on_both(async |gateway| {
        let scim = people(&gateway, "contoso");
        let first = create(&scim, "Staff", &[]).await;
        let other = create(&scim, "Crew", &[]).await;
        let mut twin = group("STAFF");
        twin["externalId"] = json!("another");
        let refused = scim.post("/Groups", &twin).await.expect(409);
        assert_eq!(refused.body["scimType"], "uniqueness");
        assert!(
            refused
                .text
                .contains("displayName is already taken by another group"),
            "{}",
            refused.text
        );
        let rename = json!([{"op": "Replace", "path": "displayName", "value": "staff"}]);
        let refused = patch(&scim, &other, rename.clone()).await.expect(409);
        assert_eq!(refused.body["scimType"], "uniqueness");
        patch(&scim, &first, rename).await.expect(204);
        assert_eq!(
            scim.get(&format!("/Groups/{first}")).await.body["displayName"],
            "staff"
        );
        // Names in another directory are independent.
        create(&people(&gateway, "fabrikam"), "Staff", &[]).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_created_twice_is_a_conflict_and_keeps_its_members() {
    on_both(async |gateway| {
        let scim = people(&gateway, "contoso");
        let persons = persons(&scim, 0, 1).await;
        let id = create(&scim, "Staff", &[]).await;
        patch(
            &scim,
            &id,
            json!([{"op": "add", "path": "members", "value": elements(&persons)}]),
        )
        .await
        .expect(204);
        let mut again = group("Staff");
        again["members"] = json!([]);
        let refused = scim.post("/Groups", &again).await.expect(409);
        assert_eq!(refused.body["scimType"], "uniqueness", "{}", refused.text);
        assert_eq!(members(&scim, &id).await, set(&persons));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_of_the_letter_gets_409_for_a_creation_sent_again_and_a_body_for_its_patch() {
    on_both(async |gateway| {
        let directory = gateway.directory("contoso", "people");
        gateway.cli(&[
            "directory",
            "set",
            "--tenant",
            "contoso",
            "--profile",
            "people",
            "--provider",
            "generic",
        ]);
        let scim = support::http::Scim::new(&directory);
        let persons = persons(&scim, 0, 1).await;
        let id = create(&scim, "Staff", &[]).await;
        scim.post("/Groups", &group("Staff")).await.expect(409);
        let operations = json!([{"op": "add", "path": "members", "value": elements(&persons)}]);
        let answer = patch(&scim, &id, operations).await.expect(200);
        assert_eq!(values(&answer.body["members"]), set(&persons));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_put_replaces_the_document_and_the_members_only_if_it_names_them() {
    on_both(async |gateway| {
        let scim = people(&gateway, "contoso");
        let persons = persons(&scim, 0, 3).await;
        let id = create(&scim, "Staff", &persons[..2]).await;
        let path = format!("/Groups/{id}");
        // Microsoft's test suite renames like this.
        let answer = scim.put(&path, &json!({"displayName": "Crew"})).await.expect(200);
        let mut revisions = vec![answer.revision()];
        assert_eq!(
            (&answer.body["displayName"], answer.body.get("externalId")),
            (&json!("Crew"), None)
        );
        assert_eq!(values(&answer.body["members"]), set(&persons[..2]));
        let body = json!({"displayName": "Crew", "members": elements(&persons[1..])});
        for time in ["once", "twice"] {
            let answer = scim.put(&path, &body).await.expect(200);
            assert_eq!(values(&answer.body["members"]), set(&persons[1..]), "{time}");
            revisions.push(answer.revision());
        }
        assert!(revisions[1] > revisions[0], "another list of members");
        assert_eq!(revisions[1], revisions[2], "the same list");
        let answer = scim
            .put(&path, &json!({"displayName": "Crew", "members": []}))
            .await
            .expect(200);
        assert_eq!(answer.body["members"], json!([]));
        let refused = scim.put(&path, &json!({"members": []})).await.expect(400);
        assert!(
            refused.text.contains("displayName is required"),
            "{}",
            refused.text
        );
        scim.put("/Groups/grp_00000000000000000000000000000000", &group("x"))
            .await
            .expect(404);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn memberships_survive_deactivation_and_end_with_the_person() {
    on_both(async |gateway| {
        let scim = people(&gateway, "contoso");
        let persons = persons(&scim, 0, 3).await;
        let (staff, crew) = (
            create(&scim, "Staff", &persons).await,
            create(&scim, "Crew", &persons[..1]).await,
        );
        let user = format!("/Users/{}", persons[0]);
        let groups = async |path: &str| scim.get(path).await.expect(200).body["groups"].clone();
        assert_eq!(values(&groups(&user).await), set(&[staff.clone(), crew.clone()]));
        let active = async |value: &str| {
            let operations = json!([{"op": "Replace", "path": "active", "value": value}]);
            scim.patch_ops(&persons[0], operations).await.expect(200)
        };
        let disabled = active("False").await;
        assert_eq!(disabled.body["active"], false);
        assert_eq!(
            values(&disabled.body["groups"]),
            set(&[staff.clone(), crew.clone()])
        );
        assert_eq!(members(&scim, &staff).await, set(&persons));
        // An inactive person can be added and removed like any other.
        let operation = |op: &str| json!([{"op": op, "path": "members", "value": elements(&persons[..1])}]);
        patch(&scim, &crew, operation("Remove")).await.expect(204);
        patch(&scim, &crew, operation("Add")).await.expect(204);
        active("True").await;
        assert_eq!(members(&scim, &crew).await, set(&persons[..1]));
        scim.delete(&user).await.expect(204);
        assert_eq!(members(&scim, &staff).await, set(&persons[1..]));
        assert_eq!(members(&scim, &crew).await, set(&[]));
        // A person that is created again has a new id.
        let again = super::persons(&scim, 0, 1).await;
        assert_ne!(again[0], persons[0]);
        assert_eq!(
            scim.get(&format!("/Users/{}", again[0])).await.body.get("groups"),
            None
        );
        // The same for a group that is deleted.
        scim.delete(&format!("/Groups/{staff}")).await.expect(204);
        assert_eq!(
            scim.get(&format!("/Users/{}", persons[1]))
                .await
                .body
                .get("groups"),
            None
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn groups_of_a_person_are_computed_and_cannot_be_written() {
    on_both(async |gateway| {
        let scim = people(&gateway, "contoso");
        let persons = persons(&scim, 0, 1).await;
        let staff = create(&scim, "Staff", &persons).await;
        let operations = json!([{"op": "add", "path": "groups", "value": [{"value": "x"}]},
                                {"op": "replace", "path": "title", "value": "Dr"}]);
        let answer = scim.patch_ops(&persons[0], operations).await.expect(200);
        let element = json!([{"value": staff, "$ref": format!("{}/Groups/{staff}", scim.base), "display": "Staff", "type": "direct"}]);
        assert_eq!(answer.body["groups"], element);
        let list = scim.find("userName eq \"advisor0@contoso.com\"").await.expect(200);
        assert_eq!(list.body["Resources"][0]["groups"], element);
        let without = scim.get(&format!("/Users/{}?excludedAttributes=groups", persons[0])).await.expect(200);
        assert_eq!(without.body.get("groups"), None);
        let only = scim.get(&format!("/Users/{}?attributes=groups.display", persons[0])).await.expect(200);
        assert_eq!(only.body["groups"], json!([{"display": "Staff"}]));
        patch(&scim, &staff, json!([{"op": "Replace", "path": "displayName", "value": "Crew"}])).await.expect(204);
        let user = scim.get(&format!("/Users/{}", persons[0])).await.expect(200);
        assert_eq!(user.body["groups"][0]["display"], "Crew");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stale_version_changes_nothing_and_a_known_one_is_not_sent_again() {
    on_both(async |gateway| {
        let scim = people(&gateway, "contoso");
        let id = create(&scim, "Staff", &[]).await;
        let path = format!("/Groups/{id}");
        let with = async |method: reqwest::Method, field: &str, tag: &str| {
            let request = scim.request(method, &path).header(field, tag);
            let body = json!({"Operations": [{"op": "replace", "path": "displayName", "value": "Crew"}]});
            support::http::send(
                request
                    .header("content-type", "application/scim+json")
                    .body(body.to_string()),
            )
            .await
        };
        with(reqwest::Method::PATCH, "if-match", "W/\"7\"")
            .await
            .expect(412);
        with(reqwest::Method::DELETE, "if-match", "W/\"7\"")
            .await
            .expect(412);
        with(reqwest::Method::PATCH, "if-match", "W/\"1\"")
            .await
            .expect(204);
        let tag = scim.get(&path).await.expect(200).header("etag").to_owned();
        let same = support::http::send(
            scim.request(reqwest::Method::GET, &path)
                .header("if-none-match", tag),
        )
        .await;
        same.expect(304);
    })
    .await;
}

#[tokio::test]
async fn a_group_without_a_name_is_refused_with_the_mapping_to_change() {
    let gateway = support::gateway::Gateway::embedded().await;
    let scim = people(&gateway, "contoso");
    let refused = scim
        .post("/Groups", &json!({"externalId": "7"}))
        .await
        .expect(400);
    assert_eq!(refused.body["scimType"], "invalidValue");
    assert!(
        refused.text.contains("Provision Microsoft Entra ID Groups"),
        "{}",
        refused.text
    );
    let refused = scim
        .post(
            "/Groups",
            &json!({"displayName": "x", "members": [{"display": "y"}]}),
        )
        .await
        .expect(400);
    assert!(
        refused.text.contains("Send the id of each member"),
        "{}",
        refused.text
    );
    assert_eq!(
        scim.get("/Groups?filter=displayName+eq+%22x%22")
            .await
            .expect(200)
            .total(),
        0
    );
}

#[tokio::test]
async fn the_name_of_a_group_is_changed_but_never_taken_away() {
    let gateway = support::gateway::Gateway::embedded().await;
    let scim = people(&gateway, "contoso");
    let id = create(&scim, "Staff", &[]).await;
    let before = scim.get(&format!("/Groups/{id}")).await.expect(200);
    for bad in [
        json!({"op": "remove", "path": "displayName"}),
        json!({"op": "Replace", "path": "displayName", "value": ""}),
        json!({"op": "replace", "value": {"displayName": null}}),
    ] {
        let other = json!({"op": "replace", "path": "externalId", "value": "another"});
        let refused = patch(&scim, &id, json!([other, bad])).await.expect(400);
        assert_eq!(refused.body["scimType"], "mutability", "{bad}: {}", refused.text);
        assert!(
            refused
                .text
                .contains("displayName is required and cannot be removed or emptied. Send a new one"),
            "{bad}: {}",
            refused.text
        );
        let now = scim.get(&format!("/Groups/{id}")).await.expect(200);
        assert_eq!(now.body, before.body, "{bad}");
    }
}

#[tokio::test]
async fn a_directory_without_groups_answers_as_ever() {
    let gateway = support::gateway::Gateway::embedded().await;
    let scim = super::super::advisors(&gateway, "contoso");
    assert_eq!(
        scim.get("/Groups?filter=displayName+eq+%22x%22")
            .await
            .expect(200)
            .total(),
        0
    );
    let refused = scim.post("/Groups", &group("Staff")).await.expect(405);
    assert!(refused.text.contains("serves no groups"), "{}", refused.text);
    assert_eq!(refused.header("allow"), "GET");
    scim.delete("/Groups/grp_00000000000000000000000000000000")
        .await
        .expect(405);
    scim.get("/Groups/grp_00000000000000000000000000000000")
        .await
        .expect(404);
}
