//! A page of what a filter leaves, in the order in which the rows are read.
//!
//! By number: every row is looked at, for the total. By cursor: rows are looked at from the mark on until the page is
//! full and one more is found, or until it was enough for one page.

use scim::filter::Filter;
use scim::query::Mark;
use serde_json::Value;
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
        let documents = documents(tx, query, residual, &batch).await?;
        for (one, document) in batch.into_iter().zip(documents) {
            if !budget.weigh(&document).await {
                return Err(too_many_rows());
            }
            if !fits(query, residual, &document) {
                continue;
            }
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
    let (mut items, mut looked): (Vec<T>, bool) = (Vec::new(), false);
    loop {
        // Without a filter just the page, and one more to know whether there are any.
        let at_once = match residual {
            None => BATCH.min(count.saturating_sub(items.len()).saturating_add(1)),
            Some(_) => BATCH,
        };
        let batch: Vec<T> = walk.batch(tx, after, at_once).await?;
        let read = batch.len();
        budget.take(read);
        let documents = documents(tx, query, residual, &batch).await?;
        for (one, document) in batch.into_iter().zip(documents) {
            // The first one is looked at whatever it costs, so that the next page gets further.
            let enough = !budget.weigh(&document).await && looked;
            let fits = !enough && fits(query, residual, &document);
            if enough || fits && items.len() == count {
                let last = if enough {
                    Some(after)
                } else {
                    items.last().map(T::place)
                };
                return Ok(Page {
                    total: None,
                    items,
                    next: last.map(mark),
                });
            }
            (after, looked) = (one.place(), true);
            if fits {
                items.push(one);
            }
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

/// What a filter is put to; nothing where there is none.
async fn documents<T: Listed>(
    tx: &mut TenantTx,
    query: &ListQuery<'_>,
    residual: Option<&Filter>,
    batch: &[T],
) -> Result<Vec<Value>, StoreError> {
    match residual {
        Some(_) => T::documents(tx, query, batch).await,
        None => Ok(vec![Value::Null; batch.len()]),
    }
}

fn fits(query: &ListQuery<'_>, residual: Option<&Filter>, document: &Value) -> bool {
    residual.is_none_or(|filter| filter.matches(query.resource_type, document))
}

fn mark((at, id): Place) -> Mark {
    Mark {
        key: None,
        at,
        id: id.as_u128(),
    }
}
