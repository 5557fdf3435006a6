//! A search of the log with personal data as it is. It is noted before anything is shown.

use domain::audit::{Action, Chain, Target};

use super::search::{self, Found, Query};
use crate::{Context, Error};

/// As [`search::execute`], for a reason that is written to the tenant's audit log, with the names of the conditions and not their
/// values.
///
/// # Errors
/// [`Error::ReasonMissing`]; as [`search::execute`].
pub async fn execute(
    context: &Context,
    tenant: &str,
    query: Query,
    reason: &str,
) -> Result<Vec<Found>, Error> {
    if reason.trim().is_empty() {
        return Err(Error::ReasonMissing);
    }
    query.check()?;
    let found = context.tenant(tenant).await?;
    let target = match &query.profile {
        Some(profile) => Target::Directory(context.directory(&found, profile).await?.id),
        None => Target::Tenant(found.id),
    };
    let entry = context
        .audit(Chain::Tenant(found.id), Action::LogUnmask, target)
        .because(Some(reason.trim()))
        .with("conditions", query.conditions());
    context.store.note_audit(&entry).await?;
    search::execute(context, tenant, query).await
}
