//! A page by number, of rows that all belong to the list: the database counts and skips.

use super::kind::Listed;
use super::walk::Walk;
use super::{Page, StoreError};
use crate::tenant_tx::TenantTx;

pub(super) async fn page<T: Listed>(
    tx: &mut TenantTx,
    walk: &Walk,
    start: usize,
    count: usize,
) -> Result<Page<T>, StoreError> {
    let total = walk.count(tx).await?;
    let skip = start.saturating_sub(1);
    let items = if count == 0 || skip >= total {
        Vec::new()
    } else {
        walk.numbered(tx, skip, count).await?
    };
    Ok(Page {
        total: Some(total),
        items,
        next: None,
    })
}
