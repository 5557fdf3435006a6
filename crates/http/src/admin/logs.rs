//! The provisioning log of a directory.

use admin::directories::Named;
use admin::logs::search::{Found, Query};
use admin::view::{LogView, one_of};
use chrono::{DateTime, Utc};
use domain::id::ResourceId;
use domain::log::LogStatus;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;
use store::LogPlace;

use super::access::Access;
use super::page::{self, Page};
use super::problem::Problem;
use super::route::Outcome;

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
    /// At this time or later, such as 2026-11-22T04:12:33Z.
    pub since: Option<DateTime<Utc>>,
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

pub async fn search(access: Access<Named>, search: SearchLog) -> Outcome<Page<LogView>> {
    let (tenant, profile) = (access.on.tenant.as_str(), access.on.directory.profile.as_str());
    let limit = page::limit(search.limit)?;
    let resource: Option<ResourceId> = match &search.id {
        Some(text) => Some(
            text.parse()
                .map_err(|error: domain::id::IdError| Problem::value("id", error.to_string()))?,
        ),
        None => None,
    };
    let after = match &search.cursor {
        Some(cursor) => Some(page::place(cursor, place)?),
        None => None,
    };
    let query = Query {
        profile: Some(profile.to_owned()),
        user_name: search.user_name,
        external_id: search.external_id,
        resource,
        status: search.status,
        since: search.since,
        after,
        // One more says whether there is another page.
        limit: limit + 1,
    };
    let mut found = admin::logs::search::execute(&access.context, tenant, query).await?;
    let is_more = found.len() > limit;
    found.truncate(limit);
    let page = Page {
        next: found.last().filter(|_| is_more).map(cursor),
        items: found.iter().map(|found| LogView::of(tenant, found)).collect(),
    };
    Ok(page.into())
}
