//! Lists directories.

use super::Named;
use crate::{Context, Error};

/// The directories of one tenant, or of all, by tenant and profile.
///
/// # Errors
/// [`Error::TenantUnknown`], [`Error::Store`].
pub async fn execute(context: &Context, tenant: Option<&str>) -> Result<Vec<Named>, Error> {
    let tenants = match tenant {
        Some(name) => vec![context.tenant(name).await?],
        None => crate::tenants::list::execute(context).await?,
    };
    let mut found = Vec::new();
    for tenant in tenants {
        let directories = context.store.directories(Context::scope(tenant.id)).await?;
        let named = |directory| Named::of(context, &tenant, directory);
        found.extend(directories.into_iter().map(named));
    }
    Ok(found)
}
