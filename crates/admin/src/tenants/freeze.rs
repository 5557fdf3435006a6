//! Freezes a tenant, and ends that (ADR 0048): while it lasts, SCIM requests of all its directories are answered 503, which an identity
//! provider tries again, so nothing is lost.

use domain::tenant::Tenant;

use crate::{Context, Error};

/// Freezes; effective at the next request, on every instance. A tenant that is frozen stays so since when it was.
///
/// # Errors
/// [`Error::TenantUnknown`], [`Error::Store`].
pub async fn freeze(context: &Context, name: &str) -> Result<Tenant, Error> {
    let mut tenant = context.tenant(name).await?;
    let now = context.clock.now();
    if context
        .store
        .freeze_tenant(Context::scope(tenant.id), now)
        .await?
    {
        tenant.frozen_at = Some(now);
    }
    Ok(tenant)
}

/// Ends it. A directory that was frozen by itself stays frozen.
///
/// # Errors
/// As [`freeze`].
pub async fn unfreeze(context: &Context, name: &str) -> Result<Tenant, Error> {
    let tenant = context.tenant(name).await?;
    context.store.unfreeze_tenant(Context::scope(tenant.id)).await?;
    Ok(Tenant {
        frozen_at: None,
        ..tenant
    })
}
