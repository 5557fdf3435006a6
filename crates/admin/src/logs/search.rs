//! "What happened to this person": the rows of the log, each with the progress of its event.

use chrono::{DateTime, Utc};
use domain::credential::TokenId;
use domain::id::{RequestId, ResourceId};
use domain::log::{LogAction, LogStatus};
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
    /// Only calls with this action.
    pub action: Option<LogAction>,
    /// Only what this request did.
    pub request: Option<RequestId>,
    /// Only calls with this token.
    pub token: Option<TokenId>,
    /// Only calls at this time or later.
    pub since: Option<DateTime<Utc>>,
    /// Only calls before this time.
    pub until: Option<DateTime<Utc>>,
    /// The rows behind this one.
    pub after: Option<LogPlace>,
    /// The most rows, the newest ones; 1 to [`MOST`].
    pub limit: usize,
}

impl Query {
    /// # Errors
    /// [`Error::LogLimit`].
    pub(super) fn check(&self) -> Result<(), Error> {
        if (1..=MOST).contains(&self.limit) {
            Ok(())
        } else {
            Err(Error::LogLimit(MOST))
        }
    }

    /// The names of the conditions that are given.
    pub(super) fn conditions(&self) -> Vec<&'static str> {
        let given = [
            ("userName", self.user_name.is_some()),
            ("externalId", self.external_id.is_some()),
            ("id", self.resource.is_some()),
            ("status", self.status.is_some()),
            ("action", self.action.is_some()),
            ("requestId", self.request.is_some()),
            ("token", self.token.is_some()),
            ("since", self.since.is_some()),
            ("until", self.until.is_some()),
        ];
        let given = given.into_iter().filter(|(_, is_given)| *is_given);
        given.map(|(name, _)| name).collect()
    }
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
    query.check()?;
    let tenant = context.tenant(tenant).await?;
    let scope = Context::scope(tenant.id);
    let directory = match &query.profile {
        Some(profile) => Some(context.directory(&tenant, profile).await?.id),
        None => None,
    };
    let names = super::profiles(context, tenant.id).await?;
    let query = LogQuery {
        directory,
        external_id: query.external_id,
        user_name: query.user_name,
        resource: query.resource,
        status: query.status,
        action: query.action,
        request: query.request,
        token: query.token,
        since: query.since,
        until: query.until,
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
