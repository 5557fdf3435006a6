//! Discovery documents, and `/Groups` of a directory without groups.

use serde_json::json;

use super::advisors;

#[tokio::test]
async fn discovery_describes_what_this_directory_serves() {
    let gateway = super::Gateway::embedded().await;
    let scim = advisors(&gateway, "contoso");
    for path in ["/ServiceProviderConfig", "/serviceConfiguration"] {
        let config = scim.get(path).await.expect(200).body;
        assert_eq!(config["patch"]["supported"], true);
        assert_eq!(config["bulk"]["supported"], true);
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
async fn discovery_refuses_a_filter_and_passes_over_everything_else() {
    let gateway = super::Gateway::embedded().await;
    let scim = advisors(&gateway, "contoso");
    for path in [
        "/ServiceProviderConfig",
        "/Schemas",
        "/ResourceTypes",
        "/ResourceTypes/User",
    ] {
        let refused = scim
            .get(&format!("{path}?filter=name+eq+%22User%22"))
            .await
            .expect(403);
        assert!(refused.text.contains("are not filtered"), "{}", refused.text);
        let plain = scim.get(path).await.expect(200);
        for ignored in [
            "count=0",
            "startIndex=9",
            "count=ten",
            "attributes=a b",
            "sortBy=x",
            "cursor=x",
        ] {
            let same = scim.get(&format!("{path}?{ignored}")).await.expect(200);
            assert_eq!(same.body, plain.body, "{path}?{ignored}");
        }
    }
}

#[tokio::test]
async fn what_the_service_offers_and_what_it_does_not_is_said_in_full() {
    let gateway = super::Gateway::embedded().await;
    let config = advisors(&gateway, "contoso")
        .get("/ServiceProviderConfig")
        .await
        .expect(200)
        .body;
    for (feature, supported) in [
        ("patch", true),
        ("filter", true),
        ("sort", true),
        ("etag", true),
        ("changePassword", false),
    ] {
        assert_eq!(config[feature]["supported"], supported, "{feature}");
    }
    assert_eq!(config["filter"]["maxResults"], 1_000);
    assert_eq!(
        config["pagination"],
        json!({"cursor": true, "index": true, "defaultPaginationMethod": "index", "defaultPageSize": 100, "maxPageSize": 1_000})
    );
    // Clients that know only the schema of RFC 7643 §5 refuse a document with other attributes.
    assert_eq!(config.get("securityEvents"), None);
}

#[tokio::test]
async fn a_token_that_is_no_person_has_no_me_for_any_method() {
    let gateway = super::Gateway::embedded().await;
    let scim = advisors(&gateway, "contoso");
    for answer in [
        scim.get("/Me").await,
        scim.post("/Me", &json!({})).await,
        scim.put("/Me", &json!({})).await,
        scim.patch("/Me", &json!({})).await,
        scim.delete("/Me").await,
    ] {
        let refused = answer.expect(501);
        assert_eq!(refused.body["status"], "501");
        assert!(
            refused.text.contains("belongs to a directory, not to a person"),
            "{}",
            refused.text
        );
    }
}

#[tokio::test]
async fn methods_are_refused_by_address_and_unknown_ones_everywhere() {
    let gateway = super::Gateway::embedded().await;
    let scim = advisors(&gateway, "contoso");
    let call = async |method: &str, path: &str| {
        let method = reqwest::Method::from_bytes(method.as_bytes()).expect("a method");
        support::http::send(scim.request(method, path)).await
    };
    let options = call("OPTIONS", "/Users").await.expect(405);
    assert_eq!(options.header("allow"), "GET, POST");
    for path in ["/Users", "/Users/1", "/Schemas"] {
        let refused = call("PROPFIND", path).await.expect(501);
        assert!(
            refused.text.contains("does not know this HTTP method"),
            "{}",
            refused.text
        );
    }
    let head = call("HEAD", "/Users").await.expect(200);
    assert_eq!(
        (head.text.as_str(), head.header("content-type")),
        ("", "application/scim+json")
    );
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
