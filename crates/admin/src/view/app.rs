//! A downstream app and its credentials.

use chrono::{DateTime, Utc};
use domain::credential::{AppCredentialRecord, CredentialStatus};
use domain::tenant::App;
use schemars::JsonSchema;
use serde::Serialize;

use super::secret::Secret;
use super::token::standings;
use crate::Context;
use crate::apps::Issued;
use crate::once::Made;

/// A downstream consumer of events.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "App")]
pub struct AppView {
    /// Its id: `app_…`.
    pub id: String,
    /// Its name, unique in the deployment.
    pub name: String,
    /// Its feed over HTTP.
    pub feed_url: String,
    /// The key of its stream in Redis.
    pub stream: String,
    /// When it was created.
    pub created_at: DateTime<Utc>,
}

impl AppView {
    /// An app.
    pub fn of(context: &Context, app: &App) -> Self {
        Self {
            id: app.id.to_string(),
            name: app.name.to_string(),
            feed_url: context.feed_url(app),
            stream: context.stream(app),
            created_at: app.created_at,
        }
    }
}

/// An app with a new credential. Its text is in this answer and in no other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AppIssued {
    /// The app.
    #[serde(flatten)]
    pub app: AppView,
    /// The credential for its feed; it is never shown again.
    pub credential: Secret,
    /// The password of its user in Redis, which is the same text.
    pub redis_password: Secret,
}

impl AppIssued {
    /// An app with its new credential.
    pub fn of(context: &Context, issued: &Issued) -> Self {
        let credential = issued.credential.reveal();
        Self {
            app: AppView::of(context, &issued.app),
            credential: Secret::of(credential),
            redis_password: Secret::of(credential),
        }
    }
}

/// A credential of an app, without the secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "AppCredential")]
pub struct AppCredentialView {
    /// Its public part: 12 letters and digits.
    pub id: String,
    /// Whether it is usable now, and if not, why.
    #[schemars(schema_with = "standings")]
    pub standing: &'static str,
    /// When it expires; null for never.
    pub expires_at: Option<DateTime<Utc>>,
    /// When it was revoked.
    pub revoked_at: Option<DateTime<Utc>>,
}

impl From<&(AppCredentialRecord, CredentialStatus)> for AppCredentialView {
    fn from((credential, status): &(AppCredentialRecord, CredentialStatus)) -> Self {
        Self {
            id: credential.id.to_string(),
            standing: status.as_str(),
            expires_at: credential.expires_at,
            revoked_at: credential.revoked_at,
        }
    }
}

impl Made for Issued {
    type View = AppIssued;

    fn view(&self, context: &Context) -> AppIssued {
        AppIssued::of(context, self)
    }
}
