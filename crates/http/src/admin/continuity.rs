//! Token continuity of a directory (ADR 0051).

use std::collections::BTreeMap;

use admin::continuity::set::NewContinuity;
use admin::continuity::{NamedRenewal, get, list, off, set, start};
use admin::directories::Named;
use admin::view::{ContinuityView, RenewalView};
use chrono::TimeDelta;
use schemars::JsonSchema;
use serde::Deserialize;

use super::access::Access;
use super::input::Nothing;
use super::page::{self, Page, PageQuery};
use super::problem::Problem;
use super::route::Outcome;

/// Where the customer's Entra app is.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SetContinuity {
    /// The id of the customer's Entra tenant, a UUID.
    pub entra_tenant: String,
    /// The object id of the Entra app's service principal, a UUID.
    pub service_principal: String,
    /// The id of its synchronization job.
    pub job: String,
    /// The Tenant URL as it stands in Entra; the directory's usual one without it.
    pub tenant_url: Option<String>,
    /// What else stands there, such as SyncNotificationSettings: Microsoft Graph replaces everything, so what is left out is lost.
    #[serde(default)]
    pub kept: BTreeMap<String, String>,
    /// How many seconds before the token's end a renewal begins by itself; 30 days without it.
    pub before_seconds: Option<u32>,
    /// For how many seconds a new token is valid; 365 days without it.
    pub ttl_seconds: Option<u32>,
}

fn place(access: &Access<Named>) -> (&str, &str) {
    (access.on.tenant.as_str(), access.on.directory.profile.as_str())
}

pub async fn get(access: Access<Named>, _: Nothing) -> Outcome<ContinuityView> {
    let (tenant, profile) = place(&access);
    let setting = get::execute(&access.context, tenant, profile).await?;
    Ok(ContinuityView::from(&setting).into())
}

pub async fn set(access: Access<Named>, new: SetContinuity) -> Outcome<ContinuityView> {
    let (tenant, profile) = place(&access);
    let uuid = |field: &'static str, text: &str| {
        text.parse()
            .map_err(|_| Problem::value(field, format!("\"{field}\" must be a UUID, as Entra shows it")))
    };
    let span = |seconds: Option<u32>| seconds.map(|seconds| TimeDelta::seconds(seconds.into()));
    let new = NewContinuity {
        entra_tenant: uuid("entraTenant", &new.entra_tenant)?,
        service_principal: uuid("servicePrincipal", &new.service_principal)?,
        job: new.job,
        base_address: new.tenant_url,
        kept: new.kept,
        before: span(new.before_seconds),
        life: span(new.ttl_seconds),
    };
    let setting = set::execute(&access.context, tenant, profile, new).await?;
    Ok(ContinuityView::from(&setting).into())
}

pub async fn end(access: Access<Named>, _: Nothing) -> Outcome<ContinuityView> {
    let (tenant, profile) = place(&access);
    let setting = off::execute(&access.context, tenant, profile).await?;
    Ok(ContinuityView::from(&setting).into())
}

pub async fn renewals(access: Access<Named>, query: PageQuery) -> Outcome<Page<RenewalView>> {
    let (tenant, profile) = place(&access);
    let mut all = list::execute(&access.context, tenant, profile).await?;
    // Pages go forward in time, as those of tokens do.
    all.reverse();
    let key = |named: &NamedRenewal| named.renewal.id.to_string();
    Ok(page::of(&query, &all, key, |named| RenewalView::from(named))?.into())
}

pub async fn start(access: Access<Named>, _: Nothing) -> Outcome<RenewalView> {
    let (tenant, profile) = place(&access);
    let begun = start::execute(&access.context, tenant, profile).await?;
    Ok(RenewalView::from(&begun).into())
}
