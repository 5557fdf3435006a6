//! Apps and their credentials.

use actix_web::HttpRequest;
use admin::Context;
use admin::apps::policy::{Change, Words};
use admin::view::{AppCredentialView, AppIssued, AppView, PolicyChanged, PolicyView};
use chrono::TimeDelta;
use domain::credential::{AppCredentialRecord, CredentialStatus};
use domain::role::Scope;
use domain::tenant::App;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

use super::access::{Access, Deployment, Target, parameter};
use super::input::Nothing;
use super::page::{self, Page, PageQuery};
use super::route::{Answered, Outcome};
use super::span;

/// An app to create.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CreateApp {
    /// Its name: 1 to 63 of a-z, 0-9 and '-'; it stands in the feed's URL and the stream's key.
    pub name: String,
    /// What it may see; everything without it.
    #[serde(default)]
    pub policy: MaySee,
}

/// What an app may see. What is left out or null is everything of the kind, also what is made later.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MaySee {
    /// Names of tenants.
    pub tenants: Option<Vec<String>>,
    /// Names of profiles.
    pub profiles: Option<Vec<String>>,
    /// SCIM paths, as an attribute mapping writes them.
    pub attributes: Option<Vec<String>>,
    /// Fields of the record, with the attributes behind them.
    pub fields: Option<Vec<String>>,
}

/// Parts of a release policy. What is left out stays as it is, null is everything of the kind.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(
    clippy::option_option,
    reason = "left out, null and a value are three answers"
)]
pub struct ChangePolicy {
    /// Names of tenants.
    #[serde(default, deserialize_with = "given")]
    #[schemars(with = "Option<Vec<String>>")]
    pub tenants: Option<Option<Vec<String>>>,
    /// Names of profiles.
    #[serde(default, deserialize_with = "given")]
    #[schemars(with = "Option<Vec<String>>")]
    pub profiles: Option<Option<Vec<String>>>,
    /// SCIM paths, as an attribute mapping writes them.
    #[serde(default, deserialize_with = "given")]
    #[schemars(with = "Option<Vec<String>>")]
    pub attributes: Option<Option<Vec<String>>>,
    /// Fields of the record, with the attributes behind them.
    #[serde(default, deserialize_with = "given")]
    #[schemars(with = "Option<Vec<String>>")]
    pub fields: Option<Option<Vec<String>>>,
    /// Only count what would be added and removed.
    #[serde(default)]
    pub dry_run: bool,
}

/// Tells null from a member that is left out.
#[expect(
    clippy::option_option,
    reason = "left out, null and a value are three answers"
)]
fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<Vec<String>>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// A credential in place of the others.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RotateCredential {
    /// How long the old ones still work, in seconds, at most 7776000 (90 days); 7 days without it, 0 ends them at once.
    pub overlap_seconds: Option<u32>,
}

/// What was deleted, or would be.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AppDeleted {
    /// The app.
    pub app: AppView,
    /// Its credentials that were usable.
    pub credentials: usize,
    /// The events that its feed still kept.
    pub events: i64,
    /// The names of its consumer groups.
    pub groups: Vec<String>,
    /// Whether it was deleted; false for a dry run.
    pub deleted: bool,
}

/// A credential of the app in the URL.
pub struct OneCredential {
    app: App,
    credential: AppCredentialRecord,
}

impl Target for OneCredential {
    async fn find(context: &Context, request: &HttpRequest) -> Result<Option<(Self, Scope)>, admin::Error> {
        let Some((app, scope)) = App::find(context, request).await? else {
            return Ok(None);
        };
        let (app, all) = admin::apps::credentials::execute(context, app.name.as_str()).await?;
        let mut all = all.into_iter().map(|(credential, _)| credential);
        let found = all.find(|credential| credential.id.as_str() == parameter(request, "credential"));
        Ok(found.map(|credential| (Self { app, credential }, scope)))
    }

    fn called(request: &HttpRequest) -> String {
        format!("credential of the {}, with this id", App::called(request))
    }
}

pub async fn list(access: Access<Deployment>, query: PageQuery) -> Outcome<Page<AppView>> {
    let context = &access.context;
    let all = admin::apps::list::execute(context).await?;
    Ok(page::of(
        &query,
        &all,
        |app| app.name.to_string(),
        |app| AppView::of(context, app),
    )?
    .into())
}

pub async fn create(access: Access<Deployment>, new: CreateApp) -> Outcome<AppIssued> {
    let MaySee {
        tenants,
        profiles,
        attributes,
        fields,
    } = new.policy;
    let may_see = Words {
        tenants,
        profiles,
        attributes,
        fields,
    };
    let made = admin::apps::create::execute(&access.context, &new.name, &may_see).await?;
    Ok(AppIssued::of(&access.context, &made).into())
}

pub async fn policy(access: Access<App>, _: Nothing) -> Outcome<PolicyView> {
    let policy = admin::apps::policy::show(&access.context, access.on.name.as_str()).await?;
    Ok(Answered {
        etag: Some(policy.version()),
        body: PolicyView::from(&policy),
    })
}

pub async fn change_policy(access: Access<App>, new: ChangePolicy) -> Outcome<PolicyChanged> {
    let change = Change {
        tenants: new.tenants,
        profiles: new.profiles,
        attributes: new.attributes,
        fields: new.fields,
    };
    let (name, if_match) = (access.on.name.as_str(), access.precondition.if_match.as_ref());
    let changed = admin::apps::policy::set(&access.context, name, &change, if_match, new.dry_run).await?;
    Ok(Answered {
        etag: Some(changed.policy.version()),
        body: PolicyChanged::of(&changed, new.dry_run),
    })
}

pub async fn get(access: Access<App>, _: Nothing) -> Outcome<AppView> {
    Ok(AppView::of(&access.context, &access.on).into())
}

pub async fn delete(access: Access<App>, _: Nothing) -> Outcome<AppDeleted> {
    let (context, name) = (&access.context, access.on.name.as_str());
    let (app, credentials) = admin::apps::credentials::execute(context, name).await?;
    let usable = credentials
        .iter()
        .filter(|(_, status)| *status == CredentialStatus::Active);
    let credentials = usable.count();
    let feeds = admin::feeds::list::execute(context, Some(name)).await?;
    let feed = feeds.first();
    let deleted = AppDeleted {
        app: AppView::of(context, &app),
        credentials,
        events: feed.map_or(0, |summary| summary.feed.head.since(summary.feed.oldest) + 1),
        groups: feed
            .into_iter()
            .flat_map(|summary| &summary.groups)
            .map(|group| group.name.clone())
            .collect(),
        deleted: !access.is_dry_run,
    };
    if !access.is_dry_run {
        admin::apps::delete::execute(context, name).await?;
    }
    Ok(deleted.into())
}

pub async fn credentials(access: Access<App>, query: PageQuery) -> Outcome<Page<AppCredentialView>> {
    let (_, all) = admin::apps::credentials::execute(&access.context, access.on.name.as_str()).await?;
    // They have no time in their record; they come in the order in which they were made.
    let numbered: Vec<_> = all.into_iter().enumerate().collect();
    let key = |(number, _): &(usize, (AppCredentialRecord, CredentialStatus))| format!("{number:08}");
    Ok(page::of(&query, &numbered, key, |(_, credential)| {
        AppCredentialView::from(credential)
    })?
    .into())
}

pub async fn rotate(access: Access<App>, new: RotateCredential) -> Outcome<AppIssued> {
    let overlap = span(new.overlap_seconds, TimeDelta::days(7));
    let name = access.on.name.as_str();
    let made = admin::apps::rotate_credential::execute(&access.context, name, overlap).await?;
    Ok(AppIssued::of(&access.context, &made).into())
}

pub async fn revoke(access: Access<OneCredential>, _: Nothing) -> Outcome<AppCredentialView> {
    let OneCredential { app, mut credential } = access.on;
    let context = &access.context;
    let id = credential.id;
    let now = context.clock.now();
    if !access.is_dry_run {
        admin::apps::revoke_credential::execute(context, app.name.as_str(), id.as_str()).await?;
        credential.revoked_at = credential.revoked_at.or(Some(now));
    }
    let status = credential.status(now);
    Ok(AppCredentialView::from(&(credential, status)).into())
}
