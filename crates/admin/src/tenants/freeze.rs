//! Freezes a tenant, and ends that (ADR 0048): while it lasts, SCIM requests of all its directories are answered 503, which an identity
//! provider tries again, so nothing is lost.

use domain::audit::{Action, AuditEntry, Chain, Target};
use domain::tenant::Tenant;

use crate::{Context, Error};

/// Freezes; effective at the next request, on every instance. A tenant that is frozen stays so since when it was.
///
/// # Errors
/// [`Error::TenantUnknown`], [`Error::Store`].
pub async fn freeze(context: &Context, name: &str, reason: Option<&str>) -> Result<Tenant, Error> {
    let mut tenant = context.tenant(name).await?;
    let (scope, now) = (Context::scope(tenant.id), context.clock.now());
    let entry = audit(context, Action::TenantFreeze, &tenant).because(reason);
    let frozen = context.store.audited(&entry, move |tx| {
        Box::pin(async move { tx.freeze_tenant(scope, now).await })
    });
    if frozen.await? {
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
    let scope = Context::scope(tenant.id);
    let entry = audit(context, Action::TenantUnfreeze, &tenant);
    let ended = context.store.audited(&entry, move |tx| {
        Box::pin(async move { tx.unfreeze_tenant(scope).await })
    });
    ended.await?;
    Ok(Tenant {
        frozen_at: None,
        ..tenant
    })
}

fn audit(context: &Context, action: Action, tenant: &Tenant) -> AuditEntry {
    context.audit(Chain::Tenant(tenant.id), action, Target::Tenant(tenant.id))
}
