//! A page by number, of rows that all belong to the list: the database counts and skips.

use super::kind::ListedResource;
use super::narrow::Counted;
use super::reader::Reader;
use super::scan::{BATCH, Scan, position};
use super::{Page, PageBuilder, Placed, Result};
use crate::tenant_tx::TenantTx;

pub(super) async fn page<T: ListedResource>(
    tx: &mut TenantTx,
    scan: &Scan,
    counted: Counted,
    (start, count): (usize, usize),
) -> Result<Page<Placed<T>>> {
    let skip = start.saturating_sub(1);
    let mut builder = PageBuilder::new(count);
    let mut ended = false;
    if count > 0 {
        // The skipped rows are passed once, the others are read behind the first ones.
        let first = count.min(BATCH);
        let rows = scan.numbered(tx, counted, skip, first).await?;
        let (last, short) = (rows.last().map(position).transpose()?, rows.len() < first);
        let mut reader = Reader::new(scan, last.unwrap_or(scan.start())).with(rows, short);
        while !builder.is_full() && !ended {
            for one in reader.next(tx, builder.left()).await? {
                builder.put(one);
            }
            ended = reader.is_at_end();
        }
    }
    // The end of the list is in sight: no need to count.
    let items = builder.items;
    let total = if ended && !builder.turned_away && (skip == 0 || !items.is_empty()) {
        skip.saturating_add(items.len())
    } else {
        scan.count(tx, counted).await?
    };
    Ok(Page {
        total: Some(total),
        items,
        next: None,
    })
}
