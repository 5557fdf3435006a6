//! OAuth clients of a directory, and what a directory accepts beside its tokens.

use actix_web::HttpRequest;
use admin::Context;
use admin::clients::LIFE;
use admin::clients::create::{NewClient, NewFederation};
use admin::clients::list::ClientSummary;
use admin::directories::Named;
use admin::directories::oauth::{Change, NewEntra};
use admin::view::{ClientIssued, ClientSecretView, ClientView, DirectoryOauthView};
use chrono::TimeDelta;
use domain::role::Scope;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer};

use super::access::{Access, Target, parameter};
use super::input::Nothing;
use super::page::{self, Page, PageQuery};
use super::route::Outcome;
use super::span;

/// A client to create.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CreateClient {
    /// A word to know it by.
    pub label: Option<String>,
    /// How long its first secret is valid, in seconds, from 60 to 94608000 (1095 days); 365 days without it.
    pub secret_ttl_seconds: Option<u32>,
    /// The identity of Entra's that it proves itself by, instead of secrets.
    pub federation: Option<CreateFederation>,
}

/// An identity of Entra's that a client proves itself by.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "NewFederation")]
pub struct CreateFederation {
    /// `tid` of the assertion: the id of the customer's Entra tenant.
    pub entra_tenant: String,
    /// `sub` of the assertion: the object id of the application that provisions, in that Entra tenant.
    pub subject: String,
    /// `aud` of the assertion is one of these, 1 to 8.
    pub audiences: Vec<String>,
    /// `iss` of the assertion; that of Entra's tokens of version 2 without it.
    pub issuer: Option<String>,
    /// Where the issuer's keys are read; Entra's address without it.
    pub keys_url: Option<String>,
}

/// A secret to add.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AddSecret {
    /// How long it is valid, in seconds, from 60 to 94608000 (1095 days); 365 days without it.
    pub secret_ttl_seconds: Option<u32>,
}

/// What a directory is to accept beside its tokens; what is left out stays as it is.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChangeOauth {
    /// How long access tokens of its clients last, in seconds, from 3600 to 21600.
    pub token_seconds: Option<u32>,
    /// The Entra tenant whose own tokens it accepts while "Secret Token" is blank, for tests; null for none.
    #[serde(default, deserialize_with = "given")]
    #[schemars(with = "Option<EntraTenant>")]
    #[expect(
        clippy::option_option,
        reason = "left out, null and a value are three answers"
    )]
    pub entra: Option<Option<EntraTenant>>,
}

/// An Entra tenant whose own tokens are accepted.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EntraTenant {
    /// Its id, `tid`.
    pub entra_tenant: String,
    /// Where its keys are read; Entra's address without it.
    pub keys_url: Option<String>,
    /// Whether they are accepted in production, too; without it production refuses the change.
    #[serde(default)]
    pub in_production: bool,
}

/// Tells null from a member that is left out.
#[expect(
    clippy::option_option,
    reason = "left out, null and a value are three answers"
)]
fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<EntraTenant>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// A client of the directory in the URL.
pub struct OneClient {
    named: Named,
    client: ClientSummary,
}

impl Target for OneClient {
    async fn find(context: &Context, request: &HttpRequest) -> Result<Option<(Self, Scope)>, admin::Error> {
        let Some((named, scope)) = Named::find(context, request).await? else {
            return Ok(None);
        };
        let found = find(context, &named, parameter(request, "client")).await?;
        Ok(found.map(|client| (Self { named, client }, scope)))
    }

    fn called(request: &HttpRequest) -> String {
        format!("client of the {}, with this id", Named::called(request))
    }
}

/// A secret of the client in the URL.
pub struct OneSecret {
    of: OneClient,
    id: String,
}

impl Target for OneSecret {
    async fn find(context: &Context, request: &HttpRequest) -> Result<Option<(Self, Scope)>, admin::Error> {
        let Some((of, scope)) = OneClient::find(context, request).await? else {
            return Ok(None);
        };
        let id = parameter(request, "secret").to_owned();
        let is_there = of
            .client
            .secrets
            .iter()
            .any(|(secret, _)| secret.id.as_str() == id);
        Ok(is_there.then_some((Self { of, id }, scope)))
    }

    fn called(request: &HttpRequest) -> String {
        format!("secret, with this id, of the {}", OneClient::called(request))
    }
}

async fn find(context: &Context, named: &Named, id: &str) -> Result<Option<ClientSummary>, admin::Error> {
    let (tenant, profile) = (named.tenant.as_str(), named.directory.profile.as_str());
    let all = admin::clients::list::execute(context, tenant, Some(profile)).await?;
    Ok(all.into_iter().find(|listed| listed.client.id.as_str() == id))
}

pub async fn list(access: Access<Named>, query: PageQuery) -> Outcome<Page<ClientView>> {
    let (tenant, profile) = (access.on.tenant.as_str(), access.on.directory.profile.as_str());
    let all = admin::clients::list::execute(&access.context, tenant, Some(profile)).await?;
    let key = |listed: &ClientSummary| page::by_time(listed.client.created_at, listed.client.id);
    Ok(page::of(&query, &all, key, |listed| ClientView::of(tenant, listed))?.into())
}

pub async fn create(access: Access<Named>, new: CreateClient) -> Outcome<ClientIssued> {
    let (tenant, profile) = (access.on.tenant.as_str(), access.on.directory.profile.as_str());
    let new = NewClient {
        label: new.label,
        life: span(new.secret_ttl_seconds, LIFE),
        federation: new.federation.map(|federation| NewFederation {
            entra_tenant: federation.entra_tenant,
            subject: federation.subject,
            audiences: federation.audiences,
            issuer: federation.issuer,
            keys_url: federation.keys_url,
        }),
    };
    let issued = admin::clients::create::execute(&access.context, tenant, profile, new).await?;
    Ok(ClientIssued::from(&issued).into())
}

pub async fn get(access: Access<OneClient>, _: Nothing) -> Outcome<ClientView> {
    Ok(ClientView::of(access.on.named.tenant.as_str(), &access.on.client).into())
}

pub async fn revoke(access: Access<OneClient>, _: Nothing) -> Outcome<ClientView> {
    let OneClient { named, mut client } = access.on;
    let (tenant, id) = (named.tenant.as_str(), client.client.id);
    client.client = admin::clients::revoke::execute(&access.context, tenant, id.as_str()).await?;
    Ok(ClientView::of(tenant, &client).into())
}

pub async fn end_tokens(access: Access<OneClient>, _: Nothing) -> Outcome<ClientView> {
    let OneClient { named, mut client } = access.on;
    let (tenant, id) = (named.tenant.as_str(), client.client.id);
    client.client = admin::clients::end_tokens::execute(&access.context, tenant, id.as_str()).await?;
    Ok(ClientView::of(tenant, &client).into())
}

pub async fn add_secret(access: Access<OneClient>, new: AddSecret) -> Outcome<ClientIssued> {
    let (tenant, id) = (access.on.named.tenant.as_str(), access.on.client.client.id);
    let life = span(new.secret_ttl_seconds, LIFE);
    let issued = admin::clients::add_secret::execute(&access.context, tenant, id.as_str(), life).await?;
    Ok(ClientIssued::from(&issued).into())
}

pub async fn revoke_secret(access: Access<OneSecret>, _: Nothing) -> Outcome<ClientSecretView> {
    let OneSecret { of, id } = access.on;
    let (tenant, client) = (of.named.tenant.as_str(), of.client.client.id);
    let revoked =
        admin::clients::revoke_secret::execute(&access.context, tenant, client.as_str(), &id).await?;
    let status = revoked.status(access.context.clock.now());
    Ok(ClientSecretView::of(&revoked, status).into())
}

pub async fn oauth(access: Access<Named>, _: Nothing) -> Outcome<DirectoryOauthView> {
    let (tenant, profile) = (access.on.tenant.as_str(), access.on.directory.profile.as_str());
    let oauth = admin::directories::oauth::get(&access.context, tenant, profile).await?;
    Ok(DirectoryOauthView::from(&oauth).into())
}

pub async fn change_oauth(access: Access<Named>, change: ChangeOauth) -> Outcome<DirectoryOauthView> {
    let (tenant, profile) = (access.on.tenant.as_str(), access.on.directory.profile.as_str());
    let change = Change {
        token_life: change
            .token_seconds
            .map(|seconds| TimeDelta::seconds(seconds.into())),
        entra: change.entra.map(|entra| {
            entra.map(|new| NewEntra {
                entra_tenant: new.entra_tenant,
                keys_url: new.keys_url,
                in_production: new.in_production,
            })
        }),
    };
    let changed = admin::directories::oauth::change(&access.context, tenant, profile, change).await?;
    Ok(DirectoryOauthView::from(&changed).into())
}
