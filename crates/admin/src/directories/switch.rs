//! Switches a directory on or off. A directory that is off keeps its data and answers SCIM with a 403 that
//! says so.

use domain::audit::Action;
use domain::tenant::Switch;

use super::{Named, audit};
use crate::{Context, Error};

/// Switches the directory; effective at the next request, on every instance.
///
/// # Errors
/// [`Error::TenantUnknown`], [`Error::DirectoryUnknown`], [`Error::Store`].
pub async fn execute(context: &Context, tenant: &str, profile: &str, to: Switch) -> Result<Named, Error> {
    let tenant = context.tenant(tenant).await?;
    let mut directory = context.directory(&tenant, profile).await?;
    let entry = audit(context, Action::DirectorySwitch, &directory).with("switch", to.as_str());
    let (scope, id) = (Context::scope(tenant.id), directory.id);
    context
        .store
        .audited(&entry, move |tx| {
            Box::pin(async move { tx.switch_directory(scope, id, to).await })
        })
        .await?;
    directory.switch = to;
    Ok(Named::of(context, &tenant, directory))
}
