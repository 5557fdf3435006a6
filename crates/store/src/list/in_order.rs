//! A page of what a filter leaves, in the order in which the rows are read.
//!
//! By number: every row is read, for the total. By cursor: rows are read from its position on until the page is full and one
//! more is found, or until the budget of one page is spent.

use scim::filter::Filter;
use scim::query::SortPosition;
use uuid::Uuid;

use super::kind::{ListedResource, Memberships};
use super::reader::Reader;
use super::scan::{BATCH, Scan};
use super::{
    Budget, CURSOR_ROWS, ListRequest, Page, PageBuilder, Placed, Result, SCAN_ROWS, sort_position,
    too_many_rows,
};
use crate::tenant_tx::TenantTx;

pub(super) async fn by_number<T: ListedResource>(
    tx: &mut TenantTx,
    query: &ListRequest<'_>,
    scan: &Scan,
    residual: Option<&Filter>,
    (start, count): (usize, usize),
) -> Result<Page<Placed<T>>> {
    let (mut total, mut builder) = (0, PageBuilder::new(count));
    scan_all(tx, query, (scan, residual), |one: T, _| {
        total += 1;
        if total >= start {
            builder.put(one);
        }
    })
    .await?;
    Ok(Page {
        total: Some(total),
        items: builder.items,
        next: None,
    })
}

pub(super) async fn by_cursor<T: ListedResource>(
    tx: &mut TenantTx,
    query: &ListRequest<'_>,
    scan: &Scan,
    residual: Option<&Filter>,
    (after, count): (Option<&SortPosition>, usize),
) -> Result<Page<Placed<T>>> {
    let mut budget = Budget::new(CURSOR_ROWS, residual);
    let position = |after: &SortPosition| (after.at, Uuid::from_u128(after.id));
    let mut reader = Reader::new(scan, after.map_or_else(|| scan.start(), position));
    if residual.is_some() {
        reader.search::<T>(query);
    }
    let mut builder = PageBuilder::new(count);
    let mut last = after.cloned();
    let mut examined = false;
    let next = 'page: loop {
        // Without a filter just the page, and one more to know whether there are any.
        let wanted = match residual {
            None => builder.left().saturating_add(1),
            Some(_) => BATCH,
        };
        let batch: Vec<T> = reader.next(tx, wanted).await?;
        budget.take(batch.len());
        let memberships = memberships(tx, query, residual, &batch).await?;
        for one in batch {
            let position = sort_position(&one);
            // The first one is decided whatever it costs, so that the next page gets further.
            match fits(query, residual, &mut budget, (&one, &memberships), !examined).await {
                None => break 'page last,
                Some(true) if !builder.put(one) => break 'page builder.last(),
                Some(_) => (last, examined) = (Some(position), true),
            }
        }
        if reader.is_at_end() {
            break None;
        }
        if budget.is_spent() {
            break last;
        }
    };
    Ok(Page {
        total: None,
        items: builder.items,
        next,
    })
}

/// Reads every row, and gives each that matches to `found`, with the memberships that were read.
pub(super) async fn scan_all<T: ListedResource>(
    tx: &mut TenantTx,
    query: &ListRequest<'_>,
    (scan, residual): (&Scan, Option<&Filter>),
    mut found: impl FnMut(T, &Memberships) + Send,
) -> Result<()> {
    let mut budget = Budget::new(SCAN_ROWS, residual);
    let mut reader = Reader::new(scan, scan.start());
    reader.search::<T>(query);
    while !reader.is_at_end() {
        let batch: Vec<T> = reader.next(tx, BATCH).await?;
        if !budget.take(batch.len()) {
            return Err(too_many_rows());
        }
        let memberships = memberships(tx, query, residual, &batch).await?;
        for one in batch {
            let fits = fits(query, residual, &mut budget, (&one, &memberships), false).await;
            if fits.ok_or_else(too_many_rows)? {
                found(one, &memberships);
            }
        }
    }
    Ok(())
}

/// What a filter asks about besides the rows; nothing where there is none.
async fn memberships<T: ListedResource>(
    tx: &mut TenantTx,
    query: &ListRequest<'_>,
    residual: Option<&Filter>,
    batch: &[T],
) -> Result<Memberships> {
    match residual {
        Some(_) => T::memberships(tx, query, batch).await,
        None => Ok(Memberships::new()),
    }
}

/// Whether one belongs to the list; `None` when the budget is too small to decide it, unless it must be decided.
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
    let document = one.document(query.resource_type, memberships);
    let enough = budget.weigh(document.bytes()).await;
    (enough || must).then(|| filter.matches(query.resource_type, &document))
}
