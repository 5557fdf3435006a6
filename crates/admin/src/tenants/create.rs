//! Creates a tenant.

use domain::audit::{Action, Chain, Target};
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
    let entry = context
        .audit(Chain::Platform, Action::TenantCreate, Target::Tenant(id))
        .with("name", tenant.name.as_str())
        .with("externalTenantId", tenant.external_tenant_id.clone());
    let new = tenant.clone();
    let created = context.create(&entry, &tenant, move |tx| {
        let new = new.clone();
        Box::pin(async move { tx.create_tenant(&new).await })
    });
    match created.await {
        Ok(()) => Ok(tenant),
        Err(Error::Store(StoreError::Conflict(_))) => Err(Error::TenantExists(tenant.name.to_string())),
        Err(error) => Err(error),
    }
}
