//! Documents as real clients write them (`docs/background/entra-shapes.md`, "Creations" and "Tolerance").

use reqwest::Method;
use serde_json::json;
use support::http::{Scim, send};

use super::{advisor, advisor_with, advisors, on_both};

#[tokio::test]
async fn nulls_read_only_members_other_capitals_and_texts_for_booleans_are_understood() {
    on_both(async |gateway| {
        let scim = advisors(&gateway, "contoso");
        let odd = json!({
            "SCHEMAS": ["urn:ietf:params:scim:schemas:core:2.0:User", "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],
            "id": "mine", "meta": {"resourceType": "User"}, "roles": [], "title": null, "phoneNumbers": null,
            "EXTERNALID": "7FCE-Case", "USERNAME": "Odd@Contoso.com", "Active": "True", "displayName": " spaced  ",
            "Name": {"GivenName": "Ødd", "familyName": "O'Ne\"il\\"},
            "Addresses": [{"Primary": "True", "Type": "work", "Formatted": "Building 4"}],
            "nonsense": {"a": 1},
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"department": "Sales"},
        });
        let created = scim.post("/Users", &odd).await.expect(201);
        assert_ne!(created.id(), "mine");
        assert_eq!(created.body["userName"], "Odd@Contoso.com");
        assert_eq!(created.body["externalId"], "7FCE-Case");
        assert_eq!(created.body["displayName"], " spaced  ", "values are kept as sent");
        assert_eq!(created.body["active"], true);
        assert_eq!(created.body["name"], json!({"givenName": "Ødd", "familyName": "O'Ne\"il\\"}));
        assert!(created.body.get("title").is_none() && created.body.get("nonsense").is_none());
        assert!(!created.text.contains("null"));
    })
    .await;
}

#[tokio::test]
async fn a_byte_order_mark_and_any_json_label_are_fine_and_no_label_too() {
    let gateway = super::Gateway::embedded().await;
    let scim = advisors(&gateway, "contoso");
    for (number, label) in [
        Some("application/scim+json; charset=utf-8"),
        Some("application/json"),
        Some("text/plain"),
        None,
    ]
    .into_iter()
    .enumerate()
    {
        let mut request = scim
            .request(Method::POST, "/Users")
            .body(format!("\u{feff}{}", advisor(number)));
        if let Some(label) = label {
            request = request.header("content-type", label);
        }
        let answer = send(request).await.expect(201);
        assert_eq!(
            answer.header("content-type"),
            "application/scim+json",
            "{label:?}"
        );
    }
}

#[tokio::test]
async fn a_role_that_entra_writes_as_json_text_is_one_role_whatever_request_brings_it() {
    on_both(async |gateway| {
        let scim = Scim::new(&gateway.directory("contoso", "people"));
        let text = r#"{"id":"06b0","value":"25","displayName":"Advisor"}"#;
        let roles = json!([{"value": text}]);
        let mut body = advisor_with(1, json!({"roles": roles}));
        let created = scim.post("/Users", &body).await.expect(201);
        let kept = json!([{"value": "25", "display": "Advisor"}]);
        assert_eq!(created.body["roles"], kept);
        let path = format!("/Users/{}", created.id());
        let add = json!({"Operations": [{"op": "Add", "path": "roles", "value": roles}]});
        let added = scim.patch(&path, &add).await;
        assert_eq!(added.revision(), 1, "adding it again made no version");
        body["title"] = "Chief".into();
        let replaced = scim.put(&path, &body).await.expect(200);
        assert_eq!(replaced.body["roles"], kept);
        assert!(replaced.revision() > 1);
    })
    .await;
}

#[tokio::test]
async fn a_missing_required_attribute_is_refused_with_the_entra_page_to_change_it_on() {
    on_both(async |gateway| {
        let scim = advisors(&gateway, "contoso");
        for (more, path) in [
            (json!({"userName": null}), "userName"),
            (json!({"displayName": ""}), "displayName"),
            (json!({"name": {"familyName": "Only"}}), "name.givenName"),
        ] {
            let refused = scim.post("/Users", &advisor_with(1, more)).await.expect(400);
            assert_eq!(refused.body["scimType"], "invalidValue", "{}", refused.text);
            let detail = refused.body["detail"].as_str().unwrap();
            assert!(
                detail.starts_with(&format!("{path} is required in the advisors directory")),
                "{detail}"
            );
            assert!(
                detail.contains("Provisioning > Mappings > Provision Microsoft Entra ID Users"),
                "{detail}"
            );
        }
        assert_eq!(scim.get("/Users").await.expect(200).total(), 0);
    })
    .await;
}

#[tokio::test]
async fn a_patch_without_operations_is_no_change() {
    let gateway = super::Gateway::embedded().await;
    let scim = advisors(&gateway, "contoso");
    let created = scim.post("/Users", &advisor(1)).await.expect(201);
    let answer = scim.patch_ops(&created.id(), json!([])).await.expect(200);
    assert_eq!(answer.body, created.body);
}
