//! A page of what a filter leaves, in the order in which the rows are read.
//!
//! By number: every row is looked at, for the total. By cursor: rows are looked at from the mark on until the page is
//! full and one more is found, or until it was enough for one page.

use scim::filter::Filter;
use scim::query::Mark;
use uuid::Uuid;

use super::kind::Listed;
use super::walk::{BATCH, Place, Walk};
use super::{Budget, CURSOR_ROWS, ListQuery, Page, PageAt, SCAN_ROWS, StoreError, too_many_rows};
use crate::tenant_tx::TenantTx;

pub(super) async fn page<T: Listed>(
    tx: &mut TenantTx,
    query: &ListQuery<'_>,
    walk: &Walk,
    residual: Option<&Filter>,
) -> Result<Page<T>, StoreError> {
    match query.at {
        PageAt::Index { start, count } => by_number(tx, query, walk, residual, (start, count)).await,
        PageAt::Cursor { after, count } => by_cursor(tx, query, walk, residual, (after, count)).await,
    }
}

async fn by_number<T: Listed>(
    tx: &mut TenantTx,
    query: &ListQuery<'_>,
    walk: &Walk,
    residual: Option<&Filter>,
    (start, count): (usize, usize),
) -> Result<Page<T>, StoreError> {
    let mut budget = Budget::new(SCAN_ROWS, residual);
    let mut after = walk.start();
    let (mut total, mut items) = (0, Vec::new());
    loop {
        let batch: Vec<T> = walk.batch(tx, after, BATCH).await?;
        let read = batch.len();
        if !budget.take(read) {
            return Err(too_many_rows());
        }
        after = batch.last().map_or(after, T::place);
        for one in matching(tx, query, residual, batch).await? {
            total += 1;
            if total >= start && items.len() < count {
                items.push(one);
            }
        }
        if read < BATCH {
            return Ok(Page {
                total: Some(total),
                items,
                next: None,
            });
        }
    }
}

async fn by_cursor<T: Listed>(
    tx: &mut TenantTx,
    query: &ListQuery<'_>,
    walk: &Walk,
    residual: Option<&Filter>,
    (after, count): (Option<&Mark>, usize),
) -> Result<Page<T>, StoreError> {
    let mut budget = Budget::new(CURSOR_ROWS, residual);
    let mut after = after.map_or_else(|| walk.start(), |mark| (mark.at, Uuid::from_u128(mark.id)));
    let mut items: Vec<T> = Vec::new();
    loop {
        // Without a filter just the page, and one more to know whether there are any.
        let at_once = match residual {
            None => BATCH.min(count.saturating_sub(items.len()).saturating_add(1)),
            Some(_) => BATCH,
        };
        let batch: Vec<T> = walk.batch(tx, after, at_once).await?;
        let read = batch.len();
        budget.take(read);
        after = batch.last().map_or(after, T::place);
        for one in matching(tx, query, residual, batch).await? {
            if items.len() == count {
                let next = items.last().map(|last| mark(last.place()));
                return Ok(Page {
                    total: None,
                    items,
                    next,
                });
            }
            items.push(one);
        }
        let more = read == at_once;
        if !more || budget.is_spent() {
            return Ok(Page {
                total: None,
                items,
                next: more.then(|| mark(after)),
            });
        }
    }
}

/// Those of a batch that satisfy the filter.
async fn matching<T: Listed>(
    tx: &mut TenantTx,
    query: &ListQuery<'_>,
    residual: Option<&Filter>,
    batch: Vec<T>,
) -> Result<Vec<T>, StoreError> {
    let Some(filter) = residual else {
        return Ok(batch);
    };
    let documents = T::documents(tx, query, &batch).await?;
    let kept = batch
        .into_iter()
        .zip(documents)
        .filter(|(_, document)| filter.matches(query.resource_type, document));
    Ok(kept.map(|(one, _)| one).collect())
}

fn mark((at, id): Place) -> Mark {
    Mark {
        key: None,
        at,
        id: id.as_u128(),
    }
}
