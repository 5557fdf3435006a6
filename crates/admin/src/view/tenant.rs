//! A tenant.

use chrono::{DateTime, Utc};
use domain::tenant::Tenant;
use schemars::JsonSchema;
use serde::Serialize;

use crate::Context;
use crate::once::Made;

/// A customer organisation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Tenant")]
pub struct TenantView {
    /// Its id: `tn_…`.
    pub id: String,
    /// Its name, unique in the deployment.
    pub name: String,
    /// The customer's Entra tenant id, when known.
    pub external_tenant_id: Option<String>,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// Since when the SCIM requests of all its directories are answered 503; null while they are served.
    pub frozen_at: Option<DateTime<Utc>>,
}

impl From<&Tenant> for TenantView {
    fn from(tenant: &Tenant) -> Self {
        Self {
            id: tenant.id.to_string(),
            name: tenant.name.to_string(),
            external_tenant_id: tenant.external_tenant_id.clone(),
            created_at: tenant.created_at,
            frozen_at: tenant.frozen_at,
        }
    }
}

impl Made for Tenant {
    type View = TenantView;

    fn view(&self, _: &Context) -> TenantView {
        TenantView::from(self)
    }
}
