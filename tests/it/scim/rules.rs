//! Rules of the RFCs that no other test proves (`docs/reference/scim.md` names these here).

use serde_json::{Value, json};
use support::gateway::Gateway;
use support::http::Scim;

use super::{advisor, advisors, moved, on_both};

fn people(gateway: &Gateway) -> Scim {
    Scim::new(&gateway.directory("contoso", "people"))
}

fn person(name: &str, more: Value) -> Value {
    let mut body = json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": name,
        "externalId": format!("e-{name}"), "displayName": name, "active": true,
        "name": {"givenName": "Ann", "familyName": "Alder"}});
    for (key, value) in more.as_object().expect("an object") {
        body[key] = value.clone();
    }
    body
}

/// A GET of an absolute reference, as the client that received it would send it.
async fn follow(scim: &Scim, reference: &Value) -> Value {
    let reference = reference.as_str().expect("a reference").to_owned();
    moved(scim, reference).get("").await.expect(200).body
}

/// RFC 7643 §2.3.7: a GET of a reference answers its target.
#[tokio::test]
async fn a_reference_leads_to_its_resource_at_every_address_it_was_asked_at() {
    on_both(async |gateway| {
        let scim = people(&gateway);
        let user = scim
            .post("/Users", &person("ann", json!({})))
            .await
            .expect(201)
            .id();
        let body = json!({"displayName": "Sales", "members": [{"value": user}]});
        let group = scim.post("/Groups", &body).await.expect(201).id();
        let root = scim.base.trim_end_matches("/people/scim").to_owned();
        for base in [
            scim.base.clone(),
            format!("{root}/people/scim/v2"),
            format!("{root}/t/contoso/people/scim"),
            format!("{root}/scim"),
        ] {
            let here = moved(&scim, base.clone());
            let read = here.get(&format!("/Groups/{group}")).await.expect(200).body;
            assert_eq!(
                follow(&scim, &read["members"][0]["$ref"]).await["id"],
                user,
                "{base}"
            );
            assert_eq!(
                follow(&scim, &read["meta"]["location"]).await["id"],
                group,
                "{base}"
            );
            let read = here.get(&format!("/Users/{user}")).await.expect(200).body;
            assert_eq!(
                follow(&scim, &read["groups"][0]["$ref"]).await["id"],
                group,
                "{base}"
            );
            assert_eq!(
                follow(&scim, &read["meta"]["location"]).await["id"],
                user,
                "{base}"
            );
        }
    })
    .await;
}

/// RFC 7643 §3.1: an externalId is scoped to the client's domain, which is a directory here.
#[tokio::test]
async fn two_directories_of_one_customer_may_hold_the_same_external_id() {
    on_both(async |gateway| {
        let advisors = advisors(&gateway, "contoso");
        let rooms = Scim::new(&gateway.directory("contoso", "rooms"));
        let same = advisor(1)["externalId"].clone();
        let person = advisors.post("/Users", &advisor(1)).await.expect(201).id();
        let room = json!({"externalId": same, "userName": "fjord@contoso.com", "displayName": "Fjord"});
        let room = rooms.post("/Users", &room).await.expect(201).id();
        let filter = format!("externalId eq {same}");
        for (scim, id) in [(&advisors, person), (&rooms, room)] {
            let found = scim.find(&filter).await.expect(200);
            assert_eq!(
                (found.total(), &found.body["Resources"][0]["id"]),
                (1, &json!(id))
            );
        }
    })
    .await;
}

/// RFC 7644 §3.4.2.1: a type without the attribute is filtered as if it had no value.
#[tokio::test]
async fn a_filter_on_what_a_type_does_not_have_finds_none_of_it() {
    on_both(async |gateway| {
        let scim = people(&gateway);
        scim.post("/Users", &person("ann", json!({}))).await.expect(201);
        scim.post("/Groups", &json!({"displayName": "Sales"}))
            .await
            .expect(201);
        for (filter, kinds) in [
            ("userName pr", &["User"][..]),
            ("userName eq \"ann\"", &["User"]),
            ("not (userName pr)", &["Group"]),
            ("displayName pr", &["Group", "User"]),
        ] {
            let body =
                json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"], "filter": filter});
            let found = scim.post("/.search", &body).await.expect(200);
            let found = found.body["Resources"].as_array().expect("a list").iter();
            let mut seen: Vec<_> = found
                .map(|one| one["meta"]["resourceType"].as_str().expect("a type"))
                .collect();
            seen.sort_unstable();
            assert_eq!(seen, kinds, "{filter}");
        }
    })
    .await;
}

/// RFC 7643 §7: canonical values are suggestions.
#[tokio::test]
async fn a_value_that_is_not_among_the_suggested_ones_is_taken() {
    let gateway = Gateway::embedded().await;
    let scim = people(&gateway);
    let mails = json!([{"type": "pager", "value": "ann@pager.example"}]);
    let made = scim
        .post("/Users", &person("ann", json!({"emails": mails})))
        .await
        .expect(201);
    assert_eq!(made.body["emails"], mails);
}

/// RFC 9865 §2: the total may be left out; a page by cursor does not count.
#[tokio::test]
async fn a_page_by_cursor_has_no_total_and_one_by_index_does() {
    on_both(async |gateway| {
        let scim = people(&gateway);
        for name in ["ann", "bob", "cas"] {
            scim.post("/Users", &person(name, json!({}))).await.expect(201);
        }
        let by_cursor = scim.get("/Users?cursor&count=2").await.expect(200).body;
        assert_eq!(by_cursor.get("totalResults"), None, "{by_cursor}");
        assert!(by_cursor["nextCursor"].is_string());
        assert_eq!(scim.get("/Users?count=2").await.expect(200).total(), 3);
    })
    .await;
}
