//! An OAuth client, its secrets, and what a directory accepts beside its tokens.

use chrono::{DateTime, Utc};
use domain::client::{ClientSecret, DirectoryOauth};
use domain::credential::CredentialStatus;
use schemars::JsonSchema;
use serde::Serialize;

use super::secret::Secret;
use super::token::standings;
use crate::Context;
use crate::clients::Issued;
use crate::clients::list::ClientSummary;
use crate::once::Made;

/// An OAuth client, without its secrets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Client")]
pub struct ClientView {
    /// Its id: 12 letters and digits.
    pub client_id: String,
    /// The operator's label.
    pub label: Option<String>,
    /// The name of its tenant.
    pub tenant: String,
    /// The profile of its directory.
    pub profile: String,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it was revoked.
    pub revoked_at: Option<DateTime<Utc>>,
    /// The identity that it proves itself by; null for a client with secrets.
    pub federation: Option<FederationView>,
    /// Its secrets, usable or not, oldest first.
    pub secrets: Vec<ClientSecretView>,
}

/// An identity of Entra's that a client proves itself by. Each value is compared exactly.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Federation")]
pub struct FederationView {
    /// `iss` of the assertion.
    pub issuer: String,
    /// `sub` of the assertion.
    pub subject: String,
    /// `aud` of the assertion is one of these.
    pub audiences: Vec<String>,
    /// `tid` of the assertion.
    pub entra_tenant: String,
    /// Where the issuer's keys are read.
    pub keys_url: String,
}

/// A secret of a client, without the secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ClientSecret")]
pub struct ClientSecretView {
    /// Its public part: 12 letters and digits.
    pub id: String,
    /// The last four characters of the secret, to distinguish two.
    pub last_four: String,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it expires.
    pub expires_at: DateTime<Utc>,
    /// When it was revoked.
    pub revoked_at: Option<DateTime<Utc>>,
    /// When an access token was last asked for with it, to the minute.
    pub last_used_at: Option<DateTime<Utc>>,
    /// Whether it is usable now, and if not, why.
    #[schemars(schema_with = "standings")]
    pub standing: &'static str,
}

impl ClientView {
    /// A client of a tenant of this name.
    pub fn of(tenant: &str, listed: &ClientSummary) -> Self {
        let client = &listed.client;
        Self {
            client_id: client.id.to_string(),
            label: client.label.clone(),
            tenant: tenant.to_owned(),
            profile: listed.profile.to_string(),
            created_at: client.created_at,
            revoked_at: client.revoked_at,
            federation: client.federation.as_ref().map(|federation| FederationView {
                issuer: federation.issuer.clone(),
                subject: federation.subject.clone(),
                audiences: federation.audiences.clone(),
                entra_tenant: federation.entra_tenant.clone(),
                keys_url: federation.keys_url.clone(),
            }),
            secrets: listed
                .secrets
                .iter()
                .map(|(secret, status)| ClientSecretView::of(secret, *status))
                .collect(),
        }
    }
}

impl ClientSecretView {
    /// A secret with its status.
    pub fn of(secret: &ClientSecret, status: CredentialStatus) -> Self {
        Self {
            id: secret.id.to_string(),
            last_four: secret.last_four.clone(),
            created_at: secret.created_at,
            expires_at: secret.expires_at,
            revoked_at: secret.revoked_at,
            last_used_at: secret.last_used_at,
            standing: status.as_str(),
        }
    }
}

/// A new client, or a new secret of one. The secret is in this answer and in no other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClientIssued {
    /// The client's id, to paste into the identity provider.
    pub client_id: String,
    /// The secret to paste beside it; it is never shown again. Null for a client with a federated identity.
    pub client_secret: Option<Secret>,
    /// The public part of the secret.
    pub secret_id: Option<String>,
    /// Where access tokens are asked for, to paste beside it.
    pub token_url: String,
    /// The Tenant URL to paste beside it.
    pub tenant_url: String,
    /// When the secret expires.
    pub expires_at: Option<DateTime<Utc>>,
    /// The operator's label.
    pub label: Option<String>,
}

impl From<&Issued> for ClientIssued {
    fn from(issued: &Issued) -> Self {
        let secret = issued.secret.as_ref();
        Self {
            client_id: issued.client.id.to_string(),
            client_secret: secret.map(|secret| Secret::of(secret.text.reveal())),
            secret_id: secret.map(|secret| secret.secret.id.to_string()),
            token_url: issued.token_url.clone(),
            tenant_url: issued.tenant_url.clone(),
            expires_at: secret.map(|secret| secret.secret.expires_at),
            label: issued.client.label.clone(),
        }
    }
}

impl Made for Issued {
    type View = ClientIssued;

    fn view(&self, _: &Context) -> ClientIssued {
        ClientIssued::from(self)
    }
}

/// What a directory accepts beside its tokens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "DirectoryOauth")]
pub struct DirectoryOauthView {
    /// How long access tokens of its clients last, in seconds.
    pub token_seconds: i32,
    /// The Entra tenant whose own tokens are accepted while "Secret Token" is blank; null for none.
    pub entra_tenant: Option<String>,
    /// Where the keys of that Entra tenant are read.
    pub entra_keys_url: Option<String>,
    /// Whether its tokens are accepted in production, too.
    pub entra_in_production: bool,
}

impl From<&DirectoryOauth> for DirectoryOauthView {
    fn from(oauth: &DirectoryOauth) -> Self {
        let entra = oauth.entra.as_ref();
        Self {
            token_seconds: oauth.access_token_seconds,
            entra_tenant: entra.map(|entra| entra.entra_tenant.clone()),
            entra_keys_url: entra.map(|entra| entra.keys_url.clone()),
            entra_in_production: entra.is_some_and(|entra| entra.in_production),
        }
    }
}
