//! An API key.

use chrono::{DateTime, Utc};
use domain::api_key::ApiKey;
use domain::credential::CredentialStatus;
use domain::role::{Granted, Right, Role, Scope};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Serialize;

use super::secret::Secret;
use super::token::standings;
use super::{list_of, one_of_or_null};
use crate::Context;
use crate::api_keys::Issued;
use crate::api_keys::rotate::Rotated;
use crate::once::Made;

/// What automation calls the admin API with, without the secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ApiKey")]
pub struct ApiKeyView {
    /// Its public part: 12 letters and digits.
    pub id: String,
    /// The last four characters of its secret, to distinguish two keys.
    pub last_four: String,
    /// The operator's label.
    pub label: Option<String>,
    /// Its role; null for a key with single rights.
    #[schemars(schema_with = "roles")]
    pub role: Option<&'static str>,
    /// What it may do.
    #[schemars(schema_with = "rights")]
    pub rights: Vec<&'static str>,
    /// The tenant that it is limited to.
    pub tenant: Option<String>,
    /// The profile of the tenant's directory that it is limited to.
    pub profile: Option<String>,
    /// The app that it is limited to.
    pub app: Option<String>,
    /// The networks that it may be used from; empty for any.
    pub networks: Vec<String>,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it expires.
    pub expires_at: DateTime<Utc>,
    /// When it was revoked.
    pub revoked_at: Option<DateTime<Utc>>,
    /// When a request last used it, to the minute.
    pub last_used_at: Option<DateTime<Utc>>,
    /// Whether it is usable now, and if not, why.
    #[schemars(schema_with = "standings")]
    pub standing: &'static str,
}

fn roles(_: &mut SchemaGenerator) -> Schema {
    one_of_or_null(Role::ALL)
}

fn rights(_: &mut SchemaGenerator) -> Schema {
    list_of(Right::ALL)
}

impl ApiKeyView {
    /// A key with its present status.
    pub fn of(key: &ApiKey, status: CredentialStatus) -> Self {
        let scope = &key.grant.scope;
        let named = |is_meant: bool| key.scope_name.clone().filter(|_| is_meant);
        Self {
            id: key.id.to_string(),
            last_four: key.last_four.clone(),
            label: key.label.clone(),
            role: match key.grant.granted {
                Granted::Role(role) => Some(role.as_str()),
                Granted::Rights(_) => None,
            },
            rights: key
                .grant
                .granted
                .rights()
                .into_iter()
                .map(Right::as_str)
                .collect(),
            tenant: named(scope.tenant().is_some()),
            profile: match scope {
                Scope::Directory(_, profile) => Some(profile.to_string()),
                _ => None,
            },
            app: named(matches!(scope, Scope::App(_))),
            networks: key.networks.texts(),
            created_at: key.created_at,
            expires_at: key.expires_at,
            revoked_at: key.revoked_at,
            last_used_at: key.last_used_at,
            standing: status.as_str(),
        }
    }
}

/// A new API key. Its text is in this answer and in no other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ApiKeyIssued {
    /// The key as it is listed.
    #[serde(flatten)]
    pub view: ApiKeyView,
    /// The text to send as `Authorization: Bearer …`; it is never shown again.
    pub key: Secret,
}

impl From<&Issued> for ApiKeyIssued {
    fn from(issued: &Issued) -> Self {
        Self {
            view: ApiKeyView::of(&issued.key, CredentialStatus::Active),
            key: Secret::of(issued.secret.reveal()),
        }
    }
}

/// A new API key, and the old one that still works for a while.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ApiKeyRotated {
    /// The new key.
    #[serde(flatten)]
    pub issued: ApiKeyIssued,
    /// The old one.
    pub ending: ApiKeyEnding,
}

/// An old API key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ApiKeyEnding {
    /// Its public part.
    pub id: String,
    /// The last four characters of its secret.
    pub last_four: String,
    /// When it expires.
    pub expires_at: DateTime<Utc>,
    /// When a request last used it: a null says that nobody does.
    pub last_used_at: Option<DateTime<Utc>>,
}

impl From<&Rotated> for ApiKeyRotated {
    fn from(rotated: &Rotated) -> Self {
        let old = &rotated.old;
        Self {
            issued: ApiKeyIssued::from(&rotated.issued),
            ending: ApiKeyEnding {
                id: old.id.to_string(),
                last_four: old.last_four.clone(),
                expires_at: old.expires_at,
                last_used_at: old.last_used_at,
            },
        }
    }
}

impl Made for Issued {
    type View = ApiKeyIssued;

    fn view(&self, _: &Context) -> ApiKeyIssued {
        ApiKeyIssued::from(self)
    }
}

impl Made for Rotated {
    type View = ApiKeyRotated;

    fn view(&self, _: &Context) -> ApiKeyRotated {
        ApiKeyRotated::from(self)
    }
}
