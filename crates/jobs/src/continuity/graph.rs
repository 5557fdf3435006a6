//! A client of Microsoft Graph for the secrets of synchronization jobs, and of the login that gives it its access tokens.
//!
//! Facts, with their sources: docs/background/entra.md, "Writing a secret through Microsoft Graph". No secret, no address and no text of
//! an answer is in an error, but the code that Microsoft names. Must not know: renewals.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use domain::continuity::Continuity;
use reqwest::{Response, StatusCode};
use serde_json::{Value, json};
use uuid::Uuid;

use super::assertion::Certificate;

/// How long an answer may take. Entra calls the gateway before it answers a validation.
const TIME: Duration = Duration::from_mins(1);
/// The most bytes that are read of an answer.
const ANSWER: usize = 64 * 1024;
/// The wait after a 429 that names none, and the longest that is taken from one.
const USUAL_WAIT: Duration = Duration::from_secs(30);
const LONGEST_WAIT: Duration = Duration::from_hours(1);

/// What the gateway's own app registration proves itself with.
pub enum Proof {
    /// A client secret.
    Secret(String),
    /// A certificate.
    Certificate(Certificate),
}

/// The client.
pub struct Graph {
    client: reqwest::Client,
    login_url: String,
    url: String,
    client_id: Uuid,
    proof: Proof,
}

/// Why a call did not do what it was to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GraphError {
    /// Too many calls: to be made again after this time.
    Throttled(Duration),
    /// No answer, or a 5xx: whether it was done is not known.
    Unknown(String),
    /// The gateway may not do it: the consent was withdrawn, or its own proof has ended.
    Refused(String),
    /// The service principal or the job does not exist.
    Missing(String),
    /// Microsoft took the call for wrong; it was not done.
    Rejected(String),
}

/// An access token of one customer's tenant; good for an hour.
pub struct Access(String);

impl Graph {
    /// For an app registration, at these hosts, without a slash at their ends.
    ///
    /// # Errors
    /// The TLS library cannot be set up.
    pub fn new(client_id: Uuid, proof: Proof, login_url: String, url: String) -> Result<Self, String> {
        let client = reqwest::Client::builder()
            .timeout(TIME)
            // A secret goes to the host that was configured and to no other.
            .redirect(reqwest::redirect::Policy::none())
            .build();
        Ok(Self {
            client: client.map_err(|error| error.to_string())?,
            login_url,
            url,
            client_id,
            proof,
        })
    }

    /// Where a customer's admin consents, and consents again.
    fn consent_url(&self, entra_tenant: Uuid) -> String {
        format!(
            "{}/{entra_tenant}/adminconsent?client_id={}",
            self.login_url, self.client_id
        )
    }

    /// An access token by client credentials.
    ///
    /// # Errors
    /// [`GraphError`].
    pub async fn access(&self, entra_tenant: Uuid, now: DateTime<Utc>) -> Result<Access, GraphError> {
        let address = format!("{}/{entra_tenant}/oauth2/v2.0/token", self.login_url);
        let scope = format!("{}/.default", self.url);
        let client_id = self.client_id.to_string();
        let mut form = vec![
            ("grant_type", "client_credentials".to_owned()),
            ("client_id", client_id.clone()),
            ("scope", scope),
        ];
        match &self.proof {
            Proof::Secret(secret) => form.push(("client_secret", secret.clone())),
            Proof::Certificate(certificate) => {
                let assertion = certificate
                    .assertion(&client_id, &address, now)
                    .map_err(GraphError::Refused)?;
                let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
                form.push(("client_assertion_type", kind.to_owned()));
                form.push(("client_assertion", assertion));
            }
        }
        let body = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(&form)
            .finish();
        let request = self
            .client
            .post(address)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body);
        let (status, wait, body) = answer(request.send().await, "the login of Entra").await?;
        if status.is_success() {
            let token = body
                .get("access_token")
                .and_then(Value::as_str)
                .map(str::to_owned);
            return token.map(Access).ok_or_else(|| {
                GraphError::Unknown("the login of Entra answers without an access token".to_owned())
            });
        }
        if let Some(error) = passing(status, wait, "the login of Entra") {
            return Err(error);
        }
        Err(GraphError::Refused(self.login_refused(
            entra_tenant,
            status,
            &body,
        )))
    }

    fn login_refused(&self, entra_tenant: Uuid, status: StatusCode, body: &Value) -> String {
        let said = body["error_description"].as_str().unwrap_or_default();
        let code: String = said
            .chars()
            .take_while(char::is_ascii_alphanumeric)
            .take(20)
            .collect();
        // A wrong or ended secret, a certificate that is not registered, an assertion that is not right.
        let own = ["AADSTS7000215", "AADSTS7000222", "AADSTS700027", "AADSTS700024"];
        if own.contains(&code.as_str()) {
            return format!(
                "the login of Entra refuses the proof of the gateway's own app registration ({code}): give graph.client_secret_file, or \
                 graph.certificate_file and graph.private_key_file, what is registered and has not ended"
            );
        }
        format!(
            "the login of Entra tenant {entra_tenant} refuses the gateway ({status} {code}): its admin has not consented, or the consent \
             was withdrawn, or the tenant's id is wrong. An admin of it opens {}",
            self.consent_url(entra_tenant)
        )
    }

    /// Whether the job is there and the gateway may see it; nothing is changed.
    ///
    /// # Errors
    /// [`GraphError`].
    pub async fn job(&self, access: &Access, at: &Continuity) -> Result<(), GraphError> {
        let request = self
            .client
            .get(format!("{}/jobs/{}", self.synchronization(at), at.job));
        self.call(request, access, at).await
    }

    /// Lets Entra try a token, without keeping it.
    ///
    /// # Errors
    /// [`GraphError`]; [`GraphError::Rejected`] when the token was tried in vain.
    pub async fn validate(&self, access: &Access, at: &Continuity, token: &str) -> Result<(), GraphError> {
        let address = format!("{}/jobs/{}/validateCredentials", self.synchronization(at), at.job);
        let credentials = [("BaseAddress", at.base_address.as_str()), ("SecretToken", token)];
        let body = json!({"useSavedCredentials": false, "credentials": pairs(credentials)});
        self.call(self.client.post(address).json(&body), access, at).await
    }

    /// Writes a token, with everything else that stands beside it: the call replaces the whole collection. To be repeated as often as is
    /// needed.
    ///
    /// # Errors
    /// [`GraphError`].
    pub async fn write(&self, access: &Access, at: &Continuity, token: &str) -> Result<(), GraphError> {
        let address = format!("{}/secrets", self.synchronization(at));
        let mut secrets: BTreeMap<&str, &str> = at
            .kept
            .iter()
            .map(|(key, value)| (key.as_str(), value.as_str()))
            .collect();
        secrets.insert("BaseAddress", &at.base_address);
        secrets.insert("SecretToken", token);
        let body = json!({"value": pairs(secrets)});
        self.call(self.client.put(address).json(&body), access, at).await
    }

    fn synchronization(&self, at: &Continuity) -> String {
        format!(
            "{}/v1.0/servicePrincipals/{}/synchronization",
            self.url, at.service_principal
        )
    }

    async fn call(
        &self,
        request: reqwest::RequestBuilder,
        access: &Access,
        at: &Continuity,
    ) -> Result<(), GraphError> {
        let sent = request.bearer_auth(&access.0).send().await;
        let (status, wait, body) = answer(sent, "Microsoft Graph").await?;
        if status.is_success() {
            return Ok(());
        }
        if let Some(error) = passing(status, wait, "Microsoft Graph") {
            return Err(error);
        }
        let code = code(&body);
        Err(match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => GraphError::Refused(format!(
                "Microsoft Graph refuses the gateway in Entra tenant {} ({status} {code}): the consent to Synchronization.ReadWrite.All \
                 was withdrawn or never given. An admin of it opens {}",
                at.entra_tenant,
                self.consent_url(at.entra_tenant)
            )),
            StatusCode::NOT_FOUND => GraphError::Missing(format!(
                "Entra tenant {} has no service principal {} with a job {} ({status} {code}): the app was deleted, or an id is wrong. \
                 `usher directory continuity set` says the right ones",
                at.entra_tenant, at.service_principal, at.job
            )),
            _ => GraphError::Rejected(format!("{status} {code}").trim().to_owned()),
        })
    }
}

fn pairs<'a>(credentials: impl IntoIterator<Item = (&'a str, &'a str)>) -> Vec<Value> {
    let pair = |(key, value)| json!({"key": key, "value": value});
    credentials.into_iter().map(pair).collect()
}

/// The code of an error of Graph, if it has the form of one: the text beside it may repeat what was sent.
fn code(body: &Value) -> String {
    let code = body
        .pointer("/error/code")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let is_word = |letter: char| letter.is_ascii_alphanumeric() || "_.".contains(letter);
    if code.len() <= 100 && code.chars().all(is_word) {
        code.to_owned()
    } else {
        String::new()
    }
}

/// What passes by itself.
fn passing(status: StatusCode, wait: Option<Duration>, who: &str) -> Option<GraphError> {
    match status {
        StatusCode::TOO_MANY_REQUESTS => Some(GraphError::Throttled(
            wait.unwrap_or(USUAL_WAIT).min(LONGEST_WAIT),
        )),
        status if status.is_server_error() => Some(GraphError::Unknown(format!("{who} answers {status}"))),
        _ => None,
    }
}

/// Status, Retry-After (RFC 9110 §10.2.3) and body; a body that is no JSON is null.
async fn answer(
    sent: Result<Response, reqwest::Error>,
    who: &str,
) -> Result<(StatusCode, Option<Duration>, Value), GraphError> {
    let unknown = |error: reqwest::Error| {
        GraphError::Unknown(format!("{who} does not answer: {}", error.without_url()))
    };
    let mut response = sent.map_err(unknown)?;
    let (status, wait) = (response.status(), retry_after(&response));
    let mut bytes = Vec::new();
    // Of an answer without content the status says all, even if the connection ends early.
    while let Ok(Some(chunk)) = response.chunk().await {
        if bytes.len() + chunk.len() > ANSWER {
            break;
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok((status, wait, serde_json::from_slice(&bytes).unwrap_or_default()))
}

/// Seconds; Graph sends no dates.
fn retry_after(response: &Response) -> Option<Duration> {
    let text = response.headers().get("retry-after")?.to_str().ok()?;
    text.trim().parse().ok().map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_an_error_only_its_code_is_told() {
        let body = |code: &str| json!({"error": {"code": code, "message": "usher_t_secret"}});
        assert_eq!(
            code(&body("Authorization_RequestDenied")),
            "Authorization_RequestDenied"
        );
        assert_eq!(code(&body("usher_t secret")), "");
        assert_eq!(code(&body(&"x".repeat(101))), "");
        assert_eq!(code(&Value::Null), "");
    }

    #[test]
    fn what_passes_by_itself_is_told_apart_from_what_does_not() {
        let passing = |status: u16, wait| passing(StatusCode::from_u16(status).expect("a status"), wait, "x");
        let wait = Duration::from_secs(7);
        assert_eq!(passing(429, Some(wait)), Some(GraphError::Throttled(wait)));
        assert_eq!(passing(429, None), Some(GraphError::Throttled(USUAL_WAIT)));
        let long = Some(Duration::from_hours(99));
        assert_eq!(passing(429, long), Some(GraphError::Throttled(LONGEST_WAIT)));
        assert!(matches!(passing(503, None), Some(GraphError::Unknown(_))));
        for status in [400, 401, 403, 404] {
            assert_eq!(passing(status, None), None);
        }
    }
}
