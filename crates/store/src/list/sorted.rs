//! A page of a list that no index has in order: everything is looked at, the first places are kept, and only the page's
//! own documents stay.

use std::cmp::Ordering;
use std::collections::{BinaryHeap, HashMap};

use scim::filter::Filter;
use scim::query::{Sort, SortPosition};
use uuid::Uuid;

use super::kind::ListedResource;
use super::reader::Reader;
use super::scan::{BATCH, Scan};
use super::{
    Budget, ListRequest, Page, PageAt, PageBuilder, SCAN_ROWS, SORT_KEPT, StoreError, too_many_rows,
};
use crate::tenant_tx::TenantTx;

/// A place, ordered by its list.
struct InOrder<'s>(SortPosition, &'s Sort);

impl Ord for InOrder<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.1.compare(&self.0, &other.0)
    }
}

impl PartialOrd for InOrder<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for InOrder<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for InOrder<'_> {}

/// The first places of a list: at most `most`, the largest on top.
struct First<'s> {
    heap: BinaryHeap<InOrder<'s>>,
    most: usize,
    sort: &'s Sort,
}

impl First<'_> {
    fn put(&mut self, position: SortPosition) {
        if self.most == 0 {
            return;
        }
        let item = InOrder(position, self.sort);
        if self.heap.len() < self.most {
            self.heap.push(item);
        } else if let Some(mut last) = self.heap.peek_mut()
            && item < *last
        {
            *last = item;
        }
    }

    fn into_positions(self) -> Vec<SortPosition> {
        let sorted = self.heap.into_sorted_vec();
        sorted.into_iter().map(|item| item.0).collect()
    }
}

pub(super) async fn page<T: ListedResource>(
    tx: &mut TenantTx,
    query: &ListRequest<'_>,
    scan: &Scan,
    residual: Option<&Filter>,
    sort: &Sort,
) -> Result<Page<T>, StoreError> {
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
        heap: BinaryHeap::new(),
        most: if count == 0 { 0 } else { last + more },
        sort,
    };
    let total = look::<T>(tx, query, scan, residual, (beyond, &mut first)).await?;
    let mut positions = first.into_positions();
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

/// The documents of places, in their order, as far as a page has room for them; and of how many places those are.
async fn fetch<T: ListedResource>(
    tx: &mut TenantTx,
    scan: &Scan,
    positions: &[SortPosition],
    count: usize,
) -> Result<(Vec<T>, usize), StoreError> {
    let mut builder = PageBuilder::new(count);
    let mut taken = 0;
    for chunk in positions.chunks(AT_ONCE) {
        let ids: Vec<Uuid> = chunk
            .iter()
            .map(|position| Uuid::from_u128(position.id))
            .collect();
        let found: Vec<T> = scan.fetch(tx, &ids).await?;
        let mut found: HashMap<Uuid, T> = found.into_iter().map(|one| (one.place().1, one)).collect();
        for id in ids {
            if found.remove(&id).is_some_and(|one| !builder.put(one)) {
                return Ok((builder.items, taken));
            }
            taken += 1;
        }
    }
    Ok((builder.items, taken))
}

/// Looks at every row; returns how many match.
async fn look<T: ListedResource>(
    tx: &mut TenantTx,
    query: &ListRequest<'_>,
    scan: &Scan,
    residual: Option<&Filter>,
    (beyond, first): (Option<&SortPosition>, &mut First<'_>),
) -> Result<usize, StoreError> {
    let mut budget = Budget::new(SCAN_ROWS, residual);
    let mut reader = Reader::new(scan, scan.start(), true).by(T::batch_size(query));
    let mut total = 0;
    loop {
        let batch: Vec<T> = reader.next(tx, BATCH).await?;
        if !budget.take(batch.len()) {
            return Err(too_many_rows());
        }
        let memberships = T::memberships(tx, query, &batch).await?;
        for one in &batch {
            let (at, id) = one.place();
            let document = one.document(query.resource_type, memberships.get(&id));
            if !budget.weigh(document.bytes()).await {
                return Err(too_many_rows());
            }
            if residual.is_some_and(|filter| !filter.matches(query.resource_type, &document)) {
                continue;
            }
            total += 1;
            let position = SortPosition {
                key: Some(first.sort.key(query.resource_type, &document)),
                at,
                id: id.as_u128(),
            };
            if beyond.is_none_or(|beyond| first.sort.compare(&position, beyond).is_gt()) {
                first.put(position);
            }
        }
        if reader.is_at_end() {
            return Ok(total);
        }
    }
}
