//! A directory with its settings.

use chrono::{DateTime, Utc};
use domain::tenant::{Provider, Switch};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Serialize;

use super::one_of;
use crate::Context;
use crate::directories::Named;
use crate::once::Made;

/// Tenant × profile: one Tenant URL with its own tokens and identities.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Directory")]
pub struct DirectoryView {
    /// Its id: `dir_…`.
    pub id: String,
    /// The name of its tenant.
    pub tenant: String,
    /// The profile of its identities, which is also the path segment of its Tenant URL.
    pub profile: String,
    /// The identity provider that calls it.
    #[schemars(schema_with = "providers")]
    pub provider: &'static str,
    /// `off` refuses SCIM requests and keeps everything.
    #[schemars(schema_with = "switches")]
    pub switch: &'static str,
    /// The Tenant URL to paste into the identity provider.
    pub tenant_url: String,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// Its own attributes on top of the profile's, as TOML; null without any.
    pub extension: Option<String>,
    /// Since when its SCIM requests are answered 503, by a freeze of its own or of its tenant; null while they are served.
    pub frozen_at: Option<DateTime<Utc>>,
}

fn providers(_: &mut SchemaGenerator) -> Schema {
    one_of(Provider::ALL)
}

fn switches(_: &mut SchemaGenerator) -> Schema {
    one_of(Switch::ALL)
}

impl From<&Named> for DirectoryView {
    fn from(named: &Named) -> Self {
        let directory = &named.directory;
        Self {
            id: directory.id.to_string(),
            tenant: named.tenant.to_string(),
            profile: directory.profile.to_string(),
            provider: directory.provider.as_str(),
            switch: directory.switch.as_str(),
            tenant_url: named.tenant_url.clone(),
            created_at: directory.created_at,
            extension: directory.extension.as_deref().map(str::to_owned),
            frozen_at: directory.frozen_at.or(named.tenant_frozen_at),
        }
    }
}

impl Made for Named {
    type View = DirectoryView;

    fn view(&self, _: &Context) -> DirectoryView {
        DirectoryView::from(self)
    }
}
