//! "What happened to this person": the rows of the log, each with the progress of its event.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use domain::id::{DirectoryId, ResourceId};
use domain::log::LogStatus;
use store::{LogPlace, LogQuery, LogRow};

use crate::{Context, Error};

/// The most rows of one search.
pub const MOST: usize = 1_000;

/// The conditions of a search; all of them must hold.
#[derive(Debug, Clone, Default)]
pub struct Query {
    /// Only rows of this profile's directory.
    pub profile: Option<String>,
    /// `userName`, compared without case.
    pub user_name: Option<String>,
    /// `externalId`, which is the objectId with Entra.
    pub external_id: Option<String>,
    /// The id of the resource in this gateway.
    pub resource: Option<ResourceId>,
    /// Only calls with this outcome.
    pub status: Option<LogStatus>,
    /// Only calls at this time or later.
    pub since: Option<DateTime<Utc>>,
    /// The rows behind this one.
    pub after: Option<LogPlace>,
    /// The most rows, the newest ones; 1 to [`MOST`].
    pub limit: usize,
}

/// A row of the log with its directory's profile.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// The row as stored.
    pub row: LogRow,
    /// The profile of its directory.
    pub profile: String,
}

/// The matching rows of one tenant, newest first.
///
/// # Errors
/// [`Error::LogLimit`], [`Error::TenantUnknown`], [`Error::DirectoryUnknown`], [`Error::Store`].
pub async fn execute(context: &Context, tenant: &str, query: Query) -> Result<Vec<Found>, Error> {
    if !(1..=MOST).contains(&query.limit) {
        return Err(Error::LogLimit(MOST));
    }
    let tenant = context.tenant(tenant).await?;
    let scope = Context::scope(tenant.id);
    let directory = match &query.profile {
        Some(profile) => Some(context.directory(&tenant, profile).await?.id),
        None => None,
    };
    let directories = context.store.directories(scope).await?;
    let names: HashMap<DirectoryId, String> = directories
        .into_iter()
        .map(|directory| (directory.id, directory.profile.to_string()))
        .collect();
    let query = LogQuery {
        directory,
        external_id: query.external_id,
        user_name: query.user_name,
        resource: query.resource,
        status: query.status,
        since: query.since,
        after: query.after,
        limit: query.limit,
    };
    let rows = context
        .store
        .read(scope, move |tx| {
            Box::pin(async move { tx.search_log(&query).await.map_err(Error::from) })
        })
        .await?;
    let named = rows.into_iter().map(|row| Found {
        profile: names.get(&row.entry.directory).cloned().unwrap_or_default(),
        row,
    });
    Ok(named.collect())
}
