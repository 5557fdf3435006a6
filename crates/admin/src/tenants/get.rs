//! One tenant.

use domain::tenant::Tenant;

use crate::{Context, Error};

/// The tenant of that name.
///
/// # Errors
/// [`Error::TenantUnknown`], [`Error::Store`].
pub async fn execute(context: &Context, name: &str) -> Result<Tenant, Error> {
    context.tenant(name).await
}
