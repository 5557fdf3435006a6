//! A page by number, of rows that all belong to the list: the database counts and skips.

use super::kind::Listed;
use super::reader::Reader;
use super::walk::{BATCH, Walk, place};
use super::{Page, Shelf, StoreError};
use crate::tenant_tx::TenantTx;

pub(super) async fn page<T: Listed>(
    tx: &mut TenantTx,
    walk: &Walk,
    start: usize,
    count: usize,
) -> Result<Page<T>, StoreError> {
    let skip = start.saturating_sub(1);
    let mut shelf = Shelf::new(count);
    let mut ended = false;
    if count > 0 {
        // The skipped rows are passed once, the others are read behind the first ones.
        let first = count.min(BATCH);
        let rows = walk.numbered(tx, skip, first).await?;
        let (last, short) = (rows.last().map(place).transpose()?, rows.len() < first);
        let mut reader = Reader::new(walk, last.unwrap_or(walk.start()), false).with(rows, short);
        while !shelf.is_full() && !ended {
            for one in reader.next(tx, shelf.room()).await? {
                shelf.put(one);
            }
            ended = reader.is_at_end();
        }
    }
    // The end of the list is in sight: no need to count.
    let items = shelf.items;
    let total = if ended && !shelf.turned_away && (skip == 0 || !items.is_empty()) {
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
