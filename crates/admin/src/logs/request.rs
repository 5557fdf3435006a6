//! The rows of one request, whoever's they are: for operators who were told its id and nothing else.

use std::collections::HashMap;

use domain::id::RequestId;

use super::search::{Found, MOST};
use crate::{Context, Error};

/// The rows of a request, at most [`MOST`], each with its tenant's name. A request is of one tenant; bulk requests have many rows.
///
/// # Errors
/// [`Error::Store`].
pub async fn execute(context: &Context, request: RequestId) -> Result<Vec<(String, Found)>, Error> {
    let rows = context.store.log_of_request(request, MOST).await?;
    let mut known = HashMap::new();
    for (tenant, _) in &rows {
        if !known.contains_key(tenant) {
            known.insert(*tenant, super::profiles(context, *tenant).await?);
        }
    }
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let names = context.tenant_names().await?;
    let found = rows.into_iter().map(|(tenant, row)| {
        let profile = known
            .get(&tenant)
            .and_then(|profiles| profiles.get(&row.entry.directory));
        let profile = profile.cloned().unwrap_or_default();
        let name = names.get(&tenant).cloned().unwrap_or_default();
        (name, Found { row, profile })
    });
    Ok(found.collect())
}
