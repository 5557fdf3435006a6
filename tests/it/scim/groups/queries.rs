//! Entra's queries for groups (GQ1 to GQ6 of `docs/background/entra-shapes.md`), and the attributes in their
//! answers.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use support::http::{Answer, Scim, entra_encode};

use super::{create, on_both, people, persons};

async fn find(scim: &Scim, filter: &str, more: &str) -> Answer {
    let path = format!("/Groups?filter={}{more}", entra_encode(filter));
    scim.get(&path).await
}

fn ids(list: &Answer) -> Vec<&str> {
    let resources = list.body["Resources"].as_array().expect("Resources");
    resources
        .iter()
        .filter_map(|group| group["id"].as_str())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_is_matched_by_name_or_external_id_without_its_members() {
    on_both(async |gateway| {
        let scim = people(&gateway, "contoso");
        let persons = persons(&scim, 0, 1).await;
        let id = create(&scim, "Advisors North", &persons).await;
        create(&scim, "Advisors South", &[]).await;
        for filter in [
            "displayName eq \"Advisors North\"",
            "DisplayName eq \"advisors NORTH\"",
            "externalId eq \"object-of-Advisors North\"",
        ] {
            let list = find(&scim, filter, "&excludedAttributes=members")
                .await
                .expect(200);
            assert_eq!((ids(&list), list.total()), (vec![id.as_str()], 1), "{filter}");
            assert!(!list.text.contains("members"), "{}", list.text);
            assert_eq!(list.body["Resources"][0]["displayName"], "Advisors North");
        }
        let one = scim
            .get(&format!("/Groups/{id}?excludedAttributes=members"))
            .await
            .expect(200);
        assert_eq!(one.body.get("members"), None);
        for nobody in [
            "displayName eq \"nobody\"",
            "externalId eq \"OBJECT-OF-ADVISORS NORTH\"",
        ] {
            let list = find(&scim, nobody, "&excludedAttributes=members")
                .await
                .expect(200);
            assert_eq!(
                (list.total(), &list.body["Resources"]),
                (0, &json!([])),
                "{nobody}"
            );
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_membership_is_asked_for_in_both_orders() {
    on_both(async |gateway| {
        let scim = people(&gateway, "contoso");
        let persons = persons(&scim, 0, 2).await;
        let staff = create(&scim, "Staff", &persons[..1]).await;
        let crew = create(&scim, "Crew", &persons).await;
        let (a, b) = (&persons[0], &persons[1]);
        for (filter, found) in [
            (
                format!("id eq \"{staff}\" and members eq \"{a}\""),
                vec![staff.as_str()],
            ),
            (
                format!("members eq \"{a}\" and id eq \"{staff}\""),
                vec![staff.as_str()],
            ),
            (format!("id eq \"{staff}\" and members eq \"{b}\""), vec![]),
            (format!("members eq \"{b}\" and id eq \"{staff}\""), vec![]),
            (
                format!("members[value eq \"{a}\"] and id eq \"{crew}\""),
                vec![crew.as_str()],
            ),
            (format!("members.value eq \"{b}\""), vec![crew.as_str()]),
            (format!("members[value eq \"{b}\"]"), vec![crew.as_str()]),
            (
                format!("members[type eq \"User\" and value eq \"{b}\"]"),
                vec![crew.as_str()],
            ),
            (format!("members[value eq \"{b}\" and type eq \"Group\"]"), vec![]),
            ("members eq \"2819c223\"".to_owned(), vec![]),
        ] {
            let list = find(&scim, &filter, "&attributes=id").await.expect(200);
            assert_eq!(ids(&list), found, "{filter}");
            assert!(!list.text.contains("displayName"), "{}", list.text);
        }
        let refused = find(&scim, "members.display co \"a\"", "").await.expect(400);
        assert_eq!(refused.body["scimType"], "invalidFilter", "{}", refused.text);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_people_of_a_group_are_found_from_their_side() {
    on_both(async |gateway| {
        let scim = people(&gateway, "contoso");
        let persons = persons(&scim, 0, 3).await;
        let staff = create(&scim, "Staff", &persons[..2]).await;
        for filter in [
            format!("groups.value eq \"{staff}\""),
            format!("groups[value eq \"{staff}\"]"),
        ] {
            let list = scim.find(&filter).await.expect(200);
            let found: BTreeSet<&str> = ids(&list).into_iter().collect();
            assert_eq!(
                found,
                BTreeSet::from([persons[0].as_str(), persons[1].as_str()]),
                "{filter}"
            );
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_of_groups_has_pages_and_true_totals() {
    on_both(async |gateway| {
        let scim = people(&gateway, "contoso");
        let persons = persons(&scim, 0, 2).await;
        for n in 0..7 {
            create(&scim, &format!("Group {n}"), &persons).await;
        }
        let page = scim.get("/Groups?startIndex=6&count=5").await.expect(200);
        assert_eq!(
            (page.total(), &page.body["startIndex"], &page.body["itemsPerPage"]),
            (7, &json!(6), &json!(2))
        );
        let resources = page.body["Resources"].as_array().expect("Resources");
        assert!(
            resources
                .iter()
                .all(|group| group["members"].as_array().map(Vec::len) == Some(2)),
            "{}",
            page.text
        );
        let none = scim.get("/Groups?count=0").await.expect(200);
        assert_eq!((none.total(), &none.body["Resources"]), (7, &json!([])));
    })
    .await;
}

#[tokio::test]
async fn what_is_asked_for_of_members_is_answered_and_no_more() {
    let gateway = support::gateway::Gateway::embedded().await;
    let scim = people(&gateway, "contoso");
    let persons = persons(&scim, 0, 1).await;
    let id = create(&scim, "Staff", &persons).await;
    let person = &persons[0];
    let whole = json!([{"value": person, "$ref": format!("{}/Users/{person}", scim.base), "type": "User", "display": "Advisor 0"}]);
    let cases: [(&str, Option<Value>); 6] = [
        ("", Some(whole.clone())),
        ("?attributes=members", Some(whole)),
        ("?attributes=members.value", Some(json!([{"value": person}]))),
        (
            "?attributes=members.display,members.type",
            Some(json!([{"type": "User", "display": "Advisor 0"}])),
        ),
        ("?attributes=displayName", None),
        ("?excludedAttributes=MEMBERS", None),
    ];
    for (query, members) in cases {
        let answer = scim.get(&format!("/Groups/{id}{query}")).await.expect(200);
        assert_eq!(answer.body.get("members"), members.as_ref(), "{query}");
        assert_eq!(answer.body["id"], id, "{query}");
    }
}
