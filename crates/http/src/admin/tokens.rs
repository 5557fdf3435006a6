//! Tokens of a directory.

use actix_web::HttpRequest;
use admin::Context;
use admin::directories::Named;
use admin::tokens::issue::{LIFE, NewToken};
use admin::tokens::list::TokenSummary;
use admin::view::{TokenIssued, TokenRotated, TokenView};
use chrono::TimeDelta;
use domain::network::AllowedNetworks;
use domain::role::Scope;
use domain::token_life::findings;
use schemars::JsonSchema;
use serde::Deserialize;

use super::access::{Access, Target, parameter};
use super::input::Nothing;
use super::page::{self, Page, PageQuery};
use super::problem::Problem;
use super::route::Outcome;
use super::span;

/// A token to issue.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct IssueToken {
    /// A word to know it by.
    pub label: Option<String>,
    /// How long it is valid, in seconds, from 60 to 63072000 (730 days); 365 days without it.
    pub ttl_seconds: Option<u32>,
    /// The networks that it may be used from: addresses, or networks such as 203.0.113.0/24; anywhere without any.
    #[serde(default)]
    pub allowed_networks: Vec<String>,
}

/// A token to issue in place of the others.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RotateTokens {
    /// How long the new one is valid, in seconds, from 60 to 63072000 (730 days); 365 days without it.
    pub ttl_seconds: Option<u32>,
    /// How long the old ones still work, in seconds, at most 7776000 (90 days); 7 days without it, 0 ends them at once.
    pub overlap_seconds: Option<u32>,
    /// The networks that the new one may be used from, none for anywhere; those of the newest old one without this member.
    pub allowed_networks: Option<Vec<String>>,
}

/// A token of the directory in the URL.
pub struct OneToken {
    named: Named,
    token: TokenSummary,
}

impl Target for OneToken {
    async fn find(context: &Context, request: &HttpRequest) -> Result<Option<(Self, Scope)>, admin::Error> {
        let Some((named, scope)) = Named::find(context, request).await? else {
            return Ok(None);
        };
        let (tenant, profile) = (named.tenant.as_str(), named.directory.profile.as_str());
        let all = admin::tokens::list::execute(context, tenant, Some(profile)).await?;
        let mut all = all.into_iter();
        let found = all.find(|listed| listed.token.id.as_str() == parameter(request, "token"));
        Ok(found.map(|token| (Self { named, token }, scope)))
    }

    fn called(request: &HttpRequest) -> String {
        format!("token of the {}, with this id", Named::called(request))
    }
}

pub async fn list(access: Access<Named>, query: PageQuery) -> Outcome<Page<TokenView>> {
    let (tenant, profile) = (access.on.tenant.as_str(), access.on.directory.profile.as_str());
    let all = admin::tokens::list::execute(&access.context, tenant, Some(profile)).await?;
    let key = |listed: &TokenSummary| page::by_time(listed.token.created_at, listed.token.id);
    Ok(page::of(&query, &all, key, |listed| TokenView::of(tenant, listed))?.into())
}

pub async fn issue(access: Access<Named>, new: IssueToken) -> Outcome<TokenIssued> {
    let (tenant, profile) = (access.on.tenant.as_str(), access.on.directory.profile.as_str());
    let new = NewToken {
        label: new.label,
        life: Some(span(new.ttl_seconds, LIFE)),
        networks: networks(&new.allowed_networks)?,
    };
    let issued = admin::tokens::issue::execute(&access.context, tenant, profile, new).await?;
    Ok(TokenIssued::from(&issued).into())
}

pub async fn rotate(access: Access<Named>, new: RotateTokens) -> Outcome<TokenRotated> {
    let (tenant, profile) = (access.on.tenant.as_str(), access.on.directory.profile.as_str());
    let life = Some(span(new.ttl_seconds, LIFE));
    let overlap = span(new.overlap_seconds, TimeDelta::days(7));
    let networks = new.allowed_networks.as_deref().map(networks).transpose()?;
    let rotated =
        admin::tokens::rotate::execute(&access.context, tenant, profile, overlap, life, networks).await?;
    Ok(TokenRotated::from(&rotated).into())
}

fn networks(texts: &[String]) -> Result<AllowedNetworks, Problem> {
    AllowedNetworks::of(texts).map_err(|error| Problem::value("allowedNetworks", error.to_string()))
}

pub async fn revoke(access: Access<OneToken>, _: Nothing) -> Outcome<TokenView> {
    let OneToken { named, mut token } = access.on;
    let (tenant, id) = (named.tenant.as_str(), token.token.id);
    let now = access.context.clock.now();
    if !access.is_dry_run {
        token.token = admin::tokens::revoke::execute(&access.context, tenant, id.as_str()).await?;
    }
    token.standing = token.token.status(now);
    token.findings = findings(&token.token, now);
    Ok(TokenView::of(tenant, &token).into())
}
