//! Lists the renewals of a directory.

use domain::id::RenewalId;

use super::{NamedRenewal, found};
use crate::{Context, Error};

/// The most renewals that are shown: one a year is usual, and none is ever deleted.
pub const MOST: usize = 100;

/// The renewals of a directory, newest first.
///
/// # Errors
/// [`Error::TenantUnknown`], [`Error::DirectoryUnknown`], [`Error::Store`].
pub async fn execute(context: &Context, tenant: &str, profile: &str) -> Result<Vec<NamedRenewal>, Error> {
    let (tenant, directory) = found(context, tenant, profile).await?;
    let scope = Context::scope(tenant.id);
    let renewals = context.store.renewals(scope, directory.id, MOST).await?;
    let named = |renewal| NamedRenewal::of(&tenant, &directory, renewal);
    Ok(renewals.into_iter().map(named).collect())
}

/// One of them; without an id the newest.
///
/// # Errors
/// As [`execute`], and [`Error::RenewalUnknown`].
pub async fn one(
    context: &Context,
    tenant: &str,
    profile: &str,
    id: Option<RenewalId>,
) -> Result<NamedRenewal, Error> {
    let all = execute(context, tenant, profile).await?;
    let mut all = all.into_iter();
    let found = all.find(|named| id.is_none_or(|id| named.renewal.id == id));
    found.ok_or_else(|| Error::RenewalUnknown {
        tenant: tenant.to_owned(),
        profile: profile.to_owned(),
    })
}
