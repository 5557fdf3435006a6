//! "Who did that": the rows of one chain.

use domain::audit::AuditRow;
use store::AuditQuery;

use super::{NamedChain, chain};
use crate::logs::search::MOST;
use crate::{Context, Error};

/// The matching rows of a tenant's chain, or of the platform's, newest first.
///
/// # Errors
/// [`Error::AuditLimit`], [`Error::TenantUnknown`], [`Error::Store`].
pub async fn execute(
    context: &Context,
    tenant: Option<&str>,
    query: &AuditQuery,
) -> Result<(NamedChain, Vec<AuditRow>), Error> {
    if !(1..=MOST).contains(&query.limit) {
        return Err(Error::AuditLimit(MOST));
    }
    let named = chain(context, tenant).await?;
    let rows = context.store.search_audit(named.chain, query).await?;
    Ok((named, rows))
}
