//! Rules for every answer: caches must not store it, and HEAD has the header fields of GET (RFC 9110 §9.3.2).

use std::collections::BTreeMap;

use serde_json::json;
use support::gateway::Gateway;
use support::http::Scim;

use super::raw::{exchange, parts};

/// The status line and the fields that are the same for each request; the body.
fn head_and_body(answer: &str) -> (String, BTreeMap<String, String>, &str) {
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
    let mut lines = head.lines();
    let status = lines.next().expect("a status line").to_owned();
    let fields = lines.map(|line| {
        let (name, value) = line.split_once(": ").expect("a field");
        (name.to_ascii_lowercase(), value.to_owned())
    });
    let fields = fields.filter(|(name, _)| !["date", "request-id"].contains(&name.as_str()));
    (status, fields.collect(), body)
}

#[tokio::test]
async fn head_says_what_get_says_on_every_route_that_is_read_and_no_answer_is_kept() {
    let gateway = Gateway::embedded().await;
    let people = Scim::new(&gateway.directory("contoso", "people"));
    let app = gateway.app("booking");
    let person = people
        .create("e1", "ann@contoso.com", json!({}))
        .await
        .expect(201)
        .id();
    let group = json!({"displayName": "G", "members": [{"value": person}]});
    let group = people.post("/Groups", &group).await.expect(201).id();
    let (scim, token) = parts(&people);
    let feed = app.feed_url.trim_start_matches(&gateway.url());
    let feed_token = format!("Bearer {}", app.credential);
    let routes: Vec<(String, &str, &str)> = [
        "/Users",
        "/Users?filter=userName+eq+%22ann%40contoso.com%22",
        &format!("/Users/{person}"),
        "/Users/idn_none",
        "/Groups",
        &format!("/Groups/{group}"),
        "/ServiceProviderConfig",
        "/Schemas",
        "/Schemas/urn:ietf:params:scim:schemas:core:2.0:User",
        "/ResourceTypes",
        "/ResourceTypes/User",
        "/Nothing",
        "/Me",
        "/Bulk",
        "/.search",
    ]
    .map(|below| (format!("{scim}{below}"), token.as_str(), ""))
    .into_iter()
    .chain([
        (
            format!("{scim}/Users/{person}"),
            token.as_str(),
            "\nIf-None-Match: W/\"1\"",
        ),
        (
            format!("{scim}/Users/{person}"),
            token.as_str(),
            "\nIf-Match: W/\"9\"",
        ),
        (format!("{scim}/Users"), "Bearer usher_t_nothing", ""),
        ("/nowhere".to_owned(), "", ""),
        ("/health/live".to_owned(), "", ""),
        ("/health/ready".to_owned(), "", ""),
        (format!("{feed}?after=0"), feed_token.as_str(), ""),
        (format!("{feed}?after=x"), feed_token.as_str(), ""),
        (feed.to_owned(), "Bearer usherapp_t_nothing", ""),
        ("/feeds/booking/ack".to_owned(), feed_token.as_str(), ""),
    ])
    .collect();
    for (path, authorization, more) in routes {
        let ask = async |method: &str| {
            let head = format!("{method} {path} HTTP/1.1\nAuthorization: {authorization}{more}");
            exchange(&gateway, &head, b"").await
        };
        let (get, head) = (ask("GET").await, ask("HEAD").await);
        let (get_status, mut get_fields, get_body) = head_and_body(&get);
        let (head_status, mut head_fields, head_body) = head_and_body(&head);
        assert_eq!(
            get_fields.get("cache-control").map(String::as_str),
            Some("no-store"),
            "{path}: {get}"
        );
        if get_body.contains("request id") {
            // Both contain their own request's id.
            get_fields.remove("content-length");
            head_fields.remove("content-length");
        }
        assert_eq!((head_status, head_fields), (get_status, get_fields), "{path}");
        assert_eq!(head_body, "", "{path}");
    }
}

#[tokio::test]
async fn no_answer_to_a_change_is_kept() {
    let gateway = Gateway::embedded().await;
    let people = Scim::new(&gateway.directory("contoso", "people"));
    let made = people
        .create("e1", "ann@contoso.com", json!({}))
        .await
        .expect(201);
    let id = made.id();
    let put = json!({"externalId": "e1", "userName": "ann@contoso.com", "displayName": "Ann"});
    for answer in [
        made,
        people.put(&format!("/Users/{id}"), &put).await.expect(200),
        people
            .patch_ops(&id, json!([{"op": "replace", "path": "title", "value": "x"}]))
            .await,
        people.post("/Users/.search", &json!({})).await.expect(200),
        people.post("/Bulk", &json!({"Operations": []})).await.expect(200),
        people.post("/Users", &json!([])).await.expect(400),
        people.delete(&format!("/Users/{id}")).await.expect(204),
    ] {
        assert_eq!(answer.header("cache-control"), "no-store", "{answer:?}");
    }
}

#[tokio::test]
async fn the_admin_listener_takes_head_too_and_its_answers_are_not_kept() {
    let gateway = Gateway::embedded().await;
    for path in ["/metrics", "/health/live", "/health/ready"] {
        let url = format!("{}{path}", gateway.admin_url());
        let client = support::http_client();
        let get = support::http::send(client.get(&url)).await.expect(200);
        let head = support::http::send(client.head(&url)).await.expect(200);
        assert_eq!(get.header("cache-control"), "no-store", "{path}");
        assert_eq!(head.header("cache-control"), "no-store", "{path}");
        assert_eq!(head.header("content-type"), get.header("content-type"), "{path}");
        assert_eq!(head.text, "", "{path}");
        assert_ne!(get.text, "", "{path}");
    }
}
