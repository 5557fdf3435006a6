//! The audit log: of a tenant, or of the platform (tenants, apps, feeds, API keys).

use actix_web::HttpRequest;
use admin::Context;
use admin::audit::{NamedChain, Which, export, list, show, verify};
use admin::view::{AuditReport, AuditView};
use chrono::{DateTime, Utc};
use domain::audit::{Action, AuditRow};
use domain::role::Scope;
use domain::tenant::Tenant;
use futures_util::stream::try_unfold;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer};
use store::{AuditPlace, AuditQuery};

use super::access::{Access, Deployment, Target, parameter};
use super::input::Nothing;
use super::lines::Lines;
use super::page::{self, Page};
use super::problem::Problem;
use super::route::Outcome;

/// The conditions of a search; all of them must hold.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SearchAudit {
    /// Rows of the page, 1 to 500; 100 without it.
    pub limit: Option<usize>,
    /// `next` of the page before; the first page without it.
    pub cursor: Option<String>,
    /// By this actor, such as cli:alice@ops1 or api-key:3pX9Kd2Qa7Lm.
    pub actor: Option<String>,
    /// About this action, such as token.issue.
    #[serde(default, deserialize_with = "action")]
    #[schemars(schema_with = "actions")]
    pub action: Option<Action>,
    /// About this target, such as token:3pX9Kd2Qa7Lm.
    pub target: Option<String>,
    /// At this time or later, such as 2026-11-22T04:12:33Z.
    pub since: Option<DateTime<Utc>>,
    /// Before this time.
    pub until: Option<DateTime<Utc>>,
}

fn actions(_: &mut SchemaGenerator) -> Schema {
    admin::view::one_of(Action::ALL)
}

fn action<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Action>, D::Error> {
    let word: Option<String> = Option::deserialize(deserializer)?;
    let read = |word: String| {
        let unknown = |_| serde::de::Error::custom(format!("action: there is no \"{word}\""));
        word.parse().map_err(unknown)
    };
    word.map(read).transpose()
}

/// Whose audit log.
pub trait Audited: Target + 'static {
    /// The tenant's name; `None` for the platform's.
    fn tenant(&self) -> Option<&str>;
}

impl Audited for Tenant {
    fn tenant(&self) -> Option<&str> {
        Some(self.name.as_str())
    }
}

impl Audited for Deployment {
    fn tenant(&self) -> Option<&str> {
        None
    }
}

/// A row of a chain, by the number in the URL.
pub struct OneRow<T> {
    whose: T,
    row: Option<i64>,
}

impl<T: Audited> Target for OneRow<T> {
    async fn find(context: &Context, request: &HttpRequest) -> Result<Option<(Self, Scope)>, admin::Error> {
        let found = T::find(context, request).await?;
        let row = parameter(request, "row").parse().ok();
        Ok(found.map(|(whose, scope)| (Self { whose, row }, scope)))
    }

    fn called(request: &HttpRequest) -> String {
        T::called(request)
    }
}

fn which<T: Audited>(whose: &T) -> Which {
    let tenant = whose.tenant().map(str::to_owned);
    tenant.map_or(Which::Platform, Which::Tenant)
}

/// A row's time in milliseconds, and its number.
fn place(text: &str) -> Option<AuditPlace> {
    let (at, seq) = text.split_once(' ')?;
    Some(AuditPlace {
        at: at.parse().ok()?,
        seq: seq.parse().ok()?,
    })
}

pub async fn search<T: Audited>(access: Access<T>, search: SearchAudit) -> Outcome<Page<AuditView>> {
    let limit = page::limit(search.limit)?;
    let after = search.cursor.as_deref().map(|cursor| page::place(cursor, place));
    let query = AuditQuery {
        actor: search.actor,
        action: search.action,
        target: search.target,
        since: search.since,
        until: search.until,
        after: after.transpose()?,
        // One more says whether there is another page.
        limit: limit + 1,
    };
    let (named, mut rows) = list::execute(&access.context, access.on.tenant(), &query).await?;
    let is_more = rows.len() > limit;
    rows.truncate(limit);
    let cursor = |row: &AuditRow| page::cursor(&format!("{} {}", row.at, row.seq));
    let page = Page {
        next: rows.last().filter(|_| is_more).map(cursor),
        items: views(&named, &rows),
    };
    Ok(page.into())
}

fn views(named: &NamedChain, rows: &[AuditRow]) -> Vec<AuditView> {
    rows.iter().map(|row| AuditView::of(named, row)).collect()
}

pub async fn get<T: Audited>(access: Access<OneRow<T>>, _: Nothing) -> Outcome<AuditView> {
    let OneRow { whose, row } = &access.on;
    let missing = || Problem::missing("row of the audit log with this number");
    let row = row.filter(|row| *row > 0).ok_or_else(missing)?;
    let (named, row) = show::execute(&access.context, whose.tenant(), row).await?;
    Ok(AuditView::of(&named, &row).into())
}

pub async fn export<T: Audited>(access: Access<T>, _: Nothing) -> Result<Lines<AuditView>, Problem> {
    let context = access.context;
    let begun = export::begin(&context, &which(&access.on)).await?;
    let pages = try_unfold((context, begun), async |(context, mut begun)| {
        let page = export::next(&context, &mut begun).await?;
        Ok(page.map(|(named, rows)| (views(&named, &rows), (context, begun))))
    });
    Lines::begin(pages).await
}

pub async fn verify<T: Audited>(access: Access<T>, _: Nothing) -> Outcome<AuditReport> {
    let which = which(&access.on);
    let reports = verify::execute(&access.context, &which, &verify::Anchors::default()).await?;
    let report = reports.first().ok_or_else(|| Problem::missing("audit log"))?;
    Ok(AuditReport::from(report).into())
}
