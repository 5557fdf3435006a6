//! Tenants.

use admin::view::TenantView;
use domain::tenant::Tenant;
use schemars::JsonSchema;
use serde::Deserialize;

use super::access::{Access, Deployment};
use super::input::Nothing;
use super::page::{self, Page, PageQuery};
use super::route::Outcome;

/// A tenant to create.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CreateTenant {
    /// Its name: 1 to 63 of a-z, 0-9 and '-'; it may stand in a Tenant URL.
    pub name: String,
    /// The customer's Entra tenant id, when known; told to apps in every event.
    pub external_tenant_id: Option<String>,
}

pub async fn list(access: Access<Deployment>, query: PageQuery) -> Outcome<Page<TenantView>> {
    let all = admin::tenants::list::execute(&access.context).await?;
    let key = |tenant: &Tenant| tenant.name.to_string();
    Ok(page::of(&query, &all, key, |tenant| TenantView::from(tenant))?.into())
}

pub async fn create(access: Access<Deployment>, new: CreateTenant) -> Outcome<TenantView> {
    let made = admin::tenants::create::execute(&access.context, &new.name, new.external_tenant_id).await?;
    Ok(TenantView::from(&made).into())
}

pub async fn get(access: Access<Tenant>, _: Nothing) -> Outcome<TenantView> {
    Ok(TenantView::from(&access.on).into())
}
