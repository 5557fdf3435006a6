//! Microsoft Graph: what the gateway writes new tokens into customers' Entra apps with (ADR 0051).

use std::path::{Path, PathBuf};

use jobs::continuity::{Certificate, Graph as Client, Proof};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer};
use smart_default::SmartDefault;
use url::Url;
use uuid::Uuid;

use super::http::is_loopback;
use super::rules::number;
use super::values::{ConfigError, Values, contradiction};

/// The section as it is written.
#[derive(Serialize, Deserialize, JsonSchema, SmartDefault)]
#[serde(default, deny_unknown_fields)]
pub struct Graph {
    /// the application (client) id of the gateway's own multi-tenant app registration, a UUID; without it nothing is written into
    /// customers' Entra apps (`docs/how-to/keep-a-token-from-ending.md`)
    client_id: Option<String>,
    /// its client secret
    #[serde(serialize_with = "hidden")]
    client_secret: Option<String>,
    /// a file that holds `graph.client_secret`
    client_secret_file: Option<PathBuf>,
    /// instead of a secret: a file with the certificate that is registered with the app, as PEM
    certificate_file: Option<PathBuf>,
    /// a file with the RSA key of `graph.certificate_file`, as PEM (PKCS#8)
    private_key_file: Option<PathBuf>,
    /// the login that gives access tokens; another one for national clouds
    #[default("https://login.microsoftonline.com".into())]
    login_url: String,
    /// Microsoft Graph; another one for national clouds
    #[default("https://graph.microsoft.com".into())]
    url: String,
    /// minutes for which an old token must have been unused before it ends: a cycle of Entra goes on with the token that it began with
    #[serde(deserialize_with = "number::<0, 10080, _, _>")]
    #[default(120)]
    pub quiet_minutes: u32,
    /// hours after which people are told that a new token is not used, or an old one still is
    #[serde(deserialize_with = "number::<1, 1440, _, _>")]
    #[default(72)]
    pub use_limit_hours: u32,
}

/// The section as the program uses it.
#[derive(Clone)]
pub struct GraphSettings {
    /// `None` without `graph.client_id`.
    app: Option<App>,
    /// See [`Graph::quiet_minutes`].
    pub quiet_minutes: u32,
    /// See [`Graph::use_limit_hours`].
    pub use_limit_hours: u32,
}

#[derive(Clone)]
struct App {
    client_id: Uuid,
    proof: AppProof,
    login_url: String,
    url: String,
}

#[derive(Clone)]
enum AppProof {
    Secret(String),
    /// The texts of both files.
    Certificate(String, String),
}

impl std::fmt::Debug for GraphSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let client_id = self.app.as_ref().map(|app| app.client_id);
        f.debug_struct("GraphSettings")
            .field("client_id", &client_id)
            .finish_non_exhaustive()
    }
}

impl GraphSettings {
    /// The client; `None` without `graph.client_id`.
    ///
    /// # Errors
    /// A certificate or a key that cannot be read, or a TLS library that cannot be set up.
    pub fn client(&self) -> Result<Option<Client>, String> {
        let Some(app) = self.app.clone() else {
            return Ok(None);
        };
        let proof = match app.proof {
            AppProof::Secret(secret) => Proof::Secret(secret),
            AppProof::Certificate(certificate, key) => {
                Proof::Certificate(Certificate::from_pem(&certificate, &key)?)
            }
        };
        Client::new(app.client_id, proof, app.login_url, app.url).map(Some)
    }
}

impl Graph {
    /// Checks that it is complete.
    ///
    /// # Errors
    /// An id that is no UUID, a proof without an id and the other way round, two proofs, or an address that would send a secret in the
    /// clear.
    pub fn settings(&self, values: &Values) -> Result<GraphSettings, ConfigError> {
        Ok(GraphSettings {
            app: self.app(values)?,
            quiet_minutes: self.quiet_minutes,
            use_limit_hours: self.use_limit_hours,
        })
    }

    fn app(&self, values: &Values) -> Result<Option<App>, ConfigError> {
        let secret = values.secret(
            "graph.client_secret",
            self.client_secret.as_ref(),
            self.client_secret_file.as_deref(),
        )?;
        let proof = self.proof(values, secret)?;
        let client_id = match &self.client_id {
            None => None,
            Some(text) => Some(text.trim().parse().map_err(|_| {
                values.wrong(
                    "graph.client_id",
                    "must be the application (client) id of an app registration, a UUID",
                )
            })?),
        };
        let missing = |one: &str, other: &str| {
            let rule = "the one is nothing without the other; set both, or none";
            Err(contradiction(one, other, rule))
        };
        let (client_id, proof) = match (client_id, proof) {
            (None, None) => return Ok(None),
            (Some(_), None) => return missing("graph.client_id", "graph.client_secret_file"),
            (None, Some(AppProof::Secret(_))) => return missing("graph.client_secret", "graph.client_id"),
            (None, Some(AppProof::Certificate(..))) => {
                return missing("graph.certificate_file", "graph.client_id");
            }
            (Some(client_id), Some(proof)) => (client_id, proof),
        };
        Ok(Some(App {
            client_id,
            proof,
            login_url: address(values, "graph.login_url", &self.login_url)?,
            url: address(values, "graph.url", &self.url)?,
        }))
    }

    fn proof(&self, values: &Values, secret: Option<String>) -> Result<Option<AppProof>, ConfigError> {
        let read = |key: &str, path: &Path| {
            std::fs::read_to_string(path)
                .map_err(|error| values.wrong(key, format!("{} cannot be read: {error}", path.display())))
        };
        match (secret, &self.certificate_file, &self.private_key_file) {
            (None, None, None) => Ok(None),
            (Some(secret), None, None) => Ok(Some(AppProof::Secret(secret))),
            (None, Some(certificate), Some(key)) => {
                let certificate = read("graph.certificate_file", certificate)?;
                Ok(Some(AppProof::Certificate(
                    certificate,
                    read("graph.private_key_file", key)?,
                )))
            }
            (None, ..) => Err(contradiction(
                "graph.certificate_file",
                "graph.private_key_file",
                "a certificate proves nothing without its key; set both, or none",
            )),
            (Some(_), ..) => Err(contradiction(
                "graph.client_secret",
                "graph.certificate_file",
                "the app proves itself with one of the two; leave the other out",
            )),
        }
    }
}

/// An address without a slash at its end, that no secret is sent to in the clear.
fn address(values: &Values, key: &str, text: &str) -> Result<String, ConfigError> {
    let url = Url::parse(text)
        .ok()
        .filter(|url| url.query().is_none() && url.username().is_empty());
    let is_safe =
        url.is_some_and(|url| url.scheme() == "https" || (url.scheme() == "http" && is_loopback(text)));
    if is_safe {
        Ok(text.trim_end_matches('/').to_owned())
    } else {
        Err(values.wrong(key, "must be an address that begins with https://"))
    }
}

#[expect(clippy::ref_option, reason = "the form that serde calls")]
fn hidden<S: Serializer>(secret: &Option<String>, serializer: S) -> Result<S::Ok, S::Error> {
    secret.as_ref().map(|_| "***").serialize(serializer)
}
