//! One request and its answer.
//!
//! Must not know: rules. A server that does not answer is a broken rule of whoever asked.

use std::time::Duration;

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap};
use reqwest::{Method, RequestBuilder};
use serde_json::Value;

use crate::check::Miss;

/// Longest wait for one answer.
const TIMEOUT: Duration = Duration::from_secs(30);

/// A connection to the server under test.
#[derive(Debug, Clone)]
pub struct Wire {
    client: reqwest::Client,
    base: String,
    token: Option<String>,
}

/// What came back.
#[derive(Debug, Clone)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Header fields.
    pub headers: HeaderMap,
    /// The body as text.
    pub text: String,
    /// The body as JSON; `Null` when it is empty or none.
    pub body: Value,
}

impl Wire {
    /// To the server whose SCIM endpoints are below `base`.
    ///
    /// # Errors
    /// The reason when this machine has no usable TLS settings.
    pub fn new(base: &str, token: Option<String>) -> Result<Self, String> {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let builder = || {
            reqwest::Client::builder()
                .timeout(TIMEOUT)
                .redirect(reqwest::redirect::Policy::none())
                .no_proxy()
        };
        // A machine without any CA certificate can still speak http to itself.
        let client = builder()
            .build()
            .or_else(|_| builder().tls_certs_only([]).build());
        Ok(Self {
            client: client.map_err(|error| error.to_string())?,
            base: base.trim_end_matches('/').to_owned(),
            token,
        })
    }

    /// The same server, without or with another token.
    #[must_use]
    pub fn posing(&self, token: Option<&str>) -> Self {
        Self {
            token: token.map(str::to_owned),
            ..self.clone()
        }
    }

    /// The address the endpoints are below, without a slash at its end.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// A request below the address, not sent yet.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.client.request(method, format!("{}{path}", self.base));
        match &self.token {
            Some(token) => request.header(AUTHORIZATION, format!("Bearer {token}")),
            None => request,
        }
    }

    /// `GET`
    ///
    /// # Errors
    /// [`Miss::Broken`] when no answer comes.
    pub async fn get(&self, path: &str) -> Result<Answer, Miss> {
        send(self.request(Method::GET, path)).await
    }

    /// A request with a JSON body.
    ///
    /// # Errors
    /// [`Miss::Broken`] when no answer comes.
    pub async fn send(&self, method: Method, path: &str, body: &Value) -> Result<Answer, Miss> {
        send(
            self.request(method, path)
                .header(CONTENT_TYPE, "application/scim+json")
                .body(body.to_string()),
        )
        .await
    }
}

/// Sends a request and reads the whole answer.
///
/// # Errors
/// [`Miss::Broken`] when no answer comes.
pub async fn send(request: RequestBuilder) -> Result<Answer, Miss> {
    let cut = |error: reqwest::Error| Miss::Broken(format!("no answer: {error}"));
    let response = request.send().await.map_err(cut)?;
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let text = response.text().await.map_err(cut)?;
    let body = serde_json::from_str(&text).unwrap_or(Value::Null);
    Ok(Answer {
        status,
        headers,
        text,
        body,
    })
}

impl Answer {
    /// This answer when it has one of these statuses.
    ///
    /// # Errors
    /// [`Miss::Broken`] saying what came instead.
    pub fn expect(self, statuses: &[u16]) -> Result<Self, Miss> {
        if statuses.contains(&self.status) {
            return Ok(self);
        }
        let wanted: Vec<_> = statuses.iter().map(u16::to_string).collect();
        Err(Miss::Broken(format!(
            "{} instead of {}",
            self.brief(),
            wanted.join(" or ")
        )))
    }

    /// Status, and what the error says.
    pub fn brief(&self) -> String {
        let words: String = match self.body["detail"].as_str() {
            Some(detail) => detail.chars().take(120).collect(),
            None => self.text.chars().take(80).collect(),
        };
        let kind = self.body["scimType"].as_str().unwrap_or_default();
        format!("{} {kind} {words}", self.status).trim().to_owned()
    }

    /// A header field as text, or an empty one.
    pub fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name).and_then(|value| value.to_str().ok());
        value.unwrap_or_default()
    }

    /// `id` of the resource in the body.
    ///
    /// # Errors
    /// [`Miss::Broken`] when there is none.
    pub fn id(&self) -> Result<String, Miss> {
        match self.body["id"].as_str() {
            Some(id) if !id.is_empty() => Ok(id.to_owned()),
            _ => Err(Miss::Broken(format!("no id in {}", self.brief()))),
        }
    }

    /// The resources of a list.
    ///
    /// # Errors
    /// [`Miss::Broken`] when it is none.
    pub fn resources(&self) -> Result<&[Value], Miss> {
        let empty = self.body["totalResults"] == 0 || self.body["itemsPerPage"] == 0;
        match self.body.get("Resources") {
            Some(Value::Array(items)) => Ok(items),
            // RFC 7644 §3.4.2: REQUIRED only if totalResults is non-zero.
            None if empty => Ok(&[]),
            _ => Err(Miss::Broken(format!("no Resources in {}", self.brief()))),
        }
    }
}

/// Percent-encodes a value of a query.
pub fn encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b if b.is_ascii_alphanumeric() || b"-_.~".contains(&b) => char::from(b).to_string(),
            b => format!("%{b:02X}"),
        })
        .collect()
}
