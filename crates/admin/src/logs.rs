//! The provisioning log: what was done to whom.

use std::collections::HashMap;

use domain::id::{DirectoryId, TenantId};

use crate::{Context, Error};

pub mod request;
pub mod search;
pub mod unmask;

/// The profiles of a tenant's directories.
async fn profiles(context: &Context, tenant: TenantId) -> Result<HashMap<DirectoryId, String>, Error> {
    let directories = context.store.directories(Context::scope(tenant)).await?;
    let named = directories
        .into_iter()
        .map(|directory| (directory.id, directory.profile.to_string()));
    Ok(named.collect())
}
