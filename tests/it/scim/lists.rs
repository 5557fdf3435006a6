//! Lists: order, pages by number and by cursor, searches in a body (RFC 7644 §3.4.2–3.4.3, RFC 9865).

use std::collections::BTreeSet;

use serde_json::{Value, json};
use support::gateway::Gateway;
use support::http::{Answer, Scim, entra_encode};

use super::{advisors, on_both};

fn people(gateway: &Gateway, tenant: &str) -> Scim {
    Scim::new(&gateway.directory(tenant, "people"))
}

fn person(name: &str, more: &Value) -> Value {
    let mut body = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "userName": name, "externalId": format!("ext-{name}"), "displayName": format!("Display {name}"),
    });
    if let (Some(body), Some(more)) = (body.as_object_mut(), more.as_object()) {
        body.extend(more.clone());
    }
    body
}

fn names(answer: &Answer) -> Vec<String> {
    let resources = answer.body["Resources"].as_array();
    let resources = resources.unwrap_or_else(|| panic!("no Resources in {}", answer.text));
    let name = |one: &Value| {
        one["userName"]
            .as_str()
            .or(one["displayName"].as_str())
            .map(str::to_owned)
    };
    resources.iter().filter_map(name).collect()
}

/// Reads a list by cursors to its end; `between` is called before each further page.
async fn walk(scim: &Scim, query: &str, mut between: impl AsyncFnMut(usize)) -> Vec<String> {
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    for page in 0..200 {
        let answer = scim
            .get(&format!("/Users?{query}&cursor={cursor}"))
            .await
            .expect(200);
        assert!(answer.body.get("totalResults").is_none() && answer.body.get("startIndex").is_none());
        assert_eq!(answer.body["itemsPerPage"], names(&answer).len());
        seen.extend(names(&answer));
        match answer.body["nextCursor"].as_str() {
            Some(next) => cursor = next.to_owned(),
            None => return seen,
        }
        between(page).await;
    }
    panic!("the list has no end: {seen:?}");
}

#[tokio::test]
async fn a_list_is_ordered_by_any_attribute_in_both_directions() {
    on_both(async |gateway| {
        let scim = people(&gateway, "contoso");
        let enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
        for (name, more) in [
            ("Bob", json!({"title": "clerk", "active": false, enterprise: {"department": "Sales"}})),
            ("adam", json!({"title": "Boss", "emails": [{"type": "home", "value": "z@x"}, {"type": "work", "value": "a@x", "primary": true}]})),
            ("Émile", json!({"name": {"familyName": "Zola"}, "emails": [{"type": "work", "value": "m@x"}]})),
            ("carl", json!({"title": "assistant", "name": {"familyName": "adler"}, enterprise: {"department": "accounts"}})),
        ] {
            scim.post("/Users", &person(name, &more)).await.expect(201);
        }
        for (by, ascending) in [
            ("userName", ["adam", "Bob", "carl", "Émile"]),
            ("USERNAME", ["adam", "Bob", "carl", "Émile"]),
            ("title", ["carl", "adam", "Bob", "Émile"]),
            ("meta.created", ["Bob", "adam", "Émile", "carl"]),
            ("name.familyName", ["carl", "Émile", "Bob", "adam"]),
            ("department", ["carl", "Bob", "adam", "Émile"]),
            (&format!("{enterprise}:department"), ["carl", "Bob", "adam", "Émile"]),
            ("emails.value", ["adam", "Émile", "Bob", "carl"]),
            ("active", ["Bob", "adam", "Émile", "carl"]),
        ] {
            let up = scim.get(&format!("/Users?sortBy={by}")).await.expect(200);
            assert_eq!(names(&up), ascending, "{by}");
            let down = scim.get(&format!("/Users?sortBy={by}&sortOrder=descending")).await.expect(200);
            let descending: Vec<&str> = ascending.iter().rev().copied().collect();
            assert_eq!(names(&down), descending, "{by} descending");
            let page = scim.get(&format!("/Users?sortBy={by}&startIndex=2&count=2")).await.expect(200);
            assert_eq!((page.total(), names(&page)), (4, ascending[1..3].iter().map(|n| (*n).to_owned()).collect()), "{by}");
            let filtered = format!("/Users?filter={}&sortBy={by}", entra_encode("userName ne \"bob\""));
            let without: Vec<&str> = ascending.iter().filter(|name| **name != "Bob").copied().collect();
            assert_eq!(names(&scim.get(&filtered).await.expect(200)), without, "{by} filtered");
            assert_eq!(walk(&scim, &format!("sortBy={by}&count=1"), async |_| {}).await, ascending, "{by} by cursor");
        }
        let refused = scim.get("/Users?sortBy=shoeSize").await.expect(400);
        assert_eq!(refused.body["scimType"], "invalidValue");
        assert!(refused.text.contains("sortBy names shoeSize"), "{}", refused.text);
        scim.get("/Users?sortBy=userName&sortOrder=up").await.expect(400);
    })
    .await;
}

#[tokio::test]
async fn totals_stay_true_and_pages_add_up_while_others_are_added() {
    on_both(async |gateway| {
        let scim = people(&gateway, "contoso");
        let mut made = 0;
        let mut add = async || {
            made += 1;
            scim.post("/Users", &person(&format!("u{made}"), &json!({})))
                .await
                .expect(201);
            made
        };
        for _ in 0..7 {
            add().await;
        }
        let (mut seen, mut start) = (Vec::new(), 1);
        loop {
            let answer = scim
                .get(&format!("/Users?startIndex={start}&count=3"))
                .await
                .expect(200);
            let total = answer.total();
            assert_eq!(answer.body["startIndex"], start);
            assert!(answer.body.get("nextCursor").is_none());
            seen.extend(names(&answer));
            start += 3;
            if start > total {
                assert_eq!(seen.len() as u64, total);
                break;
            }
            let now = add().await;
            assert_eq!(scim.get("/Users?count=0").await.expect(200).total(), now);
        }
        let expected: Vec<String> = (1..=seen.len()).map(|number| format!("u{number}")).collect();
        assert_eq!(seen, expected);
    })
    .await;
}

#[tokio::test]
async fn cursors_lose_and_repeat_nothing_while_others_come_and_go() {
    on_both(async |gateway| {
        for (number, order) in [
            "",
            "sortBy=meta.created&sortOrder=descending",
            "sortBy=userName",
            "sortBy=userName&sortOrder=descending",
            "sortBy=title",
            "sortBy=title&sortOrder=descending",
            "filter=displayName+sw+%22display%22",
            "filter=displayName+sw+%22display%22&sortBy=title",
        ]
        .into_iter()
        .enumerate()
        {
            let scim = people(&gateway, &format!("tenant-{number}"));
            let mut ids = Vec::new();
            for index in 0..24 {
                // Two thirds share a title, one has none: ties and missing values.
                let title = if index == 5 {
                    Value::Null
                } else {
                    json!(format!("t{}", index % 3))
                };
                let body = person(&format!("n{index:02}"), &json!({"title": title}));
                ids.push(scim.post("/Users", &body).await.expect(201).id());
            }
            let gone = [1_usize, 23, 7, 16];
            let seen = walk(&scim, &format!("{order}&count=5"), async |page| {
                if let Some(index) = gone.get(page) {
                    scim.delete(&format!("/Users/{}", ids[*index])).await.expect(204);
                }
                for name in [format!("a-new-{page}"), format!("z-new-{page}")] {
                    let body = person(&name, &json!({"title": "t1"}));
                    scim.post("/Users", &body).await.expect(201);
                }
            })
            .await;
            let distinct: BTreeSet<&String> = seen.iter().collect();
            assert_eq!(distinct.len(), seen.len(), "{order}: no repeats in {seen:?}");
            for index in (0..24).filter(|index| !gone.contains(index)) {
                assert!(
                    distinct.contains(&format!("n{index:02}")),
                    "{order}: n{index:02} is in {seen:?}"
                );
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_cursor_is_good_for_its_own_list_only() {
    on_both(async |gateway| {
        let scim = people(&gateway, "contoso");
        let other = people(&gateway, "fabrikam");
        for index in 0..4 {
            let body = person(&format!("u{index}"), &json!({}));
            scim.post("/Users", &body).await.expect(201);
            other.post("/Users", &body).await.expect(201);
        }
        let query = "filter=userName+sw+%22u%22&sortBy=userName&count=2";
        let first = scim.get(&format!("/Users?{query}&cursor")).await.expect(200);
        let cursor = first.body["nextCursor"]
            .as_str()
            .expect("there is more")
            .to_owned();
        assert!(
            cursor
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
        );
        let next = scim
            .get(&format!("/Users?{query}&cursor={cursor}"))
            .await
            .expect(200);
        assert_eq!(names(&next), ["u2", "u3"]);
        assert!(next.body.get("nextCursor").is_none());
        // Another page size does not make another list.
        let larger = query.replace("count=2", "count=9");
        scim.get(&format!("/Users?{larger}&cursor={cursor}"))
            .await
            .expect(200);
        for (caller, path) in [
            (
                &scim,
                format!("/Users?filter=userName+sw+%22U%22&sortBy=userName&cursor={cursor}"),
            ),
            (
                &scim,
                format!("/Users?filter=userName+sw+%22u%22&cursor={cursor}"),
            ),
            (
                &scim,
                format!("/Users?{query}&sortOrder=descending&cursor={cursor}"),
            ),
            (&scim, format!("/Users?cursor={cursor}")),
            (&scim, format!("/Groups?cursor={cursor}")),
            (&scim, "/Users?cursor=VZUTiyhEQJ94IR".to_owned()),
            (&other, format!("/Users?{query}&cursor={cursor}")),
        ] {
            let refused = caller.get(&path).await.expect(400);
            assert_eq!(refused.body["scimType"], "invalidCursor", "{path}");
            assert!(
                refused.text.contains("or an empty cursor to begin again"),
                "{}",
                refused.text
            );
        }
        for (query, scim_type) in [
            ("count=many", "invalidCount"),
            ("cursor=&startIndex=2", "invalidValue"),
        ] {
            let refused = scim.get(&format!("/Users?{query}")).await.expect(400);
            assert_eq!(refused.body["scimType"], scim_type, "{query}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_search_answers_what_the_query_of_a_url_does() {
    on_both(async |gateway| {
        let scim = people(&gateway, "contoso");
        for index in 0..6 {
            let body = person(&format!("u{index}"), &json!({"title": format!("t{}", 5 - index)}));
            scim.post("/Users", &body).await.expect(201);
        }
        for (search, query) in [
            (json!({}), ""),
            (json!({"filter": "userName eq \"u3\""}), "filter=userName+eq+%22u3%22"),
            (
                json!({"filter": "userName ge \"u2\"", "sortBy": "title", "sortOrder": "descending", "startIndex": 2, "count": 2}),
                "filter=userName+ge+%22u2%22&sortBy=title&sortOrder=descending&startIndex=2&count=2",
            ),
            (json!({"attributes": ["userName", "meta.version"], "count": 1}), "attributes=userName,meta.version&count=1"),
            (json!({"excludedAttributes": ["meta"], "cursor": "", "count": 2}), "excludedAttributes=meta&cursor=&count=2"),
        ] {
            let searched = scim.post("/Users/.search", &search).await.expect(200);
            let listed = scim.get(&format!("/Users?{query}")).await.expect(200);
            assert_eq!(searched.body, listed.body, "{query}");
        }
        let next = scim.post("/Users/.search", &json!({"cursor": "", "count": 4})).await.expect(200);
        let body = json!({"cursor": next.body["nextCursor"], "count": 4});
        assert_eq!(names(&scim.post("/Users/.search", &body).await.expect(200)), ["u4", "u5"]);
        for (path, body, status, words) in [
            ("/Users/.search", json!({"filter": "shoeSize pr"}), 400, "shoeSize"),
            ("/Users/.search", json!({"filter": 1}), 400, "must be a text"),
            ("/Users/.search?filter=userName+pr", json!({}), 400, "in the body"),
            ("/Users/.search", json!({"schemas": ["urn:x"]}), 400, "not those of a search"),
        ] {
            let refused = scim.post(path, &body).await.expect(status);
            assert!(refused.text.contains(words), "{}", refused.text);
        }
        let refused = scim.get("/Users/.search").await.expect(405);
        assert_eq!(refused.header("allow"), "POST");
    })
    .await;
}

#[tokio::test]
async fn a_search_at_the_tenant_url_lists_people_and_groups_in_one_order() {
    on_both(async |gateway| {
        let scim = people(&gateway, "contoso");
        for index in 0..4 {
            scim.post(
                "/Users",
                &person(
                    &format!("u{index}"),
                    &json!({"displayName": format!("d{}", index * 2)}),
                ),
            )
            .await
            .expect(201);
            let group = json!({"displayName": format!("d{}", index * 2 + 1)});
            scim.post("/Groups", &group).await.expect(201);
        }
        let display = |answer: &Answer| -> Vec<String> {
            let resources = answer.body["Resources"].as_array().expect("a list");
            let name = |one: &Value| one["displayName"].as_str().expect("a name").to_owned();
            resources.iter().map(name).collect()
        };
        let search = async |body: Value| scim.post("/.search", &body).await.expect(200);
        let all: Vec<String> = (0..8).map(|number| format!("d{number}")).collect();
        for order in [
            json!({}),
            json!({"sortBy": "displayName"}),
            json!({"sortBy": "meta.created"}),
        ] {
            let answer = search(order.clone()).await;
            assert_eq!((answer.total(), display(&answer)), (8, all.clone()), "{order}");
            let mut page = order.clone();
            page["startIndex"] = json!(4);
            page["count"] = json!(3);
            let answer = search(page).await;
            assert_eq!(
                (answer.total(), display(&answer)),
                (8, all[3..6].to_vec()),
                "{order}"
            );
            assert_eq!(answer.body["itemsPerPage"], 3);
            let (mut seen, mut cursor) = (Vec::new(), json!(""));
            while cursor.is_string() {
                let mut body = order.clone();
                body["cursor"] = cursor;
                body["count"] = json!(3);
                let answer = search(body).await;
                seen.extend(display(&answer));
                cursor = answer.body["nextCursor"].clone();
            }
            assert_eq!(seen, all, "{order} by cursor");
        }
        for (filter, found) in [
            ("displayName eq \"d3\"", vec!["d3"]),
            ("userName eq \"u1\" or displayName eq \"d7\"", vec!["d2", "d7"]),
            ("not (userName pr)", vec!["d1", "d3", "d5", "d7"]),
            ("meta.resourceType eq \"User\"", vec!["d0", "d2", "d4", "d6"]),
        ] {
            let answer = search(json!({"filter": filter})).await;
            assert_eq!(
                (answer.total(), display(&answer)),
                (
                    found.len() as u64,
                    found.iter().map(|n| (*n).to_owned()).collect()
                ),
                "{filter}"
            );
        }
        let group = search(json!({"filter": "displayName eq \"d3\""})).await;
        let group = &group.body["Resources"][0];
        assert_eq!(group["meta"]["resourceType"], "Group");
        let id = group["id"].as_str().expect("an id");
        assert_eq!(*group, scim.get(&format!("/Groups/{id}")).await.expect(200).body);
        let refused = scim
            .post("/.search", &json!({"startIndex": 10_000, "count": 2}))
            .await
            .expect(400);
        assert_eq!(refused.body["scimType"], "tooMany");
        let refused = scim
            .post("/.search", &json!({"filter": "shoeSize pr"}))
            .await
            .expect(400);
        assert_eq!(refused.body["scimType"], "invalidFilter");
    })
    .await;
}

#[tokio::test]
async fn a_search_in_a_directory_without_groups_finds_people_alone() {
    let gateway = Gateway::embedded().await;
    let scim = advisors(&gateway, "contoso");
    scim.post("/Users", &super::advisor(1)).await.expect(201);
    let all = scim.post("/.search", &json!({})).await.expect(200);
    assert_eq!(all.total(), 1);
    assert_eq!(
        scim.post("/Groups/.search", &json!({})).await.expect(200).total(),
        0
    );
}

#[tokio::test]
async fn groups_are_listed_sorted_and_paged_like_people() {
    on_both(async |gateway| {
        let scim = people(&gateway, "contoso");
        let person = scim.post("/Users", &person("ann", &json!({}))).await.expect(201).id();
        for (name, members) in [("Sales", json!([{"value": person}])), ("accounts", json!([])), ("IT", json!([]))] {
            let body = json!({"displayName": name, "externalId": format!("ext-{name}"), "members": members});
            scim.post("/Groups", &body).await.expect(201);
        }
        let sorted = scim.get("/Groups?sortBy=displayName").await.expect(200);
        assert_eq!((sorted.total(), names(&sorted)), (3, ["accounts", "IT", "Sales"].map(str::to_owned).to_vec()));
        assert_eq!(sorted.body["Resources"][2]["members"][0]["value"], person.as_str());
        let page = scim.get("/Groups?sortBy=displayName&sortOrder=descending&startIndex=2&count=1").await.expect(200);
        assert_eq!((page.total(), names(&page)), (3, vec!["IT".to_owned()]));
        let first = scim.get("/Groups?cursor=&count=2").await.expect(200);
        let cursor = first.body["nextCursor"].as_str().expect("one more").to_owned();
        let second = scim.get(&format!("/Groups?cursor={cursor}&count=2")).await.expect(200);
        assert_eq!([names(&first), names(&second)].concat(), ["Sales", "accounts", "IT"]);
        let search = json!({"filter": "displayName co \"a\"", "sortBy": "displayName", "excludedAttributes": ["members"]});
        let found = scim.post("/Groups/.search", &search).await.expect(200);
        assert_eq!(names(&found), ["accounts", "Sales"]);
        assert!(found.body["Resources"][1].get("members").is_none());
        let refused = scim.get("/Groups?sortBy=members").await.expect(400);
        assert!(refused.text.contains("memberships are no part of the resource"), "{}", refused.text);
    })
    .await;
}

#[tokio::test]
async fn a_sorted_list_too_deep_to_hold_says_how_to_read_it() {
    let gateway = Gateway::embedded().await;
    let scim = people(&gateway, "contoso");
    let refused = scim.get("/Users?sortBy=title&startIndex=10001&count=1").await;
    let refused = refused.expect(400);
    assert_eq!(refused.body["scimType"], "tooMany");
    assert!(
        refused.text.contains("read the list page by page with cursor="),
        "{}",
        refused.text
    );
    scim.get("/Users?sortBy=title&startIndex=9901&count=100")
        .await
        .expect(200);
    scim.get("/Users?startIndex=10001&count=1").await.expect(200);
}

#[tokio::test]
async fn a_page_is_never_longer_than_the_service_says() {
    let gateway = Gateway::embedded().await;
    let scim = people(&gateway, "contoso");
    let operations: Vec<Value> = (0..1_000)
        .map(|index| json!({"method": "POST", "path": "/Users", "bulkId": index.to_string(), "data": person(&format!("u{index:04}"), &json!({}))}))
        .collect();
    scim.post("/Bulk", &json!({"Operations": operations}))
        .await
        .expect(200);
    scim.post("/Users", &person("u1000", &json!({})))
        .await
        .expect(201);
    let answer = scim.get("/Users?count=5000").await.expect(200);
    assert_eq!((answer.total(), names(&answer).len()), (1_001, 1_000));
    assert_eq!(names(&scim.get("/Users").await.expect(200)).len(), 100);
    let answer = scim.get("/Users?count=5000&cursor=").await.expect(200);
    assert_eq!(names(&answer).len(), 1_000);
    let next = answer.body["nextCursor"].as_str().expect("one more");
    assert_eq!(
        names(
            &scim
                .get(&format!("/Users?count=5000&cursor={next}"))
                .await
                .expect(200)
        ),
        ["u1000"]
    );
}
