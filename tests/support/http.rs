//! Clients of the gateway: a customer's identity provider (SCIM) and a downstream app (feed).
//!
//! They send requests and return the answers, errors included: the assertions are the test's.

use crate::gateway::{App, Directory};
use reqwest::header::{HeaderMap, HeaderName};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufStream};
use tokio::net::TcpStream;

/// An answer, read to its end.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The HTTP status, 100 to 599.
    pub status: u16,
    /// The header fields, as received.
    pub headers: HeaderMap,
    /// The body as text.
    pub text: String,
    /// The body as JSON; `Null` if it is empty or not JSON.
    pub body: Value,
}

impl Answer {
    /// The `id` of the resource in the body; panics with the answer if it has none.
    pub fn id(&self) -> String {
        let id = self.body.get("id").and_then(Value::as_str);
        id.unwrap_or_else(|| panic!("no id in {} {}", self.status, self.text))
            .to_owned()
    }

    /// A header field as text; empty without one.
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }

    /// The revision in the `ETag`, without the mark behind it.
    pub fn revision(&self) -> i64 {
        let tag = self.header("etag").trim_start_matches("W/").trim_matches('"');
        let revision = tag.split('-').next().unwrap_or_default();
        revision
            .parse()
            .unwrap_or_else(|_| panic!("no revision in {tag:?}"))
    }

    /// The body with `ID` in place of this answer's own request id, to compare with that of another answer.
    /// Panics if the body does not contain the id.
    #[track_caller]
    pub fn text_without_id(&self) -> String {
        let id = self.header("request-id");
        assert!(
            id.starts_with("req_") && self.text.contains(id),
            "{id} in {}",
            self.text
        );
        self.text.replace(id, "ID")
    }

    /// `totalResults` of a list response; panics if the body is not one.
    pub fn total(&self) -> u64 {
        let total = self.body.get("totalResults").and_then(Value::as_u64);
        total.unwrap_or_else(|| panic!("no totalResults in {} {}", self.status, self.text))
    }

    /// Returns the answer; panics with all of it unless the status is the expected one.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text);
        self
    }
}

/// The SCIM client of an identity provider, for one Tenant URL.
#[derive(Clone, Debug)]
pub struct Scim {
    client: reqwest::Client,
    /// The Tenant URL, without a trailing slash.
    pub base: String,
    /// The whole value of `Authorization`; `None` sends no such field.
    pub authorization: Option<String>,
}

impl Scim {
    /// A client with a directory's own URL and token.
    pub fn new(directory: &Directory) -> Self {
        Self::at(&directory.tenant_url, Some(format!("Bearer {}", directory.token)))
    }

    /// A client for any URL, with any `Authorization` or none.
    pub fn at(base: &str, authorization: Option<String>) -> Self {
        let base = base.trim_end_matches('/').to_owned();
        Self {
            client: crate::http_client(),
            base,
            authorization,
        }
    }

    /// The same client with new connections, as after a loss of the old ones.
    pub fn reconnected(&self) -> Self {
        Self::at(&self.base, self.authorization.clone())
    }

    /// A request below the Tenant URL, not sent yet: for odd headers and bodies.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.client.request(method, format!("{}{path}", self.base));
        match &self.authorization {
            Some(value) => request.header("Authorization", value),
            None => request,
        }
    }

    /// `GET {base}{path}`.
    pub async fn get(&self, path: &str) -> Answer {
        send(self.request(Method::GET, path)).await
    }

    /// `GET {base}/Users?filter=…` with the filter encoded as Entra does (`+` for a space, `%22` for a quote).
    pub async fn find(&self, filter: &str) -> Answer {
        self.get(&format!("/Users?filter={}", entra_encode(filter))).await
    }

    /// `POST`, as `application/scim+json; charset=utf-8`.
    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.with_body(Method::POST, path, body).await
    }

    /// The same `POST` two times on one new connection, the second after the answer to the first. A pool of connections, as every
    /// other method here has, may take another one for the second. Panics unless both answers have a Content-Length.
    pub async fn post_twice(&self, path: &str, body: &Value) -> [Answer; 2] {
        let (host, prefix) = self
            .base
            .trim_start_matches("http://")
            .split_once('/')
            .expect("a Tenant URL with a path");
        let body = body.to_string();
        let request = format!(
            "POST /{prefix}{path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: {}\r\nContent-Type: application/scim+json\r\n\
             Content-Length: {}\r\n\r\n{body}",
            self.authorization.as_deref().unwrap_or_default(),
            body.len()
        );
        let mut connection = BufStream::new(TcpStream::connect(host).await.expect("connect"));
        let first = exchange(&mut connection, &request).await;
        [first, exchange(&mut connection, &request).await]
    }

    /// `PUT`, with the same media type.
    pub async fn put(&self, path: &str, body: &Value) -> Answer {
        self.with_body(Method::PUT, path, body).await
    }

    /// `PATCH`, with the same media type.
    pub async fn patch(&self, path: &str, body: &Value) -> Answer {
        self.with_body(Method::PATCH, path, body).await
    }

    /// `PATCH` of one user with these operations.
    pub async fn patch_ops(&self, id: &str, operations: Value) -> Answer {
        let body =
            json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": operations});
        self.patch(&format!("/Users/{id}"), &body).await
    }

    /// `DELETE`.
    pub async fn delete(&self, path: &str) -> Answer {
        send(self.request(Method::DELETE, path)).await
    }

    /// `POST /Users` for an advisor or room with these values.
    pub async fn create(&self, external_id: &str, user_name: &str, more: Value) -> Answer {
        let mut body = json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
            "externalId": external_id, "userName": user_name, "active": true, "displayName": user_name,
        });
        if let (Some(body), Value::Object(more)) = (body.as_object_mut(), more) {
            body.extend(more);
        }
        self.post("/Users", &body).await
    }

    async fn with_body(&self, method: Method, path: &str, body: &Value) -> Answer {
        let request = self
            .request(method, path)
            .header("Content-Type", "application/scim+json; charset=utf-8");
        send(request.body(body.to_string())).await
    }
}

/// One request and its answer on a connection that stays open.
async fn exchange(connection: &mut BufStream<TcpStream>, request: &str) -> Answer {
    connection.write_all(request.as_bytes()).await.expect("write");
    connection.flush().await.expect("write");
    let mut line = String::new();
    connection.read_line(&mut line).await.expect("a status line");
    let status = line.split(' ').nth(1).and_then(|status| status.parse().ok());
    let mut headers = HeaderMap::new();
    loop {
        let mut line = String::new();
        connection.read_line(&mut line).await.expect("a header field");
        let Some((name, value)) = line.trim_end().split_once(':') else {
            break;
        };
        let name: HeaderName = name.parse().expect("a name");
        headers.append(name, value.trim().parse().expect("a value"));
    }
    let length = headers
        .get("content-length")
        .and_then(|length| length.to_str().ok());
    let mut body = vec![0; length.and_then(|length| length.parse().ok()).expect("a length")];
    connection.read_exact(&mut body).await.expect("a body");
    let text = String::from_utf8(body).expect("text");
    Answer {
        status: status.expect("a status"),
        headers,
        body: serde_json::from_str(&text).unwrap_or_default(),
        text,
    }
}

/// A downstream app's client of its HTTP feed.
#[derive(Clone, Debug)]
pub struct Feed {
    client: reqwest::Client,
    app: App,
}

impl Feed {
    /// A client with the app's own credential.
    pub fn new(app: &App) -> Self {
        Self {
            client: crate::http_client(),
            app: app.clone(),
        }
    }

    /// One page after a position; waits up to `wait` seconds for new events.
    pub async fn page(&self, after: u64, limit: u32, wait: u32) -> Answer {
        let url = format!("{}?after={after}&limit={limit}&wait={wait}", self.app.feed_url);
        send(self.client.get(url).bearer_auth(&self.app.credential)).await
    }

    /// The newest position, which is the number of events in the feed.
    pub async fn head(&self) -> u64 {
        let answer = self.page(0, 1, 0).await.expect(200);
        answer.body["head"]
            .as_u64()
            .unwrap_or_else(|| panic!("no head in {}", answer.text))
    }

    /// The newest position after the stamper has no rows left: it has not changed for many of its intervals.
    pub async fn settled_head(&self) -> u64 {
        crate::wait::until(
            "the feed's head to stand still",
            Duration::from_mins(1),
            || async {
                let before = self.head().await;
                tokio::time::sleep(Duration::from_millis(1_500)).await;
                (self.head().await == before).then_some(before)
            },
        )
        .await
    }

    /// All events from position 1 on as (position, event); reads until the head.
    pub async fn all(&self) -> Vec<(u64, Value)> {
        let (mut after, mut events) = (0, Vec::new());
        loop {
            let answer = self.page(after, 500, 0).await.expect(200);
            let page = answer.body["events"].as_array().cloned().unwrap_or_default();
            events.extend(page.iter().map(|entry| {
                let position = entry["pos"].as_u64().expect("pos is a number");
                (position, entry["event"].clone())
            }));
            after = events.last().map_or(after, |(position, _)| *position);
            if page.is_empty() || Some(after) >= answer.body["head"].as_u64() {
                return events;
            }
        }
    }

    /// Acknowledges everything up to a position for a group.
    pub async fn ack(&self, group: &str, position: u64) -> Answer {
        let url = format!("{}/ack", self.app.feed_url.trim_end_matches("/events"));
        let body = json!({"group": group, "pos": position});
        send(
            self.client
                .post(url)
                .bearer_auth(&self.app.credential)
                .json(&body),
        )
        .await
    }
}

/// Sends a request and reads the whole answer; panics only if no answer came.
pub async fn send(request: RequestBuilder) -> Answer {
    try_send(request).await.expect("an answer")
}

/// Sends a request; `Err` if no whole answer came: for gateways that are killed meanwhile.
pub async fn try_send(request: RequestBuilder) -> reqwest::Result<Answer> {
    let response = request.send().await?;
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let text = response.text().await?;
    let body = serde_json::from_str(&text).unwrap_or(Value::Null);
    Ok(Answer {
        status,
        headers,
        text,
        body,
    })
}

/// Form encoding as Entra's client does it: letters, digits and `-_.!*()` stay, a space becomes `+`, the rest `%XX`.
pub fn entra_encode(text: &str) -> String {
    let encode = |byte: u8| match byte {
        b' ' => "+".to_owned(),
        b if b.is_ascii_alphanumeric() || b"-_.!*()".contains(&b) => char::from(b).to_string(),
        b => format!("%{b:02X}"),
    };
    text.bytes().map(encode).collect()
}
