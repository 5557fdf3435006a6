//! Creates a directory.

use domain::audit::Action;
use domain::id::DirectoryId;
use domain::tenant::{Directory, Provider, Switch};
use store::StoreError;

use super::{Named, audit};
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
    let entry = audit(context, Action::DirectoryCreate, &directory).with("provider", provider.as_str());
    let (scope, new) = (Context::scope(tenant.id), directory.clone());
    let named = Named::of(context, &tenant, directory);
    let created = context.create(&entry, &named, move |tx| {
        let new = new.clone();
        Box::pin(async move { tx.create_directory(scope, &new).await })
    });
    match created.await {
        Ok(()) => Ok(named),
        Err(Error::Store(StoreError::Conflict(_))) => Err(Error::DirectoryExists {
            tenant: tenant.name.to_string(),
            profile: profile.to_owned(),
        }),
        Err(error) => Err(error),
    }
}
