//! One request and its answer.
//!
//! Must not know: rules. If the server does not answer, the rule under check is broken.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap};
use reqwest::{Method, RequestBuilder};
use serde_json::Value;

use crate::check::{Miss, skipped};
use crate::exchange::{Exchange, Mask};

/// The longest wait for one answer.
const TIMEOUT: Duration = Duration::from_secs(30);
/// The most exchanges kept of one check; the latest ones are kept.
const KEPT: usize = 12;

/// A connection to the server under test.
#[derive(Debug, Clone)]
pub struct Wire {
    client: Rc<RefCell<reqwest::Client>>,
    base: String,
    token: Option<String>,
    own: bool,
    mask: Mask,
    log: Rc<RefCell<Vec<Exchange>>>,
}

/// An answer, read to its end.
#[derive(Debug, Clone)]
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

impl Wire {
    /// A connection to the server whose SCIM endpoints are below `base`.
    ///
    /// # Errors
    /// The reason, if this machine has no usable TLS settings.
    pub fn new(base: &str, token: Option<String>) -> Result<Self, String> {
        Ok(Self {
            client: Rc::new(RefCell::new(client()?)),
            base: base.trim_end_matches('/').to_owned(),
            mask: Mask::new(token.as_deref()),
            own: token.is_some(),
            token,
            log: Rc::default(),
        })
    }

    /// The same server, without a token or with another one.
    #[must_use]
    pub fn posing(&self, token: Option<&str>) -> Self {
        Self {
            token: token.map(str::to_owned),
            own: false,
            ..self.clone()
        }
    }

    /// The base URL of the endpoints, without credentials and without a trailing slash.
    pub fn base(&self) -> String {
        let Ok(mut base) = reqwest::Url::parse(&self.base) else {
            return self.masked(&self.base);
        };
        // Only a URL that cannot have credentials gives an error.
        let _ = base.set_password(None);
        let _ = base.set_username("");
        self.masked(base.as_str().trim_end_matches('/'))
    }

    /// Whether a token was given.
    pub fn has_token(&self) -> bool {
        self.token.is_some()
    }

    /// A text with the token replaced by `$TOKEN`.
    pub fn masked(&self, text: &str) -> String {
        self.mask.of(text)
    }

    /// Takes the exchanges since the last call; only the latest, if there are more than `KEPT`.
    pub fn exchanges(&self) -> Vec<Exchange> {
        let mut all = self.log.take();
        all.split_off(all.len().saturating_sub(KEPT))
    }

    /// Replaces the recorded exchanges.
    pub fn put_back(&self, exchanges: Vec<Exchange>) {
        self.log.replace(exchanges);
    }

    /// A request below the base URL, not sent yet.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let address = format!("{}{path}", self.base);
        self.authorised(self.client.borrow().request(method, address))
    }

    fn authorised(&self, request: RequestBuilder) -> RequestBuilder {
        match &self.token {
            Some(token) => request.header(AUTHORIZATION, format!("Bearer {token}")),
            None => request,
        }
    }

    /// `GET` of a path below the base URL.
    ///
    /// # Errors
    /// [`Miss::Broken`] if no answer comes.
    pub async fn get(&self, path: &str) -> Result<Answer, Miss> {
        self.run(self.request(Method::GET, path)).await
    }

    /// `GET` of a reference that the server gave: an absolute URL, or one relative to its root. The token is
    /// sent to the server under test only.
    ///
    /// # Errors
    /// [`Miss::Broken`] if no answer comes or it is not a reference, [`Miss::Skipped`] if it leads to another
    /// server.
    pub async fn get_reference(&self, reference: &str) -> Result<Answer, Miss> {
        if reference.is_empty() {
            return Err(Miss::Broken("there is no reference".to_owned()));
        }
        let wrong = |why: <reqwest::Url as std::str::FromStr>::Err| {
            Miss::Broken(format!("\"{reference}\" is no reference: {why}"))
        };
        let base = reqwest::Url::parse(&format!("{}/", self.base)).map_err(wrong)?;
        let url = base.join(reference.trim_start_matches("../")).map_err(wrong)?;
        if url.origin() != base.origin() {
            return skipped(format!("{reference} leads to another address than the one asked"));
        }
        let request = self.authorised(self.client.borrow().get(url));
        self.run(request).await
    }

    /// `DELETE` of a path below the base URL.
    ///
    /// # Errors
    /// [`Miss::Broken`] if no answer comes.
    pub async fn delete(&self, path: &str) -> Result<Answer, Miss> {
        self.run(self.request(Method::DELETE, path)).await
    }

    /// Sends a request with a JSON body.
    ///
    /// # Errors
    /// [`Miss::Broken`] if no answer comes.
    pub async fn send(&self, method: Method, path: &str, body: &Value) -> Result<Answer, Miss> {
        self.run(
            self.request(method, path)
                .header(CONTENT_TYPE, "application/scim+json")
                .body(body.to_string()),
        )
        .await
    }

    /// Sends a request, reads the whole answer, and records both.
    ///
    /// # Errors
    /// [`Miss::Broken`] if no answer comes.
    pub async fn run(&self, request: RequestBuilder) -> Result<Answer, Miss> {
        let (client, request) = request.build_split();
        let request = request.map_err(cut)?;
        let mut exchange = Exchange::asked(&request, self.own, &self.mask);
        let answer = read(&client, request).await;
        if let Ok(answer) = &answer {
            exchange.answered(answer, &self.mask);
        }
        self.log.borrow_mut().push(exchange);
        // A server that failed may close the connection a moment later; that must not fail the next request.
        if answer.as_ref().map_or(true, |answer| answer.status >= 500)
            && let Ok(fresh) = self::client()
        {
            self.client.replace(fresh);
        }
        answer
    }
}

/// An HTTP client with a connection pool of its own.
fn client() -> Result<reqwest::Client, String> {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let builder = || {
        reqwest::Client::builder()
            .timeout(TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
    };
    // Without any CA certificate the client can still use http on its own machine.
    let client = builder()
        .build()
        .or_else(|_| builder().tls_certs_only([]).build());
    client.map_err(|error| error.to_string())
}

async fn read(client: &reqwest::Client, request: reqwest::Request) -> Result<Answer, Miss> {
    let response = client.execute(request).await.map_err(cut)?;
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

/// The last cause is the useful one: `Connection refused`.
fn cut(error: reqwest::Error) -> Miss {
    let error = error.without_url();
    let mut cause: &dyn std::error::Error = &error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    Miss::Broken(format!("no answer: {cause}"))
}

impl Answer {
    /// This answer, if it has one of these statuses.
    ///
    /// # Errors
    /// [`Miss::Broken`] with the status that came instead.
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

    /// Whether the status is 2xx.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// This answer, if it refuses the request with a 4xx.
    ///
    /// # Errors
    /// [`Miss::Broken`] with the status that came instead.
    pub fn expect_refusal(self) -> Result<Self, Miss> {
        if (400..500).contains(&self.status) {
            return Ok(self);
        }
        Err(Miss::Broken(format!("{} instead of a refusal", self.brief())))
    }

    /// The status, and the error's text.
    pub fn brief(&self) -> String {
        let words: String = match self.body["detail"].as_str() {
            Some(detail) => detail.chars().take(120).collect(),
            None => self.text.chars().take(80).collect(),
        };
        let kind = self.body["scimType"].as_str().unwrap_or_default();
        format!("{} {kind} {words}", self.status).trim().to_owned()
    }

    /// A header field as text; empty without one.
    pub fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name).and_then(|value| value.to_str().ok());
        value.unwrap_or_default()
    }

    /// The `id` of the resource in the body.
    ///
    /// # Errors
    /// [`Miss::Broken`] if it has none.
    pub fn id(&self) -> Result<String, Miss> {
        match self.body["id"].as_str() {
            Some(id) if !id.is_empty() => Ok(id.to_owned()),
            _ => Err(Miss::Broken(format!("no id in {}", self.brief()))),
        }
    }

    /// The resources of a list.
    ///
    /// # Errors
    /// [`Miss::Broken`] if the body is not a list.
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
