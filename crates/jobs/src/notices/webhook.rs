//! A notice as a POST to a webhook.
//!
//! Must not know: what a notice says.

use std::time::Duration;

use serde_json::Value;

/// How long the other side has to answer.
const TIME: Duration = Duration::from_secs(20);

/// Where notices are posted to.
#[derive(Clone)]
pub struct Webhook {
    client: reqwest::Client,
    url: String,
}

impl Webhook {
    /// To `http://…` or `https://…`.
    ///
    /// # Errors
    /// The TLS library cannot be set up.
    pub fn new(url: String) -> Result<Self, String> {
        let client = reqwest::Client::builder()
            .timeout(TIME)
            // The address was checked by whoever wrote it into the settings; where it leads to was not.
            .redirect(reqwest::redirect::Policy::none())
            .build();
        let client = client.map_err(|error| error.to_string())?;
        Ok(Self { client, url })
    }

    /// Posts a notice; `id` is the same for each repeat.
    ///
    /// # Errors
    /// Why it did not arrive, without the address, which may hold a secret.
    pub(crate) async fn post(&self, id: &str, body: &Value) -> Result<(), String> {
        let answer = self
            .client
            .post(&self.url)
            .header("idempotency-key", id)
            .json(body)
            .send()
            .await
            .map_err(|error| format!("notices.webhook_url does not answer: {}", error.without_url()))?;
        let status = answer.status();
        if status.is_success() {
            return Ok(());
        }
        Err(format!("notices.webhook_url answers {status}"))
    }
}
