//! Invalid input: a clear error of the right status, nothing stored, no internals shown, the process alive.

use reqwest::Method;
use serde_json::json;
use support::gateway::Gateway;
use support::http::send;

use super::raw::{exchange, parts};
use super::{advisor, advisors, on_both, posing};

const MEGABYTES: usize = 10 * 1024 * 1024;

#[tokio::test]
async fn a_bad_body_is_refused_by_its_place_and_stores_nothing() {
    on_both(async |mut gateway| {
        let scim = advisors(&gateway, "contoso");
        let id = scim.post("/Users", &advisor(1)).await.expect(201).id();
        let user = |more: &str| format!("{{\"externalId\":\"x\",\"displayName\":\"X\",\"name\":{{\"givenName\":\"a\",\"familyName\":\"b\"}},{more}}}");
        let deep = "{\"a\":".repeat(100_000);
        let many: Vec<String> = (0..45_000).map(|n| format!("{{\"type\":\"t\",\"formatted\":\"{n}\"}}")).collect();
        let many = many.join(",");
        let bodies: [(&str, String, u16, &str, &str); 13] = [
            ("POST", user(&format!("\"userName\": \"x\", \"addresses\": [{many}]")), 400, "invalidValue", "addresses would have 45000 values"),
            ("POST", String::new(), 400, "invalidSyntax", "is empty"),
            ("POST", "{\"userName\": bob}".to_owned(), 400, "invalidSyntax", "line 1, column 14"),
            ("POST", "{\"userName\": \"bob\"".to_owned(), 400, "invalidSyntax", "ends too early"),
            ("POST", "[]".to_owned(), 400, "invalidSyntax", "must be a JSON object"),
            ("POST", deep.clone(), 400, "invalidSyntax", "nested more than 127 levels deep"),
            ("POST", user("\"userName\": true"), 400, "invalidValue", "userName"),
            ("POST", user("\"userName\": {\"a\": 1}"), 400, "invalidValue", "userName"),
            ("POST", user("\"userName\": \"x\", \"active\": \"perhaps\""), 400, "invalidValue", "active"),
            ("POST", user("\"userName\": \"x\", \"addresses\": \"Building 4\""), 400, "invalidValue", "addresses"),
            ("PATCH", "{}".to_owned(), 400, "invalidSyntax", "Operations"),
            ("PATCH", format!("{{\"Operations\":[{}]}}", vec!["{\"op\":\"add\",\"path\":\"displayName\",\"value\":\"x\"}"; 5_000].join(",")), 400, "invalidSyntax", "at most 1000"),
            ("PATCH", format!("{{\"Operations\":[{{\"op\":\"remove\",\"path\":\"{}\"}}]}}", "(".repeat(100_000)), 400, "invalidPath", "path"),
        ];
        for (method, body, status, scim_type, words) in bodies {
            let path = if method == "POST" { "/Users".to_owned() } else { format!("/Users/{id}") };
            let request = scim.request(Method::from_bytes(method.as_bytes()).unwrap(), &path);
            let shown = body.get(..80).unwrap_or(&body).to_owned();
            let answer = send(request.header("content-type", "application/scim+json").body(body)).await.expect(status);
            assert_eq!(answer.header("content-type"), "application/scim+json");
            assert_eq!(answer.body["scimType"], scim_type, "{method} {shown}: {}", answer.text);
            assert_eq!(answer.body["status"], status.to_string());
            assert!(answer.body["detail"].as_str().unwrap().contains(words), "{method} {shown}: {}", answer.text);
        }
        let list = scim.get("/Users").await.expect(200);
        assert_eq!((list.total(), &list.body["Resources"][0]["meta"]["version"]), (1, &json!("W/\"1\"")));
        assert!(gateway.process().exited().is_none());
    })
    .await;
}

#[tokio::test]
async fn a_filter_that_cannot_be_used_is_an_error_with_a_position_and_never_a_list() {
    on_both(async |mut gateway| {
        let scim = advisors(&gateway, "contoso");
        scim.post("/Users", &advisor(1)).await.expect(201);
        for (filter, words) in [
            ("userName zz \"x\"", "\"zz\" is not an operator"),
            ("userName eq", "byte"),
            ("", "filter"),
            ("nothing eq \"x\"", "nothing"),
            ("userName eq \"x", "byte"),
            (&"(".repeat(8_000), "byte"),
            (&"(".repeat(60_000), "at most 8192"),
            (&"not (".repeat(1_000), "byte"),
        ] {
            let answer = scim.get(&format!("/Users?filter={filter}")).await.expect(400);
            assert_eq!(answer.body["scimType"], "invalidFilter", "{}", answer.text);
            assert!(
                answer.body["detail"].as_str().unwrap().contains(words),
                "{}",
                answer.text
            );
        }
        // Longer than HTTP's own parser accepts: it refuses it.
        let (path, authorization) = parts(&scim);
        let head = format!(
            "GET {path}/Users?filter={} HTTP/1.1\nAuthorization: {authorization}",
            "(".repeat(100_000)
        );
        let answer = exchange(&gateway, &head, b"").await;
        assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
        assert!(gateway.process().exited().is_none());
        scim.find("userName eq \"advisor1@contoso.com\"")
            .await
            .expect(200);
    })
    .await;
}

#[tokio::test]
async fn ten_megabytes_are_too_large_whether_announced_or_not_and_the_connection_ends_cleanly() {
    let mut gateway = Gateway::embedded().await;
    let scim = advisors(&gateway, "contoso");
    for authorized in [true, false] {
        let scim = if authorized {
            scim.clone()
        } else {
            posing(&scim, None)
        };
        let answer = send(scim.request(Method::POST, "/Users").body(vec![b' '; MEGABYTES]))
            .await
            .expect(413);
        assert_eq!(answer.body["status"], "413");
        assert!(answer.text.contains("larger than 2 MB"), "{}", answer.text);
    }
    let (path, authorization) = parts(&scim);
    let mut body = Vec::new();
    for _ in 0..10 {
        body.extend_from_slice(format!("{:x}\r\n", MEGABYTES / 10).as_bytes());
        body.resize(body.len() + MEGABYTES / 10, b' ');
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(b"0\r\n\r\n");
    let head =
        format!("POST {path}/Users HTTP/1.1\nAuthorization: {authorization}\nTransfer-Encoding: chunked");
    let answer = exchange(&gateway, &head, &body).await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    assert_eq!(scim.get("/Users").await.expect(200).total(), 0);
    assert!(gateway.process().exited().is_none());
}

#[tokio::test]
async fn every_bad_credential_gets_the_same_answer_and_nothing_else() {
    let gateway = Gateway::embedded().await;
    let scim = advisors(&gateway, "contoso");
    let right = scim.authorization.clone().unwrap();
    let token = right.trim_start_matches("Bearer ").to_owned();
    let mut altered = token.clone();
    altered.replace_range(30..31, if &token[30..31] == "A" { "B" } else { "A" });
    let bad = [
        None,
        Some(String::new()),
        Some("Bearer".to_owned()),
        Some("Bearer ".to_owned()),
        Some("Bearer Bearer x".to_owned()),
        Some(format!("Bearer Bearer {token}")),
        Some(format!("Basic {token}")),
        Some(format!("Bearer {altered}")),
        Some(format!("Bearer {}", token.replace("usher_t_", "usher_p_"))),
        Some(format!("Bearer {}", "x".repeat(10_000))),
    ];
    let mut texts = Vec::new();
    for authorization in bad {
        let caller = posing(&scim, authorization);
        for answer in [
            caller.get("/Users").await,
            caller.post("/Users", &advisor(1)).await,
        ] {
            let answer = answer.expect(401);
            assert_eq!(answer.header("www-authenticate"), "Bearer");
            assert_eq!(answer.header("content-type"), "application/scim+json");
            texts.push(answer.text_without_id());
        }
    }
    texts.dedup();
    assert_eq!(texts.len(), 1, "{texts:?}");
    // The body of a client without authorisation is not parsed.
    let unknown = posing(&scim, None);
    send(unknown.request(Method::POST, "/Users").body("{broken"))
        .await
        .expect(401);
    assert_eq!(scim.get("/Users").await.expect(200).total(), 0);
    assert!(!gateway.log().contains(&token), "no secret in the log");
}

#[tokio::test]
async fn another_media_type_is_refused_by_name() {
    let gateway = Gateway::embedded().await;
    let scim = advisors(&gateway, "contoso");
    let request = scim
        .request(Method::POST, "/Users")
        .header("content-type", "application/x-www-form-urlencoded");
    let answer = send(request.body("userName=bob")).await.expect(415);
    assert!(answer.text.contains("application/scim+json"), "{}", answer.text);
}
