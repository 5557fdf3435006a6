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
    let skip = start.saturating_sub(1);
    let items: Vec<T> = match count {
        0 => Vec::new(),
        _ => walk.numbered(tx, skip, count).await?,
    };
    // The end of the list is in sight: no need to count.
    let ended = items.len() < count && (skip == 0 || !items.is_empty());
    let total = if ended {
        skip.saturating_add(items.len())
    } else {
        walk.count(tx).await?
    };
    Ok(Page {
        total: Some(total),
        items,
        next: None,
    })
}
