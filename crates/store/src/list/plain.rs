//! A page by number, of rows that all belong to the list: the database counts and skips.

use sea_orm::QueryResult;

use super::kind::ListedResource;
use super::narrow::Counted;
use super::reader::Reader;
use super::scan::{BATCH, Scan, position};
use super::{Page, PageBuilder, Placed, Result};
use crate::error::StoreError;
use crate::tenant_tx::TenantTx;

pub(super) async fn page<T: ListedResource>(
    tx: &mut TenantTx,
    scan: &Scan,
    counted: Counted,
    (start, count): (usize, usize),
) -> Result<Page<Placed<T>>> {
    let skip = start.saturating_sub(1);
    let mut builder = PageBuilder::new(count);
    let mut total = None;
    if count > 0 {
        // The skipped rows are passed once, the others are read behind the first ones.
        let first = count.min(BATCH);
        let rows = scan.numbered(tx, counted, skip, first).await?;
        let (last, ended) = (rows.last().map(position).transpose()?, rows.len() < first);
        total = rows.first().map(total_of).transpose()?;
        let mut reader = Reader::new(scan, last.unwrap_or(scan.start())).with(rows, ended);
        while !builder.is_full() && !reader.is_at_end() {
            for one in reader.next(tx, builder.left()).await? {
                builder.put(one);
            }
        }
    }
    let total = match total {
        Some(total) => total,
        // Nothing before the end of an empty list; else the page is behind the end, or nothing but the count is asked for.
        None if count > 0 && skip == 0 => 0,
        None => scan.count(tx, counted).await?,
    };
    Ok(Page {
        total: Some(total),
        items: builder.items,
        next: None,
    })
}

/// The total of the list, which each row of a numbered page has as a column.
fn total_of(row: &QueryResult) -> Result<usize> {
    let total: i64 = row.try_get("", "total").map_err(StoreError::of)?;
    Ok(usize::try_from(total).unwrap_or_default())
}
