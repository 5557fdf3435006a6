//! The admin API, from outside: who may do what (ADR 0045), as which database role (ADR 0046), and what it answers.

mod document;
mod idempotency;
mod isolation;
mod keys;
mod lists;
mod matrix;
mod records;
mod roles;
mod secrets;
mod settings;

use reqwest::Method;
use serde_json::Value;
use support::gateway::{Gateway, Settings, text};
use support::http::{Answer, send};
use support::postgres::Postgres;

/// A client with an API key, or with whatever else is sent instead.
#[derive(Clone)]
pub struct Api {
    client: reqwest::Client,
    base: String,
    pub key: String,
}

impl Api {
    pub fn new(base: &str, key: &str) -> Self {
        Self {
            client: support::http_client(),
            base: format!("{base}/admin/v1"),
            key: key.to_owned(),
        }
    }

    /// A request; a body for POST and PATCH.
    pub async fn send(&self, method: Method, path: &str, body: Option<&Value>) -> Answer {
        let mut request = self.client.request(method, format!("{}{path}", self.base));
        if !self.key.is_empty() {
            request = request.bearer_auth(&self.key);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        send(request).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, None).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(Method::POST, path, Some(body)).await
    }

    pub async fn patch(&self, path: &str, body: &Value, if_match: Option<&str>) -> Answer {
        let mut request = self.client.patch(format!("{}{path}", self.base));
        if let Some(tag) = if_match {
            request = request.header("If-Match", tag);
        }
        send(request.bearer_auth(&self.key).json(body)).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.send(Method::DELETE, path, None).await
    }
}

/// A PostgreSQL database, with its address for operators in the settings.
async fn on_postgres() -> Settings {
    let database = Postgres::shared().await.database().await;
    let operators = format!("\"{}\"", database.admin_url);
    Settings {
        database: Some(database),
        more: vec![("admin.database_url".to_owned(), operators)],
        ..Settings::default()
    }
}

/// Runs a test on both databases.
async fn on_both(test: impl AsyncFn(Gateway)) {
    for settings in [Settings::default(), on_postgres().await] {
        test(Gateway::start(settings).await).await;
    }
}

/// An API key made on the command line, with these words.
fn key(gateway: &Gateway, words: &str) -> String {
    let mut args = vec!["api-key", "create"];
    args.extend(words.split(' '));
    text(&gateway.cli(&args), "key")
}

/// A client with a key of the command line.
fn api(gateway: &Gateway, words: &str) -> Api {
    Api::new(&gateway.admin_url(), &key(gateway, words))
}

/// The code of a refusal.
fn code(answer: &Answer) -> &str {
    answer.body["code"].as_str().unwrap_or_default()
}
