//! Every spelling of a Tenant URL that customers paste, and a right token at the wrong one.

use serde_json::json;
use support::gateway::Gateway;
use support::http::Scim;

use super::{advisor, advisors, moved, posing};

#[tokio::test]
async fn every_spelling_of_the_tenant_url_reaches_the_directory() {
    let gateway = Gateway::embedded().await;
    let named = advisors(&gateway, "contoso");
    let id = named.post("/Users", &advisor(1)).await.expect(201).id();
    for base in [
        "/advisors/scim",
        "/advisors/scim/",
        "/advisors/scim/v2",
        "/advisors//scim/v2/",
        "/t/contoso/advisors/scim",
        "/t/contoso/advisors/scim/v2",
        "/scim",
        "/scim/v2",
        "//scim/",
        "/Advisors/SCIM",
    ] {
        let scim = moved(&named, format!("{}{base}", gateway.url()));
        for query in [
            "?filter=userName+eq+%22ADVISOR1%40contoso.com%22",
            "/?aadOptscim062020&filter=userName eq \"advisor1@contoso.com\"&x=y",
        ] {
            let found = scim.get(&format!("/Users{query}")).await.expect(200);
            assert_eq!(found.total(), 1, "{base}{query}");
        }
        let read = scim
            .get(&format!("/Users/{id}?aadOptscim062020"))
            .await
            .expect(200);
        let location = read.body["meta"]["location"].as_str().unwrap().to_owned();
        assert_eq!(read.header("location"), location);
        let again = moved(&named, location);
        assert_eq!(again.get("").await.expect(200).id(), id, "a location leads back");
    }
}

#[tokio::test]
async fn a_right_token_at_the_wrong_url_is_refused_like_any_other_and_reported_to_the_operator() {
    let gateway = Gateway::embedded().await;
    let advisors = advisors(&gateway, "contoso");
    gateway.directory("contoso", "rooms");
    gateway.directory("fabrikam", "advisors");
    let made_up = posing(&advisors, Some("Bearer usher_t_nothing".to_owned()));
    let expected = made_up.get("/Users").await.expect(401);
    for base in [
        "/rooms/scim",
        "/t/fabrikam/advisors/scim",
        "/t/contoso/rooms/scim",
        "/t/nobody/advisors/scim",
        "/nothing/scim",
    ] {
        let wrong = moved(&advisors, format!("{}{base}", gateway.url()));
        for answer in [
            wrong.get("/Users").await,
            wrong.post("/Users", &advisor(1)).await,
            wrong.get("/Schemas").await,
        ] {
            let answer = answer.expect(401);
            assert_eq!(answer.text_without_id(), expected.text_without_id(), "{base}");
            assert_eq!(answer.header("www-authenticate"), "Bearer");
        }
    }
    assert!(
        gateway.log().contains("right token, wrong URL"),
        "{}",
        gateway.log()
    );
    assert_eq!(
        advisors.get("/Users").await.expect(200).total(),
        0,
        "nothing was stored"
    );
}

#[tokio::test]
async fn two_directories_of_one_customer_may_hold_the_same_user_name() {
    super::on_both(async |gateway| {
        let advisors = advisors(&gateway, "contoso");
        let rooms = Scim::new(&gateway.directory("contoso", "rooms"));
        let person = advisors.post("/Users", &advisor(1)).await.expect(201).id();
        let room = json!({"externalId": "r1", "userName": "advisor1@contoso.com", "displayName": "Fjord"});
        let room = rooms.post("/Users", &room).await.expect(201).id();
        assert_eq!(
            rooms
                .find("userName eq \"advisor1@contoso.com\"")
                .await
                .expect(200)
                .body["Resources"][0]["id"],
            room
        );
        assert_eq!(
            rooms.get(&format!("/Users/{person}")).await.expect(404).body["status"],
            "404"
        );
        assert_eq!(
            advisors.get(&format!("/Users/{room}")).await.expect(404).body["status"],
            "404"
        );
    })
    .await;
}

#[tokio::test]
async fn another_tenants_identity_is_not_there_whatever_is_tried() {
    super::on_both(async |gateway| {
        let ours = advisors(&gateway, "contoso");
        let theirs = advisors(&gateway, "fabrikam");
        let kept = theirs.post("/Users", &advisor(1)).await.expect(201);
        let id = kept.id();
        ours.get(&format!("/Users/{id}")).await.expect(404);
        ours.put(&format!("/Users/{id}"), &advisor(1)).await.expect(404);
        ours.patch_ops(
            &id,
            json!([{"op": "Replace", "path": "active", "value": "False"}]),
        )
        .await
        .expect(404);
        ours.delete(&format!("/Users/{id}")).await.expect(404);
        for filter in [
            format!("id eq \"{id}\""),
            format!("userName eq \"x\" or id eq \"{id}\""),
            "userName pr".to_owned(),
        ] {
            assert_eq!(ours.find(&filter).await.expect(200).total(), 0, "{filter}");
        }
        assert_eq!(
            theirs.get(&format!("/Users/{id}")).await.expect(200).body,
            kept.body
        );
    })
    .await;
}

#[tokio::test]
async fn a_directory_that_is_off_says_so_and_keeps_everything() {
    let gateway = Gateway::embedded().await;
    let scim = advisors(&gateway, "contoso");
    let id = scim.post("/Users", &advisor(1)).await.expect(201).id();
    gateway.switch_directory("contoso", "advisors", "off");
    let refused = scim.get(&format!("/Users/{id}")).await.expect(403);
    assert!(
        refused.body["detail"]
            .as_str()
            .unwrap()
            .starts_with("This directory is switched off"),
        "{}",
        refused.text
    );
    gateway.switch_directory("contoso", "advisors", "on");
    scim.get(&format!("/Users/{id}")).await.expect(200);
}

#[tokio::test]
async fn what_lies_beside_a_tenant_url_is_a_scim_404_and_a_wrong_method_names_the_right_ones() {
    let gateway = Gateway::embedded().await;
    let scim = advisors(&gateway, "contoso");
    for path in ["/Nothing", "/Users/a/b", ""] {
        let answer = scim.get(path).await.expect(404);
        assert_eq!(answer.header("content-type"), "application/scim+json");
        assert_eq!(
            answer.body["schemas"][0],
            "urn:ietf:params:scim:api:messages:2.0:Error"
        );
    }
    let lost = moved(&scim, format!("{}/advisors", gateway.url()));
    let answer = lost.get("/Users").await.expect(404);
    assert!(answer.text.contains("it ends in /scim"), "{}", answer.text);
    let answer = scim.delete("/Users").await.expect(405);
    assert_eq!(answer.header("allow"), "GET, POST");
    assert_eq!(answer.body["status"], "405");
}
