//! Lists, page by page.

use serde_json::{Value, json};
use support::gateway::text;
use support::http::Scim;

use super::{Api, api, code, on_both};

/// All items, page by page.
pub async fn all(api: &Api, path: &str, limit: usize) -> Vec<Value> {
    let mut items = Vec::new();
    let mut cursor: Option<String> = None;
    loop {
        let sign = if path.contains('?') { '&' } else { '?' };
        let behind = cursor
            .map(|cursor| format!("&cursor={cursor}"))
            .unwrap_or_default();
        let page = api
            .get(&format!("{path}{sign}limit={limit}{behind}"))
            .await
            .expect(200)
            .body;
        let shown = page["items"].as_array().expect("items").clone();
        assert!(
            shown.len() <= limit && (page["next"].is_null() || shown.len() == limit),
            "{page}"
        );
        items.extend(shown);
        match page["next"].as_str() {
            Some(next) => cursor = Some(next.to_owned()),
            None => return items,
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_is_whole_whatever_the_size_of_its_pages() {
    on_both(async |gateway| {
        let operator = api(&gateway, "--role operator");
        for name in ["delta", "alpha", "echo", "bravo", "charlie"] {
            operator
                .post("/tenants", &json!({"name": name}))
                .await
                .expect(201);
        }
        operator
            .post("/tenants/alpha/directories", &json!({"profile": "advisors"}))
            .await
            .expect(201);
        let tokens = "/tenants/alpha/directories/advisors/tokens";
        for _ in 0..4 {
            operator.post(tokens, &json!({})).await.expect(201);
        }
        for name in ["booking", "billing", "badges"] {
            operator.post("/apps", &json!({"name": name})).await.expect(201);
        }
        for path in [
            "/tenants",
            tokens,
            "/apps",
            "/feeds",
            "/api-keys",
            "/apps/booking/credentials",
        ] {
            let whole = operator.get(path).await.expect(200).body["items"].clone();
            for limit in [1, 2, 3, 500] {
                assert_eq!(
                    Value::Array(all(&operator, path, limit).await),
                    whole,
                    "{path} {limit}"
                );
            }
        }
        let names: Vec<String> = all(&operator, "/tenants", 2)
            .await
            .iter()
            .map(|tenant| text(tenant, "name"))
            .collect();
        assert_eq!(names, ["alpha", "bravo", "charlie", "delta", "echo"]);
        for (query, field) in [
            ("limit=0", "limit"),
            ("limit=501", "limit"),
            ("cursor=%25", "cursor"),
            ("limt=1", "query"),
        ] {
            let refused = operator.get(&format!("/tenants?{query}")).await.expect(400);
            assert_eq!(
                (code(&refused), &refused.body["field"]),
                ("invalidValue", &json!(field)),
                "{}",
                refused.text
            );
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_provisioning_log_is_searched_and_paged() {
    on_both(async |gateway| {
        let scim = Scim::new(&gateway.directory("contoso", "advisors"));
        let more = json!({"name": {"givenName": "A", "familyName": "B"}, "addresses": [{"type": "work", "formatted": "x"}]});
        for number in 0..5 {
            let name = format!("p{number}@contoso.com");
            scim.create(&format!("e{number}"), &name, more.clone()).await.expect(201);
        }
        // Another name: the same body on another connection of the client's pool would be a creation that is repeated (ADR 0006).
        let mut other = more;
        other["name"]["givenName"] = json!("C");
        scim.create("e0", "p0@contoso.com", other).await.expect(409);
        let viewer = api(&gateway, "--role viewer --tenant contoso");
        let log = "/tenants/contoso/directories/advisors/log";
        let whole = viewer.get(log).await.expect(200).body["items"].clone();
        assert_eq!(whole.as_array().map(Vec::len), Some(6), "{whole}");
        for query in ["", "?since=2026-01-01T00:00:00Z", "?status=success", "?userName=P3%40contoso.com", "?externalId=e3"] {
            let path = format!("{log}{query}");
            let once = viewer.get(&path).await.expect(200).body["items"].clone();
            for limit in [1, 2] {
                assert_eq!(Value::Array(all(&viewer, &path, limit).await), once, "{path} {limit}");
            }
        }
        let failed = viewer.get(&format!("{log}?status=failure")).await.expect(200).body;
        assert_eq!(failed["items"][0]["code"], "uniqueness", "{failed}");
        for query in ["status=odd", "since=yesterday", "id=7", "tenant=fabrikam"] {
            viewer.get(&format!("{log}?{query}")).await.expect(400);
        }
    })
    .await;
}
