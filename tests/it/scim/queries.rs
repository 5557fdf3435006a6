//! Match queries as Entra writes them (`docs/background/entra-shapes.md`, "Match queries"), and pages.

use serde_json::json;

use super::{advisor, advisor_with, advisors, on_both};

#[tokio::test]
async fn every_shape_of_a_match_query_finds_the_one_it_means() {
    on_both(async |gateway| {
        let scim = advisors(&gateway, "contoso");
        let mut ids = Vec::new();
        for (number, name) in [
            "bjensen@contoso.com",
            "o'neil+x@contoso.com",
            "guest_gmail.com#EXT#@contoso.onmicrosoft.com",
            "50%off&more@contoso.com",
            "Zoë@contoso.com",
        ]
        .into_iter()
        .enumerate()
        {
            let body = advisor_with(
                number,
                json!({"userName": name, "externalId": format!("Ext-{number}")}),
            );
            ids.push(scim.post("/Users", &body).await.expect(201).id());
        }
        for (query, index) in [
            ("filter=userName+eq+%22bjensen%40contoso.com%22", 0),
            ("filter=userName%20eq%20%22BJENSEN@CONTOSO.COM%22", 0),
            ("aadOptscim062020&filter=username EQ \"bjensen@contoso.com\"", 0),
            ("filter=userName+eq+%22o%27neil%2Bx%40contoso.com%22", 1),
            (
                "filter=userName+eq+%22guest_gmail.com%23EXT%23%40contoso.onmicrosoft.com%22",
                2,
            ),
            ("filter=userName+eq+%2250%25off%26more%40contoso.com%22", 3),
            ("filter=userName+eq+%22bjensen%2540contoso.com%22", 0),
            ("filter=userName+eq+%22ZO%C3%8B%40contoso.com%22", 4),
            ("filter=externalId eq \"Ext-1\"", 1),
            ("filter=externalId eq Ext-1", 1),
            (&format!("filter=id eq \"{}\"", ids[3]), 3),
            (
                &format!(
                    "filter=id eq \"{}\" and userName sw \"50%25\"&attributes=id",
                    ids[3]
                ),
                3,
            ),
        ] {
            let answer = scim.get(&format!("/Users?{query}")).await.expect(200);
            assert_eq!(answer.total(), 1, "{query}: {}", answer.text);
            assert_eq!(answer.body["Resources"][0]["id"], ids[index].as_str(), "{query}");
        }
        for query in [
            "filter=externalId eq \"ext-1\"",
            "filter=userName eq \"bjensen\"",
            "filter=id eq \"1\"",
        ] {
            assert_eq!(
                scim.get(&format!("/Users?{query}")).await.expect(200).total(),
                0,
                "{query}"
            );
        }
    })
    .await;
}

#[tokio::test]
async fn a_list_answer_holds_every_attribute_because_entra_compares_with_nothing_else() {
    on_both(async |gateway| {
        let scim = advisors(&gateway, "contoso");
        let created = scim.post("/Users", &advisor(1)).await.expect(201);
        let found = scim
            .find("userName eq \"advisor1@contoso.com\"")
            .await
            .expect(200);
        assert_eq!(found.body["Resources"][0], created.body);
        assert_eq!(
            scim.get(&format!("/Users/{}", created.id()))
                .await
                .expect(200)
                .body,
            created.body
        );
    })
    .await;
}

#[tokio::test]
async fn pages_count_from_one_and_add_up() {
    on_both(async |gateway| {
        let scim = advisors(&gateway, "contoso");
        for number in 0..5 {
            scim.post("/Users", &advisor(number)).await.expect(201);
        }
        let names = async |query: &str| {
            let answer = scim.get(&format!("/Users?{query}")).await.expect(200);
            let names: Vec<String> = answer.body["Resources"]
                .as_array()
                .unwrap()
                .iter()
                .map(|user| user["userName"].as_str().unwrap().to_owned())
                .collect();
            let page = (
                answer.total(),
                answer.body["startIndex"].as_u64().unwrap(),
                answer.body["itemsPerPage"].as_u64().unwrap(),
            );
            assert_eq!(page.2, names.len() as u64);
            (page, names)
        };
        let (page, all) = names("").await;
        assert_eq!(page, (5, 1, 5));
        let (page, first) = names("startIndex=1&count=2").await;
        assert_eq!(page, (5, 1, 2));
        let (page, second) = names("startIndex=3&count=2").await;
        assert_eq!(page, (5, 3, 2));
        let (_, third) = names("startIndex=5&count=2").await;
        assert_eq!([first, second, third].concat(), all);
        assert_eq!(names("startIndex=-3&count=1").await.0, (5, 1, 1));
        assert_eq!(names("count=0").await.0, (5, 1, 0));
        assert_eq!(names("startIndex=9").await.0, (5, 9, 0));
    })
    .await;
}

#[tokio::test]
async fn attributes_and_excluded_attributes_shape_every_answer() {
    let gateway = super::Gateway::embedded().await;
    let scim = advisors(&gateway, "contoso");
    let id = scim.post("/Users", &advisor(1)).await.expect(201).id();
    let keys =
        |body: &serde_json::Value| -> Vec<String> { body.as_object().unwrap().keys().cloned().collect() };
    for path in [
        format!("/Users/{id}?attributes=userName"),
        "/Users?attributes=USERNAME".to_owned(),
    ] {
        let answer = scim.get(&path).await.expect(200);
        let user = answer.body.get("Resources").map_or(&answer.body, |list| &list[0]);
        assert_eq!(keys(user), ["schemas", "id", "userName"], "{path}");
    }
    let answer = scim
        .get(&format!("/Users/{id}?excludedAttributes=name,addresses"))
        .await
        .expect(200);
    assert!(answer.body.get("name").is_none() && answer.body.get("addresses").is_none());
    assert_eq!(answer.body["displayName"], "Advisor 1");
}
