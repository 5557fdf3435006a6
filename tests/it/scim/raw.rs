//! Requests byte by byte, for those that no HTTP client would send.

use std::time::Duration;

use support::gateway::Gateway;
use support::http::Scim;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A connection to the gateway.
pub async fn connect(gateway: &Gateway) -> TcpStream {
    TcpStream::connect(gateway.url().trim_start_matches("http://"))
        .await
        .unwrap()
}

/// Sends `head` (lines without the last empty one) and `body`, and reads until the connection closes.
pub async fn exchange(gateway: &Gateway, head: &str, body: &[u8]) -> String {
    let mut stream = connect(gateway).await;
    let request = format!(
        "{}\r\nHost: gateway\r\nConnection: close\r\n\r\n",
        head.replace('\n', "\r\n")
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    // The answer may come before the body is sent completely; then further writes may fail.
    let _ = stream.write_all(body).await;
    let mut answer = Vec::new();
    let read = tokio::time::timeout(Duration::from_mins(1), stream.read_to_end(&mut answer)).await;
    read.expect("the gateway answers and closes").unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

/// The path of a Tenant URL and the whole `Authorization` value.
pub fn parts(scim: &Scim) -> (String, String) {
    let path = scim.base.split_once("://").unwrap().1.split_once('/').unwrap().1;
    (format!("/{path}"), scim.authorization.clone().unwrap())
}

#[tokio::test]
async fn the_probe_without_accept_or_user_agent_finds_an_empty_list_on_users_and_groups() {
    let gateway = Gateway::embedded().await;
    let (path, authorization) = parts(&super::advisors(&gateway, "contoso"));
    for query in [
        "/Users?filter=userName+eq+%227d420df3-1c1c-4b9a-8a0e-0d5d3f2b7f1e%22",
        "/Users?aadOptscim062020&filter=userName+eq+%227d420df3-1c1c-4b9a-8a0e-0d5d3f2b7f1e%22",
        "/Users?filter=externalId+eq+%229edf3db5-1c1c-4b9a-8a0e-0d5d3f2b7f1e%22",
        "/Groups?excludedAttributes=members&filter=displayName+eq+%227d420df3%22",
        "/Groups?filter=members+eq+%222819c223%22+and+id+eq+%2240734ae6%22&attributes=id",
    ] {
        let answer = exchange(
            &gateway,
            &format!("GET {path}{query} HTTP/1.1\nAuthorization: {authorization}"),
            b"",
        )
        .await;
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{query}: {answer}");
        assert!(
            answer.contains("\r\ncontent-type: application/scim+json\r\n"),
            "{answer}"
        );
        assert!(
            answer.contains("\"totalResults\":0,\"startIndex\":1,\"itemsPerPage\":0,\"Resources\":[]"),
            "{answer}"
        );
    }
}

#[tokio::test]
async fn a_slow_head_is_refused_with_408_and_others_are_served() {
    let gateway = Gateway::embedded().await;
    let scim = super::advisors(&gateway, "contoso");
    let mut slow_client = connect(&gateway).await;
    slow_client
        .write_all(b"GET /scim/Users HTTP/1.1\r\nHost: x\r\nX-Slow: ")
        .await
        .unwrap();
    scim.find("userName eq \"x\"").await.expect(200);
    let mut answer = Vec::new();
    let closed = tokio::time::timeout(Duration::from_mins(1), slow_client.read_to_end(&mut answer)).await;
    closed.expect("the connection is closed").unwrap();
    assert!(
        String::from_utf8_lossy(&answer).starts_with("HTTP/1.1 408"),
        "{answer:?}"
    );
    scim.find("userName eq \"x\"").await.expect(200);
}

#[tokio::test]
async fn a_slow_body_is_refused_with_408_and_others_are_served() {
    let gateway = Gateway::embedded().await;
    let scim = super::advisors(&gateway, "contoso");
    let (path, authorization) = parts(&scim);
    let mut slow_client = connect(&gateway).await;
    let head = format!(
        "POST {path}/Users HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\nAuthorization: {authorization}\r\n\
         Content-Length: 100\r\n\r\n{{\"userName\": "
    );
    slow_client.write_all(head.as_bytes()).await.unwrap();
    scim.find("userName eq \"x\"").await.expect(200);
    let mut answer = vec![0; 8_192];
    let read = tokio::time::timeout(Duration::from_secs(90), slow_client.read(&mut answer)).await;
    let length = read.expect("an answer comes").unwrap();
    let answer = String::from_utf8_lossy(&answer[..length]);
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    scim.find("userName eq \"x\"").await.expect(200);
}

#[tokio::test]
async fn what_the_http_library_cannot_parse_is_refused_without_a_body() {
    const LONGEST_HEAD: usize = 131_072;
    let gateway = Gateway::embedded().await;
    let (path, authorization) = parts(&super::advisors(&gateway, "contoso"));
    let fields = |count: usize| -> String {
        (0..count).fold(String::new(), |fields, n| fields + &format!("\nX-{n}: x"))
    };
    for (query, fields, status) in [
        ("?filter=userName+eq+%22x%22", fields(90), "200"),
        ("?filter=userName+eq+\"x\"", String::new(), "400"),
        ("?filter=userName+gt+%22a%22+or+a<b", String::new(), "400"),
        ("?filter=userName+gt+%22a%22+or+a>b", String::new(), "400"),
        (&format!("?a={}", "x".repeat(65_536)), String::new(), "400"),
        ("", fields(97), "431"),
    ] {
        let head = format!("GET {path}/Users{query} HTTP/1.1\nAuthorization: {authorization}{fields}");
        let answer = exchange(&gateway, &head, b"").await;
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status}")),
            "{query}: {answer}"
        );
        assert_eq!(answer.ends_with("\r\n\r\n"), status != "200", "{query}: {answer}");
    }
    // Just as long, without its end.
    let head = format!("GET {path}/Users HTTP/1.1\r\nX-Long: ");
    let mut stream = connect(&gateway).await;
    stream.write_all(head.as_bytes()).await.unwrap();
    let rest = "x".repeat(LONGEST_HEAD - head.len());
    stream.write_all(rest.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let read = tokio::time::timeout(Duration::from_mins(1), stream.read_to_end(&mut answer)).await;
    read.expect("the gateway answers and closes").unwrap();
    let answer = String::from_utf8_lossy(&answer);
    assert!(
        answer.starts_with("HTTP/1.1 431") && answer.ends_with("\r\n\r\n"),
        "{answer}"
    );
}
