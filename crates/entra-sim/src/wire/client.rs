//! Sends the five requests of a provisioning client and counts the answers.
//!
//! Headers are Entra's: no `User-Agent`, no `Content-Type` on requests without a body, and no usable `Accept`
//! (the HTTP library can only empty that header, not leave it out). Redirects are not followed. A broken
//! connection or a time-out is retried a few times, 429 after its `Retry-After`; everything else is for a
//! later cycle. Next: [`super::answer`].

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use reqwest::{Method, StatusCode};
use serde_json::Value;

use super::answer::{Answer, Request, judge};
use super::endpoint::Endpoint;
use super::pace::Pace;
use crate::problem::{ErrorCode, Problem};

/// Time-out and retries of one request.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// The longest wait for one answer.
    pub timeout: Duration,
    /// The most attempts if the connection breaks, no answer comes, or the answer is 429; at least 1.
    pub attempts: u32,
    /// The pause before the second attempt; doubles with each further one.
    pub pause: Duration,
    /// The longest real wait for a `Retry-After`.
    pub longest_wait: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            timeout: Duration::from_mins(1),
            attempts: 3,
            pause: Duration::from_millis(250),
            longest_wait: Duration::from_secs(5),
        }
    }
}

/// The secret token; never shown by `Debug`.
#[derive(Clone)]
pub struct SecretToken(HeaderValue);

impl std::fmt::Debug for SecretToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SecretToken(…)")
    }
}

impl SecretToken {
    /// Parses a token as pasted: `Bearer ` is put in front of any text, as Entra does.
    ///
    /// # Errors
    /// If it has characters that are not allowed in a header.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut value = HeaderValue::from_str(&format!("Bearer {text}"))
            .map_err(|_| "the secret token holds characters that cannot stand in a header".to_owned())?;
        value.set_sensitive(true);
        Ok(Self(value))
    }
}

/// The resource type of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Collection {
    /// People and rooms: `/Users`.
    Users,
    /// `/Groups`.
    Groups,
}

impl Collection {
    /// The segment in the URL's path.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Users => "Users",
            Self::Groups => "Groups",
        }
    }
}

/// Requests sent and answers received so far.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Traffic {
    /// The number of requests sent, retries included.
    pub requests: u64,
    /// The number of answers by status; `"none"` counts requests without an answer.
    pub by_status: BTreeMap<String, u64>,
}

/// A client of one tenant URL, on a pool of connections.
#[derive(Debug)]
pub struct Client {
    http: reqwest::Client,
    endpoint: Endpoint,
    token: SecretToken,
    pace: Pace,
    patience: Patience,
    traffic: Mutex<Traffic>,
}

/// Makes the connection pool. Several clients may share one.
///
/// # Errors
/// If the TLS library cannot be set up.
pub fn pool(patience: Patience) -> anyhow::Result<reqwest::Client> {
    // An error only means that a provider is installed already.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let builder = || {
        reqwest::Client::builder()
            .timeout(patience.timeout)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
    };
    // Without any CA certificate the client can still use http on its own machine; https then fails as
    // "unknown issuer".
    let client = builder()
        .build()
        .or_else(|_| builder().tls_certs_only([]).build());
    Ok(client?)
}

impl Client {
    /// A client of one tenant URL.
    #[must_use]
    pub fn new(
        http: reqwest::Client,
        endpoint: Endpoint,
        token: SecretToken,
        pace: Pace,
        patience: Patience,
    ) -> Self {
        Self {
            http,
            endpoint,
            token,
            pace,
            patience,
            traffic: Mutex::default(),
        }
    }

    /// A snapshot of the requests and answers so far.
    #[must_use]
    pub fn traffic(&self) -> Traffic {
        self.traffic
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .clone()
    }

    /// Queries for an object that cannot exist. Success is an empty list.
    ///
    /// # Errors
    /// See [`judge`]; a list that is not empty means that the filter was ignored, which is incompatible.
    pub async fn probe(&self, collection: &str, attribute: &str, guid: &str) -> Result<(), Problem> {
        let url = self.endpoint.query(collection, attribute, guid);
        let list = judge(Request::Probe, self.send(Method::GET, &url, None).await?)?;
        if list.get("totalResults").and_then(Value::as_u64) == Some(0) {
            return Ok(());
        }
        let reason =
            format!("the query for a random {attribute} found something; the filter was not applied");
        Err(Problem::new(ErrorCode::ServiceIncompatible, reason).stops_job())
    }

    /// The match query: the resources whose attribute equals the value. Groups are requested without their
    /// members.
    ///
    /// # Errors
    /// See [`judge`].
    pub async fn find(&self, of: Collection, attribute: &str, value: &str) -> Result<Vec<Value>, Problem> {
        let url = match of {
            Collection::Users => self.endpoint.query(of.as_str(), attribute, value),
            Collection::Groups => self
                .endpoint
                .query_without(of.as_str(), "members", attribute, value),
        };
        let mut list = judge(Request::Find, self.send(Method::GET, &url, None).await?)?;
        Ok(match list.get_mut("Resources").map(Value::take) {
            Some(Value::Array(resources)) => resources,
            _ => Vec::new(),
        })
    }

    /// POST of a document; returns the created resource.
    ///
    /// # Errors
    /// See [`judge`].
    pub async fn create(&self, of: Collection, document: &Value) -> Result<Value, Problem> {
        let url = self.endpoint.resource(of.as_str(), None);
        judge(
            Request::Create,
            self.send(Method::POST, &url, Some(document)).await?,
        )
    }

    /// PATCH of a resource.
    ///
    /// # Errors
    /// See [`judge`].
    pub async fn update(&self, of: Collection, id: &str, document: &Value) -> Result<(), Problem> {
        let url = self.endpoint.resource(of.as_str(), Some(id));
        judge(
            Request::Update,
            self.send(Method::PATCH, &url, Some(document)).await?,
        )
        .map(drop)
    }

    /// DELETE of a resource; 404 is a success.
    ///
    /// # Errors
    /// See [`judge`].
    pub async fn delete(&self, of: Collection, id: &str) -> Result<(), Problem> {
        let url = self.endpoint.resource(of.as_str(), Some(id));
        judge(Request::Delete, self.send(Method::DELETE, &url, None).await?).map(drop)
    }

    async fn send(&self, method: Method, url: &str, body: Option<&Value>) -> Result<Answer, Problem> {
        let text = body.map(Value::to_string);
        let mut tries = 1;
        loop {
            self.pace.wait().await;
            let outcome = self.send_once(&method, url, text.as_deref()).await;
            let pause = match &outcome {
                Err(_) => self.patience.pause.saturating_mul(1 << (tries - 1).min(10)),
                Ok(answer) if answer.status == 429 => answer.retry_after.unwrap_or(self.patience.pause),
                Ok(_) => return outcome,
            };
            if tries >= self.patience.attempts.max(1) {
                return outcome;
            }
            tries += 1;
            tokio::time::sleep(pause.min(self.patience.longest_wait)).await;
        }
    }

    async fn send_once(&self, method: &Method, url: &str, body: Option<&str>) -> Result<Answer, Problem> {
        let mut request = self
            .http
            .request(method.clone(), url)
            .header(AUTHORIZATION, self.token.0.clone())
            .header(ACCEPT, HeaderValue::from_static(""));
        if let Some(body) = body {
            request = request
                .header(CONTENT_TYPE, "application/scim+json; charset=utf-8")
                .body(body.to_owned());
        }
        let answer = read(request).await;
        self.count(answer.as_ref().ok().map(|answer| answer.status));
        answer
    }

    fn count(&self, status: Option<u16>) {
        let mut traffic = self
            .traffic
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        traffic.requests += 1;
        let key = status.map_or_else(|| "none".to_owned(), |status| status.to_string());
        *traffic.by_status.entry(key).or_default() += 1;
    }
}

async fn read(request: reqwest::RequestBuilder) -> Result<Answer, Problem> {
    let response = request.send().await.map_err(|why| broken(&why))?;
    let status = response.status();
    let seconds = response
        .headers()
        .get(RETRY_AFTER)
        .and_then(|value| value.to_str().ok()?.trim().parse().ok());
    let bytes = response.bytes().await.map_err(|why| broken(&why))?;
    let body = if status == StatusCode::NO_CONTENT {
        None
    } else {
        serde_json::from_slice(&bytes).ok()
    };
    let excerpt = if body.is_some() {
        String::new()
    } else {
        String::from_utf8_lossy(&bytes).chars().take(200).collect()
    };
    Ok(Answer {
        status: status.as_u16(),
        body,
        retry_after: seconds.map(Duration::from_secs),
        excerpt,
    })
}

/// The whole chain of causes, without the URL (it holds the filter value).
fn broken(why: &reqwest::Error) -> Problem {
    let code = if why.is_timeout() {
        ErrorCode::Timeout
    } else {
        ErrorCode::WebExceptionProtocolError
    };
    let mut reason = if why.is_timeout() {
        "no answer in time".to_owned()
    } else {
        "the connection broke".to_owned()
    };
    let mut cause = std::error::Error::source(why);
    while let Some(inner) = cause {
        reason.push_str(": ");
        reason.push_str(&inner.to_string());
        cause = inner.source();
    }
    Problem::new(code, reason)
}
