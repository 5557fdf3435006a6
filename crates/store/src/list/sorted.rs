//! A page of a list that no index has in order: every row is read, the first positions are kept, and only the page's
//! own documents stay.

use std::collections::HashMap;

use scim::filter::Filter;
use scim::query::{Sort, SortPosition};
use uuid::Uuid;

use super::in_order::scan_all;
use super::kind::ListedResource;
use super::scan::Scan;
use super::{ListRequest, Page, PageAt, PageBuilder, Placed, Result, SORT_KEPT, StoreError, sort_position};
use crate::engine::read::Columns;
use crate::tenant_tx::TenantTx;

/// The first positions of a list.
struct First<'s> {
    sort: &'s Sort,
    /// At most.
    count: usize,
    /// Up to twice as many as are wanted, in no order.
    positions: Vec<SortPosition>,
    /// The last one that was wanted when they were last put in order.
    last: Option<SortPosition>,
}

impl First<'_> {
    fn put(&mut self, position: SortPosition) {
        let is_beyond = |last: &SortPosition| self.sort.compare(&position, last).is_gt();
        if self.last.as_ref().is_some_and(is_beyond) {
            return;
        }
        self.positions.push(position);
        if self.positions.len() >= 2 * self.count {
            self.cut();
        }
    }

    fn cut(&mut self) {
        self.positions.sort_unstable_by(|a, b| self.sort.compare(a, b));
        self.positions.truncate(self.count);
        if self.positions.len() == self.count {
            self.last = self.positions.last().cloned();
        }
    }
}

pub(super) async fn page<T: ListedResource>(
    tx: &mut TenantTx,
    query: &ListRequest<'_>,
    scan: &Scan,
    residual: Option<&Filter>,
    sort: &Sort,
) -> Result<Page<Placed<T>>> {
    // Behind a cursor one more than the page, to know whether there are any.
    let (skip, count, more, beyond) = match query.at {
        PageAt::Index { start, count } => (start.saturating_sub(1), count, 0, None),
        PageAt::Cursor { after, count } => (0, count, 1, after),
    };
    let last = if count == 0 { 0 } else { skip.saturating_add(count) };
    if last > SORT_KEPT {
        return Err(StoreError::TooMuch(
            format!("a sorted list can be read by number up to its {SORT_KEPT}th resource").into(),
        ));
    }
    let mut first = First {
        sort,
        count: if count == 0 { 0 } else { last + more },
        positions: Vec::new(),
        last: None,
    };
    let mut total = 0;
    scan_all(tx, query, (scan, residual), |one: T, memberships| {
        total += 1;
        let document = one.document(query.resource_type, memberships);
        let position = SortPosition {
            key: Some(sort.key(query.resource_type, &document)),
            ..sort_position(&one)
        };
        if beyond.is_none_or(|beyond| sort.compare(&position, beyond).is_gt()) {
            first.put(position);
        }
    })
    .await?;
    first.cut();
    let mut positions = first.positions;
    let more = positions.len() > last;
    positions.truncate(last);
    positions.drain(..skip.min(positions.len()));
    let (items, taken) = fetch::<T>(tx, scan, &positions, count).await?;
    let more = more || taken < positions.len();
    positions.truncate(taken);
    Ok(match query.at {
        PageAt::Index { .. } => Page {
            total: Some(total),
            items,
            next: None,
        },
        PageAt::Cursor { .. } => Page {
            total: None,
            items,
            next: positions.pop().filter(|_| more),
        },
    })
}

/// Documents read at a time.
const AT_ONCE: usize = 50;

/// The documents of positions, in their order, as far as they fit into a page; and of how many positions those are.
async fn fetch<T: ListedResource>(
    tx: &mut TenantTx,
    scan: &Scan,
    positions: &[SortPosition],
    count: usize,
) -> Result<(Vec<Placed<T>>, usize)> {
    let mut builder = PageBuilder::new(count);
    let mut taken = 0;
    for chunk in positions.chunks(AT_ONCE) {
        let id = |position: &SortPosition| Uuid::from_u128(position.id);
        let ids: Vec<Uuid> = chunk.iter().map(id).collect();
        let mut found: HashMap<Uuid, T> = HashMap::new();
        for row in scan.fetch(tx, &ids).await? {
            let one: T = Columns::of(&row).next()?;
            found.insert(one.row().id.uuid(), one);
        }
        for position in chunk {
            if let Some(one) = found.remove(&id(position))
                && !builder.put_at(position.clone(), one)
            {
                return Ok((builder.items, taken));
            }
            taken += 1;
        }
    }
    Ok((builder.items, taken))
}
