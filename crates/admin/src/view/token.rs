//! A token of a directory.

use std::net::IpAddr;

use chrono::{DateTime, Utc};
use domain::credential::{CredentialStatus, Token};
use domain::network::AllowedNetworks;
use domain::token_life::Finding;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Serialize;

use super::secret::Secret;
use super::{list_of, one_of};
use crate::Context;
use crate::once::Made;
use crate::tokens::Issued;
use crate::tokens::list::TokenSummary;
use crate::tokens::rotate::Rotated;

/// A secret token of a directory, without the secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Token")]
pub struct TokenView {
    /// Its public part: 12 letters and digits.
    pub id: String,
    /// The last four characters of its secret, to distinguish two tokens.
    pub last_four: String,
    /// The operator's label.
    pub label: Option<String>,
    /// When it was issued.
    pub created_at: DateTime<Utc>,
    /// When it expires; null for never.
    pub expires_at: Option<DateTime<Utc>>,
    /// When it was revoked.
    pub revoked_at: Option<DateTime<Utc>>,
    /// When a request last used it, to the minute.
    pub last_used_at: Option<DateTime<Utc>>,
    /// The network that it was last used from: an IPv4 address, or the /64 of an IPv6 address.
    #[schemars(with = "Option<String>")]
    pub last_used_from: Option<IpAddr>,
    /// The networks that it may be used from; empty for any.
    #[schemars(with = "Vec<String>")]
    pub allowed_networks: AllowedNetworks,
    /// The name of its tenant.
    pub tenant: String,
    /// What apps are told instead of its id.
    pub alias: String,
    /// The profile of its directory.
    pub profile: String,
    /// Whether it is usable now, and if not, why.
    #[schemars(schema_with = "standings")]
    pub standing: &'static str,
    /// What to look at about it.
    #[schemars(schema_with = "finding_words")]
    pub findings: Vec<Finding>,
}

pub(super) fn standings(_: &mut SchemaGenerator) -> Schema {
    one_of(CredentialStatus::ALL)
}

fn finding_words(_: &mut SchemaGenerator) -> Schema {
    list_of(Finding::ALL)
}

impl TokenView {
    /// A token of a tenant of this name.
    pub fn of(tenant: &str, listed: &TokenSummary) -> Self {
        let token = &listed.token;
        Self {
            id: token.id.to_string(),
            last_four: token.last_four.clone(),
            label: token.label.clone(),
            created_at: token.created_at,
            expires_at: token.expires_at,
            revoked_at: token.revoked_at,
            last_used_at: token.last_used_at,
            last_used_from: token.last_used_from,
            allowed_networks: token.allowed_networks.clone(),
            tenant: tenant.to_owned(),
            alias: listed.alias.clone(),
            profile: listed.profile.to_string(),
            standing: listed.standing.as_str(),
            findings: listed.findings.clone(),
        }
    }
}

/// A new token. Its text is in this answer and in no other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TokenIssued {
    /// Its public part.
    pub id: String,
    /// The text to paste into the identity provider; it is never shown again.
    pub token: Secret,
    /// The Tenant URL to paste beside it.
    pub tenant_url: String,
    /// When it expires; null for never.
    pub expires_at: Option<DateTime<Utc>>,
    /// The operator's label.
    pub label: Option<String>,
}

impl From<&Issued> for TokenIssued {
    fn from(issued: &Issued) -> Self {
        Self {
            id: issued.token.id.to_string(),
            token: Secret::of(issued.secret.reveal()),
            tenant_url: issued.tenant_url.clone(),
            expires_at: issued.token.expires_at,
            label: issued.token.label.clone(),
        }
    }
}

/// A new token, and the old ones that still work for a while.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TokenRotated {
    /// The new token.
    #[serde(flatten)]
    pub issued: TokenIssued,
    /// The old ones.
    pub ending: Vec<TokenEnding>,
}

/// An old token that still works.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TokenEnding {
    /// Its public part.
    pub id: String,
    /// The last four characters of its secret.
    pub last_four: String,
    /// The operator's label.
    pub label: Option<String>,
    /// When it was issued.
    pub created_at: DateTime<Utc>,
    /// When it expires.
    pub expires_at: Option<DateTime<Utc>>,
    /// When a request last used it: a null says that nobody does.
    pub last_used_at: Option<DateTime<Utc>>,
    /// The network that it was last used from: an IPv4 address, or the /64 of an IPv6 address.
    #[schemars(with = "Option<String>")]
    pub last_used_from: Option<IpAddr>,
    /// The networks that it may be used from; empty for any.
    #[schemars(with = "Vec<String>")]
    pub allowed_networks: AllowedNetworks,
}

impl From<&Token> for TokenEnding {
    fn from(token: &Token) -> Self {
        Self {
            id: token.id.to_string(),
            last_four: token.last_four.clone(),
            label: token.label.clone(),
            created_at: token.created_at,
            expires_at: token.expires_at,
            last_used_at: token.last_used_at,
            last_used_from: token.last_used_from,
            allowed_networks: token.allowed_networks.clone(),
        }
    }
}

impl From<&Rotated> for TokenRotated {
    fn from(rotated: &Rotated) -> Self {
        Self {
            issued: TokenIssued::from(&rotated.issued),
            ending: rotated.ending.iter().map(TokenEnding::from).collect(),
        }
    }
}

impl Made for Issued {
    type View = TokenIssued;

    fn view(&self, _: &Context) -> TokenIssued {
        TokenIssued::from(self)
    }
}

impl Made for Rotated {
    type View = TokenRotated;

    fn view(&self, _: &Context) -> TokenRotated {
        TokenRotated::from(self)
    }
}
