//! One row, with all its values.

use domain::audit::AuditRow;

use super::{NamedChain, chain};
use crate::{Context, Error};

/// The row with this number in a tenant's chain, or in the platform's.
///
/// # Errors
/// [`Error::AuditRowUnknown`], [`Error::TenantUnknown`], [`Error::Store`].
pub async fn execute(
    context: &Context,
    tenant: Option<&str>,
    seq: i64,
) -> Result<(NamedChain, AuditRow), Error> {
    let named = chain(context, tenant).await?;
    let rows = context
        .store
        .audit_rows(named.chain, seq.saturating_sub(1), 1)
        .await?;
    let found = rows.into_iter().find(|row| row.seq == seq);
    let unknown = || Error::AuditRowUnknown {
        chain: named.name(),
        seq,
    };
    let row = found.ok_or_else(unknown)?;
    Ok((named, row))
}
