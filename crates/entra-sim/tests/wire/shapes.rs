//! Requests as Entra writes them: headers, queries, documents, in both dialects.

use entra_sim::connection;
use entra_sim::dialect::Dialect;
use entra_sim::mapping::Mapping;
use entra_sim::wire::client::Patience;
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use serde_json::json;

use crate::bench::{Bench, client, object_id};
use crate::stub::{Reply, Stub, error, list};

const OFFICE: &str = "addresses[type eq \"work\"].formatted";

#[tokio::test]
async fn the_probe_asks_users_and_groups_for_nobody_without_agent_or_type() {
    let stub = Stub::start().await;
    let client = client(&stub, Dialect::Legacy, Patience::default());
    let report = connection::test(&client, "userName", &mut StdRng::seed_from_u64(1)).await;
    assert!(report.ok, "{report:?}");
    let seen = stub.take();
    assert_eq!(seen.len(), 2);
    assert!(
        seen[0]
            .target
            .starts_with("/advisors/scim/Users?filter=userName+eq+%22"),
        "{}",
        seen[0].target
    );
    assert!(
        seen[1]
            .target
            .starts_with("/advisors/scim/Groups?filter=displayName+eq+%22")
    );
    for request in &seen {
        assert_eq!(request.method, "GET");
        assert_eq!(request.headers["authorization"], "Bearer usher_t_secret");
        assert!(!request.headers.contains_key("user-agent"));
        assert!(!request.headers.contains_key("content-type"));
        assert!(!request.headers.contains_key("accept-encoding"));
        assert_eq!(request.headers.get("accept").map_or("", String::as_str), "");
    }
}

#[tokio::test]
async fn a_failed_test_connection_names_the_portals_error() {
    let cases = [
        (
            401,
            "SystemForCrossDomainIdentityManagementCredentialValidationFailure",
        ),
        (404, "SystemForCrossDomainIdentityManagementServiceIncompatible"),
        (
            503,
            "SystemForCrossDomainIdentityManagementCredentialValidationUnavailable",
        ),
    ];
    for (status, expected) in cases {
        let stub = Stub::start().await;
        stub.script(move |_| Some(error(status, "", "because")));
        let client = client(&stub, Dialect::Legacy, Patience::default());
        let report = connection::test(&client, "userName", &mut StdRng::seed_from_u64(1)).await;
        assert_eq!((report.ok, report.portal_error), (false, Some(expected)));
        let error = report.error.unwrap();
        assert_eq!(error.reason, "because");
        assert!(!error.recommended_action.contains("cycle"), "no cycle runs yet");
    }
}

#[tokio::test]
async fn an_unfiltered_list_fails_the_test_connection() {
    let stub = Stub::start().await;
    stub.script(|_| Some(list(&[json!({"id": "1"})])));
    let client = client(&stub, Dialect::Legacy, Patience::default());
    let report = connection::test(&client, "userName", &mut StdRng::seed_from_u64(1)).await;
    assert!(report.error.unwrap().reason.contains("filter was not applied"));
}

#[tokio::test]
async fn a_new_person_is_looked_for_then_posted_in_full() {
    let mut bench = Bench::new(Dialect::Legacy, &["anna"]).await;
    let report = bench.cycle().await;
    assert!(report.done);
    let seen = bench.stub.take();
    assert_eq!(
        seen[1].line(),
        "GET /advisors/scim/Users?filter=userName+eq+%22anna%40contoso.example%22"
    );
    assert_eq!(seen[2].line(), "POST /advisors/scim/Users");
    assert_eq!(
        seen[2].headers["content-type"],
        "application/scim+json; charset=utf-8"
    );
    assert_eq!(
        seen[2].body,
        json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User",
                "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],
            "active": "True",
            "userName": "anna@contoso.example",
            "displayName": "anna Jensen",
            "name": {"givenName": "anna", "familyName": "Jensen"},
            "addresses": [{"primary": true, "type": "work", "formatted": "Aarhus"}],
            "externalId": object_id("anna"),
            "roles": [],
            "meta": {"resourceType": "User"}
        })
    );
    assert_eq!(seen.len(), 3);
}

#[tokio::test]
async fn a_person_already_there_is_compared_with_the_list_answer_and_patched() {
    let mut bench = Bench::new(Dialect::Legacy, &["anna"]).await;
    bench.stub.script(|seen| {
        let shown = json!({"id": "x1", "userName": "anna@contoso.example", "active": true, "displayName": "Old",
            "name": {"givenName": "anna", "familyName": "Jensen"}, "externalId": object_id("anna")});
        (seen.method == "GET" && seen.target.contains("anna")).then(|| list(&[shown]))
    });
    assert!(bench.cycle().await.done);
    let seen = bench.stub.take();
    assert_eq!(seen.len(), 3, "probe, match, PATCH: no GET by id");
    assert_eq!(seen[2].line(), "PATCH /advisors/scim/Users/x1");
    assert_eq!(
        seen[2].body,
        json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [
            {"op": "Replace", "path": "displayName", "value": "anna Jensen"},
            {"op": "Add", "path": OFFICE, "value": "Aarhus"}]})
    );
    let changed: Vec<_> = bench.log[0]
        .modified_properties
        .iter()
        .map(|p| p.display_name.as_str())
        .collect();
    assert_eq!(changed, ["displayName", OFFICE]);
    assert_eq!(
        bench.log[0].modified_properties[0].old_value.as_deref(),
        Some("Old")
    );
}

#[tokio::test]
async fn the_compliant_dialect_flags_every_url_and_gathers_plain_attributes() {
    let mut bench = Bench::new(Dialect::Compliant, &["anna"]).await;
    bench.cycle().await;
    bench
        .person("anna")
        .attributes
        .insert("surname".to_owned(), json!("Holm"));
    bench
        .person("anna")
        .attributes
        .insert("displayName".to_owned(), json!("Anna Holm"));
    bench
        .person("anna")
        .attributes
        .insert("physicalDeliveryOfficeName".to_owned(), json!("Odense"));
    bench.cycle().await;
    let seen = bench.stub.take();
    for request in &seen {
        let query = request.target.split_once('?').unwrap().1;
        assert!(
            query == "aadOptscim062020" || query.starts_with("aadOptscim062020&filter="),
            "{}",
            request.target
        );
    }
    assert_eq!(seen[2].body["active"], json!(true));
    assert_eq!(
        seen.last().unwrap().body["Operations"],
        json!([
            {"op": "replace", "path": OFFICE, "value": "Odense"},
            {"op": "replace", "value": {"displayName": "Anna Holm", "name.familyName": "Holm"}}])
    );
}

#[tokio::test]
async fn references_go_out_after_all_objects_and_away_when_they_end() {
    let mut bench = Bench::new(Dialect::Legacy, &["anna", "bo"]).await;
    let manager = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager";
    let text = json!({"attributes": [
        {"target": "userName", "source": "userPrincipalName", "matching": 1},
        {"target": manager, "source": "manager", "type": "reference"}]});
    bench.job.mapping = Mapping::parse(&text.to_string()).unwrap();
    bench
        .person("anna")
        .attributes
        .insert("manager".to_owned(), json!(object_id("bo")));
    assert!(bench.cycle().await.done);
    let seen = bench.stub.take();
    let lines: Vec<String> = seen.iter().map(|seen| seen.method.clone()).collect();
    assert_eq!(lines, ["GET", "GET", "POST", "GET", "POST", "PATCH"]);
    assert_eq!(seen[5].target, "/advisors/scim/Users/id-1");
    assert_eq!(
        seen[5].body["Operations"],
        json!([{"op": "Add", "path": manager, "value": "id-2"}])
    );
    bench.person("anna").attributes.remove("manager");
    bench.cycle().await;
    let seen = bench.stub.take();
    assert_eq!(
        seen[1].body["Operations"],
        json!([{"op": "Remove", "path": manager}])
    );
}

#[tokio::test]
async fn matching_goes_on_to_the_next_attribute_and_never_guesses_between_two() {
    let mut bench = Bench::new(Dialect::Legacy, &["anna"]).await;
    let text = json!({"attributes": [
        {"target": "userName", "source": "userPrincipalName", "matching": 1},
        {"target": "externalId", "source": "objectId", "matching": 2}]});
    bench.job.mapping = Mapping::parse(&text.to_string()).unwrap();
    bench.stub.script(|seen| {
        seen.target
            .contains("externalId")
            .then(|| list(&[json!({"id": "1"}), json!({"id": "2"})]))
    });
    assert!(!bench.cycle().await.done);
    assert_eq!(bench.last_error().0, "DuplicateTargetEntries");
    assert_eq!(bench.stub.take().len(), 3);
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let mut bench = Bench::new(Dialect::Legacy, &["anna"]).await;
    bench
        .stub
        .script(|_| Some(Reply::Text(302, "location: /elsewhere", "")));
    let report = bench.cycle().await;
    assert!(report.quarantine.is_some());
    assert_eq!(bench.stub.take().len(), 1);
}
