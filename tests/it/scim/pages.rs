//! Large pages: they end early or are sent in chunks, and nothing is missing.

use std::fmt::Write as _;

use serde_json::{Value, json};
use support::gateway::Gateway;
use support::http::{Answer, Scim};

use super::on_both;

const PEOPLE: usize = 44;

fn people(gateway: &Gateway) -> Scim {
    Scim::new(&gateway.directory("contoso", "people"))
}

/// A document of some 115 KB.
fn large(number: usize) -> Value {
    let emails: Vec<Value> = (0..1_000)
        .map(|n| json!({"type": "other", "value": format!("{n:04}{}@contoso.example", "x".repeat(64))}))
        .collect();
    json!({"userName": format!("p{number:02}"), "displayName": "Large", "emails": emails})
}

fn names(answer: &Answer) -> Vec<String> {
    let resources = answer.body["Resources"].as_array().unwrap();
    let name = |one: &Value| one["userName"].as_str().unwrap().to_owned();
    resources.iter().map(name).collect()
}

#[tokio::test]
async fn a_page_of_large_documents_ends_early_and_the_next_one_goes_on() {
    on_both(async |gateway| {
        let scim = people(&gateway);
        for number in 0..PEOPLE {
            scim.post("/Users", &large(number)).await.expect(201);
        }
        let all: Vec<String> = (0..PEOPLE).map(|number| format!("p{number:02}")).collect();
        // By the database's count, by a filter without SQL, by an index, and sorted.
        for query in [
            "count=100",
            "count=100&filter=userName+sw+%22p%22",
            "count=100&filter=displayName+eq+%22Large%22",
            "count=100&sortBy=userName",
        ] {
            let first = scim.get(&format!("/Users?{query}")).await.expect(200);
            let mut seen = names(&first);
            assert!(
                (1..PEOPLE).contains(&seen.len()) && first.text.len() < 5_000_000,
                "{query}: {} in {} bytes",
                seen.len(),
                first.text.len()
            );
            assert_eq!(
                (first.total(), &first.body["itemsPerPage"]),
                (PEOPLE as u64, &json!(seen.len()))
            );
            let rest = scim
                .get(&format!("/Users?{query}&startIndex={}", seen.len() + 1))
                .await
                .expect(200);
            seen.extend(names(&rest));
            assert_eq!(seen, all, "{query}");

            let (mut seen, mut cursor) = (Vec::new(), String::new());
            loop {
                let page = scim
                    .get(&format!("/Users?{query}&cursor={cursor}"))
                    .await
                    .expect(200);
                seen.extend(names(&page));
                match page.body["nextCursor"].as_str() {
                    Some(next) => cursor = next.to_owned(),
                    None => break,
                }
            }
            assert_eq!(seen, all, "{query} by cursor");
        }
        let search = |more: Value| {
            let mut body =
                json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"], "count": 100});
            body.as_object_mut()
                .unwrap()
                .extend(more.as_object().unwrap().clone());
            body
        };
        let everything = scim.post("/.search", &search(json!({}))).await.expect(200);
        let known = names(&everything).len();
        assert!((1..PEOPLE).contains(&known), "{known}");
        let deep = search(json!({"startIndex": known + 1}));
        let refused = scim.post("/.search", &deep).await.expect(400);
        assert_eq!(refused.body["scimType"], "tooMany");
        assert!(refused.text.contains("read on with cursor="), "{}", refused.text);
    })
    .await;
}

#[tokio::test]
async fn people_in_very_many_groups_are_answered_piece_by_piece() {
    on_both(async |gateway| {
        let scim = people(&gateway);
        let mut members = Vec::new();
        for number in 0..30 {
            let made = scim
                .post("/Users", &json!({"userName": format!("p{number:02}")}))
                .await;
            members.push(json!({"value": made.expect(201).id()}));
        }
        // 30 people in 200 groups each: more than are read at a time.
        let groups: Vec<Value> = (0..200)
            .map(|number| {
                let data = json!({"displayName": format!("g{number:03}"), "members": members});
                json!({"method": "POST", "path": "/Groups", "bulkId": number.to_string(), "data": data})
            })
            .collect();
        let made = scim
            .post("/Bulk", &json!({"Operations": groups}))
            .await
            .expect(200);
        assert!(!made.text.contains("\"status\":\"4"), "{}", made.text);

        let expected: String = (0..200).fold(String::new(), |mut text, number| {
            let _ = write!(text, "g{number:03} ");
            text
        });
        let listed = scim.get("/Users?count=100").await.expect(200);
        assert_eq!(listed.total(), 30);
        for person in listed.body["Resources"].as_array().unwrap() {
            let mut of: Vec<&str> = person["groups"]
                .as_array()
                .unwrap()
                .iter()
                .map(|group| group["display"].as_str().unwrap())
                .collect();
            of.sort_unstable();
            assert_eq!(of.join(" "), expected.trim_end(), "{}", person["userName"]);
        }
        let filtered = scim
            .get("/Users?count=0&filter=groups.display+eq+%22g199%22")
            .await
            .expect(200);
        assert_eq!(filtered.total(), 30);
    })
    .await;
}
