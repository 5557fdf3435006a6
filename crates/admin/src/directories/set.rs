//! Sets the identity provider of a directory.

use domain::tenant::Provider;

use super::Named;
use crate::{Context, Error};

/// Sets the identity provider that calls the directory; effective at the next request, on every instance.
///
/// # Errors
/// [`Error::TenantUnknown`], [`Error::DirectoryUnknown`], [`Error::Store`].
pub async fn execute(
    context: &Context,
    tenant: &str,
    profile: &str,
    provider: Provider,
) -> Result<Named, Error> {
    let tenant = context.tenant(tenant).await?;
    let mut directory = context.directory(&tenant, profile).await?;
    context
        .store
        .set_provider(Context::scope(tenant.id), directory.id, provider)
        .await?;
    directory.provider = provider;
    Ok(Named::of(context, &tenant, directory))
}
