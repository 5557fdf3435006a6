//! Bulk requests over HTTP (RFC 7644 §3.7).

use serde_json::{Value, json};
use support::gateway::Gateway;
use support::http::{Answer, Feed, Scim};

use super::{advisors, on_both};

const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

fn people(gateway: &Gateway) -> Scim {
    Scim::new(&gateway.directory("contoso", "people"))
}

fn user(id: &str, more: &Value) -> Value {
    let mut data = json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": id});
    if let (Some(data), Some(more)) = (data.as_object_mut(), more.as_object()) {
        data.extend(more.clone());
    }
    json!({"method": "POST", "path": "/Users", "bulkId": id, "data": data})
}

fn group(id: &str, members: &[&str]) -> Value {
    let members: Vec<Value> = members
        .iter()
        .map(|id| json!({"value": format!("bulkId:{id}")}))
        .collect();
    json!({"method": "POST", "path": "/Groups", "bulkId": id, "data": {"displayName": id, "members": members}})
}

async fn bulk(scim: &Scim, operations: Value) -> Answer {
    let body =
        json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": operations});
    let answer = scim.post("/Bulk", &body).await.expect(200);
    assert_eq!(
        answer.body["schemas"][0],
        "urn:ietf:params:scim:api:messages:2.0:BulkResponse"
    );
    answer
}

fn lines(answer: &Answer) -> &Vec<Value> {
    answer.body["Operations"].as_array().expect("lines")
}

fn statuses(answer: &Answer) -> Vec<&str> {
    lines(answer)
        .iter()
        .map(|line| line["status"].as_str().expect("a status"))
        .collect()
}

/// The revision in a version. A tag has a mark of what is shown beside the resource (groups, members), too;
/// an operation's result shows nothing.
fn revision(version: &Value) -> String {
    let text = version.as_str().expect("a version").trim_matches(['W', '/', '"']);
    text.split('-').next().unwrap_or_default().to_owned()
}

/// The resource of an operation's result.
async fn behind(scim: &Scim, line: &Value) -> Value {
    let location = line["location"].as_str().expect("a location");
    let path = location.strip_prefix(&scim.base).expect("below the Tenant URL");
    scim.get(path).await.expect(200).body
}

#[tokio::test]
async fn every_method_does_what_its_single_request_does() {
    on_both(async |gateway| {
        let scim = people(&gateway);
        let kept = scim.post("/Users", &user("kept", &json!({}))["data"]).await.expect(201);
        let gone = scim.post("/Users", &user("gone", &json!({}))["data"]).await.expect(201);
        let (kept, gone) = (kept.id(), gone.id());
        let answer = bulk(
            &scim,
            json!([
                user("made", &json!({"title": "New"})),
                {"method": "PUT", "path": format!("/Users/{kept}"), "version": "W/\"1\"", "data": {"userName": "kept", "title": "Put"}},
                {"method": "PATCH", "path": format!("/Users/{kept}"), "bulkId": "p",
                    "data": {"Operations": [{"op": "Replace", "path": "active", "value": "False"}]}},
                {"method": "DELETE", "path": format!("/Users/{gone}")},
                group("team", &["made"]),
            ]),
        )
        .await;
        assert_eq!(statuses(&answer), ["201", "200", "200", "204", "201"]);
        let line = &lines(&answer)[2];
        assert_eq!((&line["method"], &line["bulkId"]), (&json!("PATCH"), &json!("p")));
        assert!(revision(&line["version"]) > revision(&lines(&answer)[1]["version"]));
        assert!(line.get("response").is_none());
        let kept = behind(&scim, line).await;
        assert_eq!((&kept["title"], &kept["active"]), (&json!("Put"), &json!(false)));
        let made = behind(&scim, &lines(&answer)[0]).await;
        assert_eq!((&made["userName"], revision(&made["meta"]["version"])), (&json!("made"), revision(&lines(&answer)[0]["version"])));
        scim.get(&format!("/Users/{gone}")).await.expect(404);
        let team = behind(&scim, &lines(&answer)[4]).await;
        assert_eq!(team["members"][0]["value"], made["id"]);
    })
    .await;
}

#[tokio::test]
async fn references_forward_and_in_a_circle_end_as_whole_resources() {
    on_both(async |gateway| {
        let scim = people(&gateway);
        let answer = bulk(
            &scim,
            json!([
                group("all", &["one", "two", "ann"]),
                group("one", &["two"]),
                group("two", &["one", "ann"]),
                user(
                    "ann",
                    &json!({ENTERPRISE: {"department": "Top", "manager": {"value": "bulkId:bea"}}})
                ),
                user("bea", &json!({ENTERPRISE: {"manager": {"value": "bulkId:ann"}}})),
                user("eve", &json!({ENTERPRISE: {"manager": {"value": "bulkId:eve"}}})),
            ]),
        )
        .await;
        assert_eq!(statuses(&answer), ["201"; 6]);
        let mut found = Vec::new();
        for line in lines(&answer) {
            let resource = behind(&scim, line).await;
            assert_eq!(revision(&resource["meta"]["version"]), revision(&line["version"]));
            found.push(resource);
        }
        let id = |at: usize| found[at]["id"].as_str().expect("an id").to_owned();
        let members = |at: usize| {
            let members = found[at]["members"].as_array().expect("members");
            let mut ids: Vec<String> = members
                .iter()
                .map(|member| member["value"].as_str().expect("an id").to_owned())
                .collect();
            ids.sort();
            ids
        };
        let sorted = |mut ids: Vec<String>| {
            ids.sort();
            ids
        };
        assert_eq!(members(0), sorted(vec![id(1), id(2), id(3)]));
        assert_eq!(members(1), vec![id(2)]);
        assert_eq!(members(2), sorted(vec![id(1), id(3)]));
        assert_eq!(found[3][ENTERPRISE]["manager"]["value"], id(4).as_str());
        assert_eq!(found[3][ENTERPRISE]["department"], "Top");
        assert_eq!(found[4][ENTERPRISE]["manager"]["value"], id(3).as_str());
        assert_eq!(found[5][ENTERPRISE]["manager"]["value"], id(5).as_str());
        assert!(!answer.text.contains("bulkId:"), "{}", answer.text);
    })
    .await;
}

#[tokio::test]
async fn one_failure_does_not_touch_the_others_and_says_what_to_do() {
    on_both(async |gateway| {
        let scim = people(&gateway);
        let operations = json!([
            user("ann", &json!({"externalId": "ann"})),
            user("ANN", &json!({"externalId": "other"})),
            {"method": "PATCH", "path": "/Users/bulkId:ANN", "data": {"Operations": []}},
            {"method": "DELETE", "path": "/Users"},
            {"method": "PATCH", "path": "/Users/bulkId:ann", "version": "W/\"9\"",
                "data": {"Operations": [{"op": "replace", "path": "title", "value": "x"}]}},
            {"method": "DELETE", "path": "/Users/none"},
            group("team", &["nobody"]),
            user("bea", &json!({"active": "maybe"})),
            user("eve", &json!({})),
        ]);
        let answer = bulk(&scim, operations.clone()).await;
        assert_eq!(
            statuses(&answer),
            ["201", "409", "409", "400", "412", "404", "400", "400", "201"]
        );
        for (at, scim_type, words) in [
            (1, Some("uniqueness"), "already taken"),
            (2, None, "bulkId:ANN, whose own operation was not done"),
            (3, Some("invalidSyntax"), "a whole collection is never changed"),
            (4, None, "Read it again with GET"),
            (5, None, "No resource with this id"),
            (6, Some("invalidValue"), "no POST of this request has that bulkId"),
            (7, Some("invalidValue"), "active"),
        ] {
            let line = &lines(&answer)[at];
            let response = &line["response"];
            assert_eq!(response["status"], line["status"]);
            assert_eq!(response["scimType"].as_str(), scim_type, "{line}");
            assert!(
                response["detail"]
                    .as_str()
                    .is_some_and(|detail| detail.contains(words)),
                "{line}"
            );
        }
        assert!(
            lines(&answer)[1].get("location").is_none(),
            "a creation that failed is nowhere"
        );
        assert!(
            lines(&answer)[5]["location"]
                .as_str()
                .is_some_and(|url| url.ends_with("/Users/none"))
        );

        let body = json!({"failOnErrors": 2, "Operations": operations});
        // The client has read the first answer, unless it uses another connection.
        let stopped = scim.reconnected().post("/Bulk", &body).await.expect(200);
        assert_eq!(
            statuses(&stopped).len(),
            3,
            "the first heals, two fail: {}",
            stopped.text
        );
    })
    .await;
}

#[tokio::test]
async fn the_limits_are_those_that_are_published_and_past_them_is_a_413() {
    let gateway = Gateway::embedded().await;
    let scim = advisors(&gateway, "contoso");
    let config = scim.get("/ServiceProviderConfig").await.expect(200).body;
    assert_eq!(
        config["bulk"],
        json!({"supported": true, "maxOperations": 1_000, "maxPayloadSize": 2 * 1024 * 1024})
    );
    let delete = json!({"method": "DELETE", "path": "/Users/none"});
    let most = scim
        .post("/Bulk", &json!({"Operations": vec![delete.clone(); 1_000]}))
        .await
        .expect(200);
    assert_eq!(lines(&most).len(), 1_000);
    let refused = scim
        .post("/Bulk", &json!({"Operations": vec![delete; 1_001]}))
        .await
        .expect(413);
    assert!(
        refused
            .text
            .contains("1001 operations, and at most 1000 (maxOperations)"),
        "{}",
        refused.text
    );
    let padding = "x".repeat(2 * 1024 * 1024);
    let refused = scim
        .post("/Bulk", &json!({"Operations": [], "padding": padding}))
        .await
        .expect(413);
    assert!(
        refused.text.contains("larger than 2 MB (maxPayloadSize)"),
        "{}",
        refused.text
    );
    assert_eq!(scim.get("/Bulk").await.expect(405).header("allow"), "POST");
    let groups = scim
        .post("/Bulk", &json!({"Operations": [group("team", &[])]}))
        .await
        .expect(200);
    assert_eq!(statuses(&groups), ["405"]);
    assert!(groups.text.contains("set Enabled to No"), "{}", groups.text);
    // As for a group that is changed where none are served.
    let rows = gateway.cli(&["log", "list", "--tenant", "contoso"]).to_string();
    assert!(!rows.contains("groupsNotServed"), "{rows}");
    for body in [
        json!({}),
        json!({"Operations": 1}),
        json!({"Operations": [user("a", &json!({})), user("a", &json!({}))]}),
    ] {
        let refused = scim.post("/Bulk", &body).await.expect(400);
        assert_eq!(refused.body["scimType"], "invalidSyntax");
    }
}

#[tokio::test]
async fn each_operation_is_an_event_of_its_own() {
    let gateway = Gateway::embedded().await;
    let feed = Feed::new(&gateway.app("booking"));
    let scim = people(&gateway);
    let answer = bulk(
        &scim,
        json!([
            user("ann", &json!({ENTERPRISE: {"manager": {"value": "bulkId:bea"}}})),
            user("bea", &json!({ENTERPRISE: {"manager": {"value": "bulkId:ann"}}})),
            {"method": "PATCH", "path": "/Users/bulkId:bea", "data": {"Operations": [{"op": "replace", "path": "active", "value": false}]}},
        ]),
    )
    .await;
    assert_eq!(statuses(&answer), ["201", "201", "200"]);
    feed.settled_head().await;
    let kinds: Vec<String> = feed
        .all()
        .await
        .iter()
        .map(|(_, event)| event["type"].as_str().expect("a type").to_owned())
        .collect();
    assert_eq!(
        kinds,
        [
            "usher.identity.created.v1",
            "usher.identity.created.v1",
            "usher.identity.updated.v1",
            "usher.identity.deactivated.v1"
        ]
    );
}
