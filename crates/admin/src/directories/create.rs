//! Creates a directory.

use domain::id::DirectoryId;
use domain::tenant::{Directory, Provider, Switch};
use store::StoreError;

use super::Named;
use crate::{Context, Error};

/// Creates the directory of this profile for this tenant, switched on.
///
/// # Errors
/// [`Error::TenantUnknown`], [`Error::ProfileUnknown`], [`Error::DirectoryExists`], [`Error::Store`].
pub async fn execute(
    context: &Context,
    tenant: &str,
    profile: &str,
    provider: Provider,
) -> Result<Named, Error> {
    let tenant = context.tenant(tenant).await?;
    let directory = Directory {
        id: DirectoryId::from_uuid(context.ids.next()),
        tenant: tenant.id,
        profile: context.profile(profile)?.name.clone(),
        provider,
        switch: Switch::On,
        extension: None,
        created_at: context.clock.now(),
        frozen_at: None,
    };
    match context
        .store
        .create_directory(Context::scope(tenant.id), &directory)
        .await
    {
        Ok(()) => Ok(Named::of(context, &tenant, directory)),
        Err(StoreError::Conflict(_)) => Err(Error::DirectoryExists {
            tenant: tenant.name.to_string(),
            profile: profile.to_owned(),
        }),
        Err(error) => Err(error.into()),
    }
}
