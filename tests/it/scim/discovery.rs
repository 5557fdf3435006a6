//! Discovery documents, and `/Groups` of a directory that serves none.

use serde_json::json;

use super::advisors;

#[tokio::test]
async fn discovery_describes_what_this_directory_serves() {
    let gateway = super::Gateway::embedded().await;
    let scim = advisors(&gateway, "contoso");
    for path in ["/ServiceProviderConfig", "/serviceConfiguration"] {
        let config = scim.get(path).await.expect(200).body;
        assert_eq!(config["patch"]["supported"], true);
        assert_eq!(config["bulk"]["supported"], false);
        assert_eq!(config["filter"]["supported"], true);
    }
    let types = scim.get("/ResourceTypes").await.expect(200);
    assert_eq!(
        (types.total(), &types.body["Resources"][0]["endpoint"]),
        (1, &json!("/Users"))
    );
    scim.get("/ResourceTypes/User").await.expect(200);
    scim.get("/ResourceTypes/Group").await.expect(404);
    let schemas = scim.get("/Schemas").await.expect(200);
    let user = "urn:ietf:params:scim:schemas:core:2.0:User";
    assert_eq!(schemas.body["Resources"][0]["id"], user);
    assert!(!schemas.text.contains("null"));
    let schema = scim.get(&format!("/Schemas/{user}")).await.expect(200);
    let names: Vec<_> = schema.body["attributes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|a| a["name"].as_str().unwrap())
        .collect();
    for name in ["userName", "displayName", "name", "active", "addresses"] {
        assert!(names.contains(&name), "{name}: {names:?}");
    }
    assert!(!names.contains(&"photos"), "narrowed to the profile");
    scim.get("/Schemas/urn:nothing").await.expect(404);
}

#[tokio::test]
async fn a_directory_without_groups_answers_queries_with_nothing_and_writes_with_what_to_do() {
    let gateway = super::Gateway::embedded().await;
    let scim = advisors(&gateway, "contoso");
    assert_eq!(
        scim.get("/Groups?filter=displayName+eq+%22x%22")
            .await
            .expect(200)
            .total(),
        0
    );
    scim.get("/Groups/40734ae655284ad3abcc?excludedAttributes=members")
        .await
        .expect(404);
    let group = json!({"displayName": "x"});
    for refused in [
        scim.post("/Groups", &group).await,
        scim.patch("/Groups/1", &group).await,
        scim.delete("/Groups/1").await,
    ] {
        let refused = refused.expect(405);
        assert!(refused.text.contains("set Enabled to No"), "{}", refused.text);
        assert_eq!(refused.header("content-type"), "application/scim+json");
    }
}
