//! "What happened to this person": the log's rows, and how far each one's event has come.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use domain::id::{DirectoryId, ResourceId};
use domain::log::LogStatus;
use store::{LogQuery, LogRow};

use crate::{Context, Error};

/// The most rows one search gives.
pub const MOST: usize = 1_000;

/// What to look for; everything given must hold.
#[derive(Debug, Clone, Default)]
pub struct Query {
    /// In this directory only.
    pub profile: Option<String>,
    /// `userName`, in any case.
    pub user_name: Option<String>,
    /// `externalId`: Entra's objectId.
    pub external_id: Option<String>,
    /// Our id.
    pub resource: Option<ResourceId>,
    /// Calls that ended so.
    pub status: Option<LogStatus>,
    /// Calls since then.
    pub since: Option<DateTime<Utc>>,
    /// At most so many of the newest; [`MOST`] at most.
    pub limit: usize,
}

/// A row with its directory's name.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// The row.
    pub row: LogRow,
    /// The profile of its directory.
    pub profile: String,
}

/// The rows of one tenant, newest first.
///
/// # Errors
/// [`Error::TenantUnknown`], [`Error::DirectoryUnknown`], [`Error::Store`].
pub async fn execute(context: &Context, tenant: &str, query: Query) -> Result<Vec<Found>, Error> {
    let tenant = context.tenant(tenant).await?;
    let scope = context.scope(tenant.id);
    let directory = match &query.profile {
        Some(profile) => Some(context.directory(&tenant, profile).await?.id),
        None => None,
    };
    let directories = context.store.directories(scope).await?;
    let names: HashMap<DirectoryId, String> = directories
        .into_iter()
        .map(|directory| (directory.id, directory.profile))
        .collect();
    let query = LogQuery {
        directory,
        external_id: query.external_id,
        user_name: query.user_name,
        resource: query.resource,
        status: query.status,
        since: query.since,
        limit: query.limit.clamp(1, MOST),
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
