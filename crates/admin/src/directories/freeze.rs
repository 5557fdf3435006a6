//! Freezes one directory, and ends that: as [`crate::tenants::freeze`].

use super::Named;
use crate::{Context, Error};

/// Freezes; effective at the next request, on every instance. A directory that is frozen stays so since when it was.
///
/// # Errors
/// [`Error::TenantUnknown`], [`Error::DirectoryUnknown`], [`Error::Store`].
pub async fn freeze(context: &Context, tenant: &str, profile: &str) -> Result<Named, Error> {
    let tenant = context.tenant(tenant).await?;
    let mut directory = context.directory(&tenant, profile).await?;
    let (scope, now) = (Context::scope(tenant.id), context.clock.now());
    if context.store.freeze_directory(scope, directory.id, now).await? {
        directory.frozen_at = Some(now);
    }
    Ok(Named::of(context, &tenant, directory))
}

/// Ends it. While the whole tenant is frozen, the directory is, too.
///
/// # Errors
/// As [`freeze`].
pub async fn unfreeze(context: &Context, tenant: &str, profile: &str) -> Result<Named, Error> {
    let tenant = context.tenant(tenant).await?;
    let mut directory = context.directory(&tenant, profile).await?;
    let scope = Context::scope(tenant.id);
    context.store.unfreeze_directory(scope, directory.id).await?;
    directory.frozen_at = None;
    Ok(Named::of(context, &tenant, directory))
}
