//! The provisioning log: of a tenant, of a directory, and of one request.
//!
//! Personal data is masked for everybody but the tenant's owner ([`domain::role::Grant::is_masked`]); who has the right `log:unmask` sees it
//! for a reason that is kept.

use std::fmt::Display;
use std::str::FromStr;

use actix_web::HttpRequest;
use admin::Context;
use admin::directories::Named;
use admin::logs::search::{Found, Query};
use admin::view::{LogView, one_of};
use chrono::{DateTime, Utc};
use domain::credential::TokenId;
use domain::id::{RequestId, ResourceId};
use domain::log::{LogAction, LogStatus};
use domain::role::Scope;
use domain::tenant::Tenant;
use futures_util::stream::try_unfold;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;
use store::LogPlace;

use super::access::{Access, Target, parameter};
use super::input::Nothing;
use super::lines::Lines;
use super::page::{self, Page};
use super::problem::Problem;
use super::route::Outcome;
use super::tenants::short;

/// The conditions of a search; all of them must hold.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SearchLog {
    /// Rows of the page, 1 to 500; 100 without it.
    pub limit: Option<usize>,
    /// `next` of the page before; the first page without it.
    pub cursor: Option<String>,
    /// About the person or room with this userName, or the group with this displayName, in any case.
    pub user_name: Option<String>,
    /// About the one with this externalId (in Entra the objectId or what the mapping says).
    pub external_id: Option<String>,
    /// About the one with this id of ours (idn_… or grp_…).
    pub id: Option<String>,
    /// With this outcome only.
    #[serde(default)]
    #[schemars(schema_with = "statuses")]
    pub status: Option<LogStatus>,
    /// With this action only.
    #[serde(default)]
    #[schemars(schema_with = "actions")]
    pub action: Option<LogAction>,
    /// Of this request only: its request-id (req_…).
    pub request_id: Option<String>,
    /// Made with the token of this id only.
    pub token: Option<String>,
    /// At this time or later, such as 2026-11-22T04:12:33Z.
    pub since: Option<DateTime<Utc>>,
    /// Before this time.
    pub until: Option<DateTime<Utc>>,
    /// Why personal data has to be seen, for the audit log: needed where it is shown to others than the tenant's owner, and nowhere else.
    pub reason: Option<String>,
}

fn actions(_: &mut SchemaGenerator) -> Schema {
    one_of(LogAction::ALL)
}

fn statuses(_: &mut SchemaGenerator) -> Schema {
    one_of(LogStatus::ALL)
}

/// A row's time in milliseconds, and its number.
fn place(text: &str) -> Option<LogPlace> {
    let (millis, number) = text.split_once(' ')?;
    Some(LogPlace {
        at: DateTime::from_timestamp_millis(millis.parse().ok()?)?,
        number: number.parse().ok()?,
    })
}

fn cursor(found: &Found) -> String {
    let place = found.row.place;
    page::cursor(&format!("{} {}", place.at.timestamp_millis(), place.number))
}

/// Whose log: a tenant's, or that of one of its directories.
pub trait Logged: Target + 'static {
    /// The tenant's name, and the profile of the directory.
    fn place(&self) -> (&str, Option<&str>);
}

impl Logged for Tenant {
    fn place(&self) -> (&str, Option<&str>) {
        (self.name.as_str(), None)
    }
}

impl Logged for Named {
    fn place(&self) -> (&str, Option<&str>) {
        (self.tenant.as_str(), Some(self.directory.profile.as_str()))
    }
}

fn parsed<T: FromStr<Err: Display>>(
    field: &'static str,
    text: Option<&String>,
) -> Result<Option<T>, Problem> {
    let read = |text: &String| {
        text.parse()
            .map_err(|error: T::Err| Problem::value(field, error.to_string()))
    };
    text.map(read).transpose()
}

impl SearchLog {
    fn query(&self, profile: Option<&str>, limit: usize) -> Result<Query, Problem> {
        let after = self.cursor.as_deref().map(|cursor| page::place(cursor, place));
        Ok(Query {
            profile: profile.map(str::to_owned),
            user_name: self.user_name.clone(),
            external_id: self.external_id.clone(),
            resource: parsed::<ResourceId>("id", self.id.as_ref())?,
            status: self.status,
            action: self.action,
            request: parsed::<RequestId>("requestId", self.request_id.as_ref())?,
            token: parsed::<TokenId>("token", self.token.as_ref())?,
            since: self.since,
            until: self.until,
            after: after.transpose()?,
            limit,
        })
    }
}

fn page_of(tenant: &str, mut found: Vec<Found>, limit: usize, is_masked: bool) -> Page<LogView> {
    let is_more = found.len() > limit;
    found.truncate(limit);
    Page {
        next: found.last().filter(|_| is_more).map(cursor),
        items: views(tenant, &found, is_masked),
    }
}

fn views(tenant: &str, found: &[Found], is_masked: bool) -> Vec<LogView> {
    found
        .iter()
        .map(|found| LogView::of(tenant, found, is_masked))
        .collect()
}

pub async fn search<T: Logged>(access: Access<T>, search: SearchLog) -> Outcome<Page<LogView>> {
    let (tenant, profile) = access.on.place();
    let limit = page::limit(search.limit)?;
    // One more says whether there is another page.
    let query = search.query(profile, limit + 1)?;
    let found = admin::logs::search::execute(&access.context, tenant, query).await?;
    Ok(page_of(tenant, found, limit, access.key.grant.is_masked()).into())
}

pub async fn unmasked<T: Logged>(access: Access<T>, search: SearchLog) -> Outcome<Page<LogView>> {
    let (tenant, profile) = access.on.place();
    let limit = page::limit(search.limit)?;
    let query = search.query(profile, limit + 1)?;
    let reason = short(search.reason.as_deref().unwrap_or_default())?;
    let found = admin::logs::unmask::execute(&access.context, tenant, query, reason).await?;
    Ok(page_of(tenant, found, limit, false).into())
}

pub async fn export<T: Logged>(access: Access<T>, search: SearchLog) -> Result<Lines<LogView>, Problem> {
    let (tenant, profile) = access.on.place();
    let query = search.query(profile, page::limit(search.limit.or(Some(page::MOST)))?)?;
    let whose = (tenant.to_owned(), access.key.grant.is_masked());
    let begun = (access.context.clone(), whose, Some(query));
    let pages = try_unfold(begun, async |(context, (tenant, is_masked), query)| {
        let Some(mut query) = query else {
            return Ok(None);
        };
        let found = admin::logs::search::execute(&context, &tenant, query.clone()).await?;
        let is_more = found.len() == query.limit;
        query.after = found.last().map(|last| last.row.place);
        let rows = views(&tenant, &found, is_masked);
        let rest = (context, (tenant, is_masked), is_more.then_some(query));
        Ok(Some((rows, rest)))
    });
    Lines::begin(pages).await
}

pub async fn of_request(access: Access<OneRequest>, _: Nothing) -> Outcome<Page<LogView>> {
    let found = match access.on.0 {
        Some(id) => admin::logs::request::execute(&access.context, id).await?,
        None => Vec::new(),
    };
    if found.is_empty() {
        return Err(Problem::missing("row of a request with this id"));
    }
    let is_masked = access.key.grant.is_masked();
    let view = |(tenant, found): &(String, Found)| LogView::of(tenant, found, is_masked);
    let page = Page {
        items: found.iter().map(view).collect(),
        next: None,
    };
    Ok(page.into())
}

/// A request of any tenant, by the id in the URL.
pub struct OneRequest(Option<RequestId>);

impl Target for OneRequest {
    async fn find(_: &Context, request: &HttpRequest) -> Result<Option<(Self, Scope)>, admin::Error> {
        let id = parameter(request, "request").parse().ok();
        Ok(Some((Self(id), Scope::All)))
    }

    fn called(_: &HttpRequest) -> String {
        "request with this id".to_owned()
    }
}
