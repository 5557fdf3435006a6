//! API keys.

use actix_web::HttpRequest;
use admin::Context;
use admin::api_keys::create::{LIFE, NewKey};
use admin::view::{ApiKeyIssued, ApiKeyRotated, ApiKeyView, one_of};
use chrono::TimeDelta;
use domain::api_key::ApiKey;
use domain::credential::CredentialStatus;
use domain::network::AllowedNetworks;
use domain::role::{Role, Scope};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;

use super::access::{Access, Deployment, Target, known, parameter};
use super::input::Nothing;
use super::page::{self, Page, PageQuery};
use super::problem::Problem;
use super::route::Outcome;
use super::span;

/// An API key to create: with a role or with single rights.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CreateApiKey {
    /// A word to know it by.
    pub label: Option<String>,
    /// Its role.
    #[serde(default)]
    #[schemars(schema_with = "roles")]
    pub role: Option<Role>,
    /// Single rights, such as token:issue; scim:manage stands for all that manage a SCIM connection.
    #[serde(default)]
    pub rights: Vec<String>,
    /// Limit it to the tenant of this name.
    pub tenant: Option<String>,
    /// Limit it to the tenant's directory of this profile.
    pub profile: Option<String>,
    /// Limit it to the app of this name.
    pub app: Option<String>,
    /// Where it may be used from: addresses, or networks such as 192.0.2.0/24; anywhere without any.
    #[serde(default)]
    pub networks: Vec<String>,
    /// How long it is valid, in seconds, from 60 to 31536000 (365 days); 90 days without it.
    pub ttl_seconds: Option<u32>,
}

/// An API key in place of another one.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RotateApiKey {
    /// How long the new one is valid, in seconds, from 60 to 31536000 (365 days); 90 days without it.
    pub ttl_seconds: Option<u32>,
    /// How long the old one still works, in seconds, at most 7776000 (90 days); 7 days without it, 0 ends it at once.
    pub overlap_seconds: Option<u32>,
}

fn roles(_: &mut SchemaGenerator) -> Schema {
    one_of(Role::ALL)
}

/// Keys belong to the deployment, whatever they are limited to.
impl Target for ApiKey {
    async fn find(context: &Context, request: &HttpRequest) -> Result<Option<(Self, Scope)>, admin::Error> {
        let found = admin::api_keys::get::execute(context, parameter(request, "key")).await;
        Ok(known(found)?.map(|key| (key, Scope::All)))
    }

    fn called(_: &HttpRequest) -> String {
        "API key with this id".to_owned()
    }
}

pub async fn list(access: Access<Deployment>, query: PageQuery) -> Outcome<Page<ApiKeyView>> {
    let all = admin::api_keys::list::execute(&access.context).await?;
    let key = |(key, _): &(ApiKey, CredentialStatus)| page::by_time(key.created_at, key.id);
    Ok(page::of(&query, &all, key, |(key, status)| ApiKeyView::of(key, *status))?.into())
}

pub async fn create(access: Access<Deployment>, new: CreateApiKey) -> Outcome<ApiKeyIssued> {
    let networks =
        AllowedNetworks::of(&new.networks).map_err(|error| Problem::value("networks", error.to_string()))?;
    let new = NewKey {
        label: new.label,
        role: new.role,
        rights: new.rights,
        tenant: new.tenant,
        profile: new.profile,
        app: new.app,
        networks,
        life: span(new.ttl_seconds, LIFE),
    };
    let maker = Some(&access.key.grant);
    let issued = admin::api_keys::create::execute(&access.context, new, maker).await?;
    Ok(ApiKeyIssued::from(&issued).into())
}

pub async fn rotate(access: Access<ApiKey>, new: RotateApiKey) -> Outcome<ApiKeyRotated> {
    let rotated = admin::api_keys::rotate::execute(
        &access.context,
        access.on.id.as_str(),
        span(new.overlap_seconds, TimeDelta::days(7)),
        span(new.ttl_seconds, LIFE),
        Some(&access.key.grant),
    );
    Ok(ApiKeyRotated::from(&rotated.await?).into())
}

pub async fn revoke(access: Access<ApiKey>, _: Nothing) -> Outcome<ApiKeyView> {
    let revoked = if access.is_dry_run {
        access.on
    } else {
        admin::api_keys::revoke::execute(&access.context, access.on.id.as_str()).await?
    };
    let status = revoked.status(access.context.clock.now());
    Ok(ApiKeyView::of(&revoked, status).into())
}
