//! Tenants.

use admin::tokens::revoke_all;
use admin::view::TenantView;
use domain::tenant::Tenant;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::access::{Access, Deployment};
use super::input::Nothing;
use super::page::{self, Page, PageQuery};
use super::problem::Problem;
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

/// Why.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Freeze {
    /// Why, for the audit log; at most 1000 characters.
    #[schemars(length(max = 1000))]
    pub reason: Option<String>,
}

impl Freeze {
    /// The reason.
    ///
    /// # Errors
    /// `invalidValue` for one that is too long.
    pub fn reason(&self) -> Result<Option<&str>, Problem> {
        self.reason.as_deref().map(short).transpose()
    }
}

/// Why all tokens are to be revoked.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RevokeTokens {
    /// Why, for the audit log; at most 1000 characters. Needed, but for a dry run.
    #[serde(default)]
    #[schemars(length(max = 1000))]
    pub reason: String,
    /// The tenant's name once more. Needed, but for a dry run.
    pub confirm: Option<String>,
}

/// What was revoked, or would be.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TokensRevoked {
    /// The name of the tenant.
    pub tenant: String,
    /// Its tokens that were not revoked before.
    pub tokens: u64,
    /// Its OAuth clients that were not revoked before.
    pub clients: u64,
    /// Whether they were revoked; false for a dry run.
    pub revoked: bool,
}

/// A reason, unless it is too long for the audit log.
pub fn short(reason: &str) -> Result<&str, Problem> {
    const LONGEST: usize = 1000;
    if reason.chars().count() > LONGEST {
        let detail = format!("\"reason\" has more than {LONGEST} characters: say it in fewer");
        return Err(Problem::value("reason", detail));
    }
    Ok(reason)
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

pub async fn freeze(access: Access<Tenant>, input: Freeze) -> Outcome<TenantView> {
    let name = access.on.name.as_str();
    let frozen = admin::tenants::freeze::freeze(&access.context, name, input.reason()?).await?;
    Ok(TenantView::from(&frozen).into())
}

pub async fn unfreeze(access: Access<Tenant>, _: Nothing) -> Outcome<TenantView> {
    let served = admin::tenants::freeze::unfreeze(&access.context, access.on.name.as_str()).await?;
    Ok(TenantView::from(&served).into())
}

pub async fn revoke_tokens(access: Access<Tenant>, input: RevokeTokens) -> Outcome<TokensRevoked> {
    let (context, name) = (&access.context, access.on.name.as_str());
    let found = if access.is_dry_run {
        revoke_all::count(context, name).await?
    } else {
        revoke_all::execute(context, name, short(&input.reason)?, input.confirm.as_deref()).await?
    };
    let revoked = TokensRevoked {
        tenant: name.to_owned(),
        tokens: found.tokens,
        clients: found.clients,
        revoked: !access.is_dry_run,
    };
    Ok(revoked.into())
}
