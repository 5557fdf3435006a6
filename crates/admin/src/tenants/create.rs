//! Creates a tenant.

use domain::id::TenantId;
use domain::tenant::{Slug, Tenant};
use store::StoreError;

use crate::{Context, Error};

/// Creates a tenant of this name, bound to an Entra tenant id if one is given.
///
/// # Errors
/// [`Error::Name`], [`Error::TenantExists`], [`Error::Store`].
pub async fn execute(
    context: &Context,
    name: &str,
    external_tenant_id: Option<String>,
) -> Result<Tenant, Error> {
    let name: Slug = name.parse()?;
    let id = TenantId::from_uuid(context.ids.next());
    let tenant = Tenant {
        id,
        name,
        external_tenant_id,
        created_at: context.clock.now(),
        frozen_at: None,
    };
    match context.store.create_tenant(&tenant).await {
        Ok(()) => Ok(tenant),
        Err(StoreError::Conflict(_)) => Err(Error::TenantExists(tenant.name.to_string())),
        Err(error) => Err(error.into()),
    }
}
