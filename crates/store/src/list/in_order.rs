//! A page of what a filter leaves, in the order in which the rows are read.
//!
//! By number: every row is looked at, for the total. By cursor: rows are looked at from the mark on until the page is
//! full and one more is found, or until it was enough for one page.

use scim::filter::Filter;
use scim::query::Mark;
use serde_json::Value;
use uuid::Uuid;

use super::kind::Listed;
use super::reader::Reader;
use super::walk::{BATCH, Place, Walk};
use super::{Budget, CURSOR_ROWS, ListQuery, Page, PageAt, SCAN_ROWS, Shelf, StoreError, too_many_rows};
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
    let mut reader = Reader::new(walk, walk.start(), residual.is_some()).by(T::handful(query));
    let (mut total, mut shelf) = (0, Shelf::new(count));
    loop {
        let handful: Vec<T> = reader.next(tx, BATCH).await?;
        if !budget.take(handful.len()) {
            return Err(too_many_rows());
        }
        let documents = documents(tx, query, residual, &handful).await?;
        for (one, document) in handful.into_iter().zip(documents) {
            if !budget.weigh(&document).await {
                return Err(too_many_rows());
            }
            if !fits(query, residual, &document) {
                continue;
            }
            total += 1;
            if total >= start {
                shelf.put(one);
            }
        }
        if reader.is_at_end() {
            return Ok(Page {
                total: Some(total),
                items: shelf.items,
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
    let mut reader = Reader::new(walk, after, residual.is_some()).by(T::handful(query));
    let (mut shelf, mut looked): (Shelf<T>, bool) = (Shelf::new(count), false);
    loop {
        // Without a filter just the page, and one more to know whether there are any.
        let wanted = match residual {
            None => shelf.room().saturating_add(1),
            Some(_) => BATCH,
        };
        let handful: Vec<T> = reader.next(tx, wanted).await?;
        budget.take(handful.len());
        let documents = documents(tx, query, residual, &handful).await?;
        for (one, document) in handful.into_iter().zip(documents) {
            // The first one is looked at whatever it costs, so that the next page gets further.
            let enough = !budget.weigh(&document).await && looked;
            let fits = !enough && fits(query, residual, &document);
            let place = one.place();
            if enough || fits && !shelf.put(one) {
                let last = if enough {
                    Some(after)
                } else {
                    shelf.items.last().map(T::place)
                };
                return Ok(Page {
                    total: None,
                    items: shelf.items,
                    next: last.map(mark),
                });
            }
            (after, looked) = (place, true);
        }
        let more = !reader.is_at_end();
        if !more || budget.is_spent() {
            return Ok(Page {
                total: None,
                items: shelf.items,
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
