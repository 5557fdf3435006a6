//! Lists the tenants.

use domain::tenant::Tenant;

use crate::{Context, Error};

/// All tenants, by name.
///
/// # Errors
/// [`Error::Store`].
pub async fn execute(context: &Context) -> Result<Vec<Tenant>, Error> {
    let mut tenants = context.store.tenants().await?;
    tenants.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(tenants)
}
