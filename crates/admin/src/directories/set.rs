//! Sets the identity provider of a directory.

use domain::audit::Action;
use domain::tenant::Provider;

use super::{Named, audit};
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
    let entry = audit(context, Action::DirectorySet, &directory)
        .with("providerBefore", directory.provider.as_str())
        .with("provider", provider.as_str());
    let (scope, id) = (Context::scope(tenant.id), directory.id);
    context
        .store
        .audited(&entry, move |tx| {
            Box::pin(async move { tx.set_provider(scope, id, provider).await })
        })
        .await?;
    directory.provider = provider;
    Ok(Named::of(context, &tenant, directory))
}
