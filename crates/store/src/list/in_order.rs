//! A page of what a filter leaves, in the order in which the rows are read.
//!
//! By number: every row is looked at, for the total. By cursor: rows are looked at from the mark on until the page is
//! full and one more is found, or until it was enough for one page.

use scim::filter::Filter;
use scim::query::SortPosition;
use uuid::Uuid;

use super::kind::{ListedResource, Memberships};
use super::reader::Reader;
use super::scan::{BATCH, Scan, ScanPosition};
use super::{
    Budget, CURSOR_ROWS, ListRequest, Page, PageAt, PageBuilder, SCAN_ROWS, StoreError, too_many_rows,
};
use crate::tenant_tx::TenantTx;

pub(super) async fn page<T: ListedResource>(
    tx: &mut TenantTx,
    query: &ListRequest<'_>,
    scan: &Scan,
    residual: Option<&Filter>,
) -> Result<Page<T>, StoreError> {
    match query.at {
        PageAt::Index { start, count } => by_number(tx, query, scan, residual, (start, count)).await,
        PageAt::Cursor { after, count } => by_cursor(tx, query, scan, residual, (after, count)).await,
    }
}

async fn by_number<T: ListedResource>(
    tx: &mut TenantTx,
    query: &ListRequest<'_>,
    scan: &Scan,
    residual: Option<&Filter>,
    (start, count): (usize, usize),
) -> Result<Page<T>, StoreError> {
    let mut budget = Budget::new(SCAN_ROWS, residual);
    let mut reader = Reader::new(scan, scan.start(), residual.is_some()).by(T::batch_size(query));
    let (mut total, mut builder) = (0, PageBuilder::new(count));
    loop {
        let batch: Vec<T> = reader.next(tx, BATCH).await?;
        if !budget.take(batch.len()) {
            return Err(too_many_rows());
        }
        let memberships = memberships(tx, query, residual, &batch).await?;
        for one in batch {
            let fits = fits(query, residual, &mut budget, (&one, &memberships), false).await;
            if !fits.ok_or_else(too_many_rows)? {
                continue;
            }
            total += 1;
            if total >= start {
                builder.put(one);
            }
        }
        if reader.is_at_end() {
            return Ok(Page {
                total: Some(total),
                items: builder.items,
                next: None,
            });
        }
    }
}

async fn by_cursor<T: ListedResource>(
    tx: &mut TenantTx,
    query: &ListRequest<'_>,
    scan: &Scan,
    residual: Option<&Filter>,
    (after, count): (Option<&SortPosition>, usize),
) -> Result<Page<T>, StoreError> {
    let mut budget = Budget::new(CURSOR_ROWS, residual);
    let mut after = after.map_or_else(
        || scan.start(),
        |position| (position.at, Uuid::from_u128(position.id)),
    );
    let mut reader = Reader::new(scan, after, residual.is_some()).by(T::batch_size(query));
    let (mut builder, mut looked): (PageBuilder<T>, bool) = (PageBuilder::new(count), false);
    loop {
        // Without a filter just the page, and one more to know whether there are any.
        let wanted = match residual {
            None => builder.room().saturating_add(1),
            Some(_) => BATCH,
        };
        let batch: Vec<T> = reader.next(tx, wanted).await?;
        budget.take(batch.len());
        let memberships = memberships(tx, query, residual, &batch).await?;
        for one in batch {
            let place = one.place();
            // The first one is looked at whatever it costs, so that the next page gets further.
            let fits = fits(query, residual, &mut budget, (&one, &memberships), !looked).await;
            let last = match fits {
                None => Some(after),
                Some(true) if !builder.put(one) => builder.items.last().map(T::place),
                Some(_) => {
                    (after, looked) = (place, true);
                    continue;
                }
            };
            return Ok(Page {
                total: None,
                items: builder.items,
                next: last.map(position),
            });
        }
        let more = !reader.is_at_end();
        if !more || budget.is_spent() {
            return Ok(Page {
                total: None,
                items: builder.items,
                next: more.then(|| position(after)),
            });
        }
    }
}

/// What a filter asks about besides the rows; nothing where there is none.
async fn memberships<T: ListedResource>(
    tx: &mut TenantTx,
    query: &ListRequest<'_>,
    residual: Option<&Filter>,
    batch: &[T],
) -> Result<Memberships, StoreError> {
    match residual {
        Some(_) => T::memberships(tx, query, batch).await,
        None => Ok(Memberships::new()),
    }
}

/// Whether one belongs to the list; none when the budget is too small to say, unless it must be said.
async fn fits<T: ListedResource>(
    query: &ListRequest<'_>,
    residual: Option<&Filter>,
    budget: &mut Budget,
    (one, memberships): (&T, &Memberships),
    must: bool,
) -> Option<bool> {
    let Some(filter) = residual else {
        return Some(true);
    };
    let document = one.document(query.resource_type, memberships.get(&one.place().1));
    let enough = budget.weigh(document.bytes()).await;
    (enough || must).then(|| filter.matches(query.resource_type, &document))
}

fn position((at, id): ScanPosition) -> SortPosition {
    SortPosition {
        key: None,
        at,
        id: id.as_u128(),
    }
}
