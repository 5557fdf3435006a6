//! Shows what is set for a directory.

use super::{Setting, found};
use crate::{Context, Error};

/// What is set for a directory.
///
/// # Errors
/// [`Error::TenantUnknown`], [`Error::DirectoryUnknown`], [`Error::Store`].
pub async fn execute(context: &Context, tenant: &str, profile: &str) -> Result<Setting, Error> {
    let (tenant, directory) = found(context, tenant, profile).await?;
    let scope = Context::scope(tenant.id);
    Ok(Setting {
        continuity: context.store.continuity(scope, directory.id).await?,
        tenant: tenant.name,
        directory,
    })
}
