//! The life cycle of an identity: created, disabled, enabled, deleted, created again
//! (`docs/background/entra.md`, "Leavers and returners").

use serde_json::json;
use support::http::Feed;

use super::{advisor, advisor_with, advisors, on_both};

#[tokio::test]
async fn disable_find_enable_delete_and_come_back_with_a_new_id() {
    on_both(async |gateway| {
        let scim = advisors(&gateway, "contoso");
        let created = scim.post("/Users", &advisor(1)).await.expect(201);
        let id = created.id();
        assert_eq!(created.header("etag"), "W/\"1\"");
        assert_eq!(created.header("location"), created.body["meta"]["location"]);
        assert!(created.header("request-id").starts_with("req_"));

        let off = scim
            .patch_ops(
                &id,
                json!([{"op": "Replace", "path": "active", "value": "False"}]),
            )
            .await
            .expect(200);
        assert_eq!(off.body["active"], false);
        assert!(off.revision() > 1);
        let found = scim
            .find("userName eq \"advisor1@contoso.com\"")
            .await
            .expect(200);
        assert_eq!(
            found.body["Resources"][0]["active"], false,
            "an inactive identity stays findable"
        );

        let on = scim
            .patch_ops(&id, json!([{"op": "Add", "path": "active", "value": "True"}]))
            .await
            .expect(200);
        assert_eq!(on.body["active"], true);

        let gone = scim.delete(&format!("/Users/{id}")).await.expect(204);
        assert_eq!(gone.text, "");
        let missing = scim.get(&format!("/Users/{id}")).await.expect(404);
        assert_eq!(missing.body["status"], "404");
        scim.delete(&format!("/Users/{id}")).await.expect(404);
        scim.patch_ops(&id, json!([{"op": "Replace", "path": "active", "value": "True"}]))
            .await
            .expect(404);
        assert_eq!(
            scim.find("userName eq \"advisor1@contoso.com\"")
                .await
                .expect(200)
                .total(),
            0
        );
        let back = scim.post("/Users", &advisor(1)).await.expect(201).id();
        assert_ne!(back, id);
    })
    .await;
}

#[tokio::test]
async fn a_second_identity_of_the_same_user_name_is_a_conflict_that_says_what_to_do() {
    on_both(async |gateway| {
        let scim = advisors(&gateway, "contoso");
        scim.post("/Users", &advisor(1)).await.expect(201);
        let other = advisor_with(
            1,
            json!({"externalId": "someone-else", "userName": "ADVISOR1@contoso.com"}),
        );
        let refused = scim.post("/Users", &other).await.expect(409);
        assert_eq!(refused.body["scimType"], "uniqueness");
        assert_eq!(refused.body["status"], "409");
        let detail = refused.body["detail"].as_str().unwrap();
        assert!(
            detail.starts_with("userName is already taken by another person of the advisors directory: idn_"),
            "{detail}"
        );
        assert!(detail.contains(refused.header("request-id")), "{detail}");
        let second = scim.post("/Users", &advisor(2)).await.expect(201).id();
        let rename = json!([{"op": "Replace", "path": "userName", "value": "advisor1@contoso.com"}]);
        scim.patch_ops(&second, rename).await.expect(409);
        assert_eq!(scim.get("/Users").await.expect(200).total(), 2);
    })
    .await;
}

#[tokio::test]
async fn a_post_repeated_where_its_answer_was_read_is_a_duplicate() {
    on_both(async |gateway| {
        let scim = advisors(&gateway, "contoso");
        // Microsoft's validator: "Create a duplicate User", on the connection that it keeps alive.
        let [first, again] = scim.post_twice("/Users", &advisor(1)).await;
        assert_eq!(again.expect(409).body["scimType"], "uniqueness");
        // A repeated creation was answered on that connection, too.
        let [healed, again] = scim.post_twice("/Users", &advisor(1)).await;
        assert_eq!(healed.expect(201).id(), first.expect(201).id());
        again.expect(409);
    })
    .await;
}

#[tokio::test]
async fn a_creation_repeated_after_the_person_was_changed_changes_nothing() {
    on_both(async |gateway| {
        let scim = advisors(&gateway, "contoso");
        let id = scim.post("/Users", &advisor(1)).await.expect(201).id();
        let off = json!([{"op": "Replace", "path": "active", "value": "False"}]);
        let off = scim.patch_ops(&id, off).await.expect(200);
        // A client knew the id, so the answer was not lost: the old body must not restore the person.
        scim.reconnected().post("/Users", &advisor(1)).await.expect(409);
        let now = scim.get(&format!("/Users/{id}")).await.expect(200);
        assert_eq!(
            (now.header("etag"), &now.body["active"]),
            (off.header("etag"), &json!(false))
        );
        // Nor is a body with the present values the creation that made them.
        let mut same = advisor(1);
        same["active"] = json!(false);
        scim.reconnected().post("/Users", &same).await.expect(409);
    })
    .await;
}

#[tokio::test]
async fn a_repeated_post_whose_answer_was_lost_heals_without_a_second_event() {
    on_both(async |gateway| {
        let app = gateway.app("booking");
        let scim = advisors(&gateway, "contoso");
        let first = scim.post("/Users", &advisor(1)).await.expect(201);
        let again = scim.reconnected().post("/Users", &advisor(1)).await.expect(201);
        assert_eq!(again.body, first.body);
        support::wait::until(
            "the event to be readable",
            std::time::Duration::from_secs(20),
            || async { (Feed::new(&app).head().await >= 1).then_some(()) },
        )
        .await;
        scim.post("/Users", &advisor(2)).await.expect(201);
        support::wait::until("the next event", std::time::Duration::from_secs(20), || async {
            (Feed::new(&app).head().await >= 2).then_some(())
        })
        .await;
        let events = Feed::new(&app).all().await;
        let about: Vec<_> = events
            .iter()
            .map(|(_, event)| event["data"]["record"]["userName"].clone())
            .collect();
        assert_eq!(
            about,
            ["advisor1@contoso.com", "advisor2@contoso.com"],
            "one event each"
        );
    })
    .await;
}

#[tokio::test]
async fn put_replaces_the_document_and_what_it_does_not_say_is_cleared() {
    let gateway = super::Gateway::embedded().await;
    let scim = advisors(&gateway, "contoso");
    let id = scim.post("/Users", &advisor(1)).await.expect(201).id();
    let body = advisor_with(1, json!({"addresses": null, "displayName": "Renamed"}));
    let replaced = scim.put(&format!("/Users/{id}"), &body).await.expect(200);
    assert_eq!(replaced.body["displayName"], "Renamed");
    assert!(replaced.body.get("addresses").is_none());
    assert_eq!(replaced.id(), id);
}

#[tokio::test]
async fn silence_switches_no_disabled_account_on() {
    on_both(async |gateway| {
        let scim = advisors(&gateway, "contoso");
        let id = scim.post("/Users", &advisor(1)).await.expect(201).id();
        let path = format!("/Users/{id}");
        scim.patch_ops(
            &id,
            json!([{"op": "Replace", "path": "active", "value": "False"}]),
        )
        .await
        .expect(200);
        let refused = scim
            .patch_ops(&id, json!([{"op": "Remove", "path": "active"}]))
            .await
            .expect(400);
        assert_eq!(refused.body["scimType"], "mutability", "{}", refused.text);
        for active in [json!(null), json!("")] {
            let mut body = advisor_with(1, json!({"displayName": "Renamed"}));
            body["active"] = active;
            let kept = scim.put(&path, &body).await.expect(200);
            assert_eq!(
                (&kept.body["active"], &kept.body["displayName"]),
                (&json!(false), &json!("Renamed"))
            );
        }
        let silent = advisor_with(1, json!({"active": null}));
        let kept = scim.put(&path, &silent).await.expect(200);
        assert_eq!(kept.body["active"], false, "{}", kept.text);
        let back = scim.put(&path, &advisor(1)).await.expect(200);
        assert_eq!(back.body["active"], true, "{}", back.text);
    })
    .await;
}
