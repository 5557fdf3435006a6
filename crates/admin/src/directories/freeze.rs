//! Freezes one directory, and ends that: as [`crate::tenants::freeze`].

use domain::audit::Action;

use super::{Named, audit};
use crate::{Context, Error};

/// Freezes; effective at the next request, on every instance. A directory that is frozen stays so since when it was.
///
/// # Errors
/// [`Error::TenantUnknown`], [`Error::DirectoryUnknown`], [`Error::Store`].
pub async fn freeze(
    context: &Context,
    tenant: &str,
    profile: &str,
    reason: Option<&str>,
) -> Result<Named, Error> {
    let tenant = context.tenant(tenant).await?;
    let mut directory = context.directory(&tenant, profile).await?;
    let entry = audit(context, Action::DirectoryFreeze, &directory).because(reason);
    let (scope, id, now) = (Context::scope(tenant.id), directory.id, context.clock.now());
    let frozen = context.store.audited(&entry, move |tx| {
        Box::pin(async move { tx.freeze_directory(scope, id, now).await })
    });
    if frozen.await? {
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
    let entry = audit(context, Action::DirectoryUnfreeze, &directory);
    let (scope, id) = (Context::scope(tenant.id), directory.id);
    let ended = context.store.audited(&entry, move |tx| {
        Box::pin(async move { tx.unfreeze_directory(scope, id).await })
    });
    ended.await?;
    directory.frozen_at = None;
    Ok(Named::of(context, &tenant, directory))
}
