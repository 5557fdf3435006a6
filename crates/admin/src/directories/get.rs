//! One directory.

use super::Named;
use crate::{Context, Error};

/// The directory of that profile of the tenant of that name.
///
/// # Errors
/// [`Error::TenantUnknown`], [`Error::DirectoryUnknown`], [`Error::Store`].
pub async fn execute(context: &Context, tenant: &str, profile: &str) -> Result<Named, Error> {
    let tenant = context.tenant(tenant).await?;
    let directory = context.directory(&tenant, profile).await?;
    Ok(Named::of(context, &tenant, directory))
}
