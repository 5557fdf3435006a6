//! A page of a list that no index has in order: everything is looked at, the first places are kept, and only the page's
//! own documents stay.

use std::cmp::Ordering;
use std::collections::{BinaryHeap, HashMap};

use scim::filter::Filter;
use scim::query::{Mark, Sort};
use uuid::Uuid;

use super::kind::Listed;
use super::reader::Reader;
use super::walk::{BATCH, Walk};
use super::{Budget, ListQuery, Page, PageAt, SCAN_ROWS, SORT_KEPT, Shelf, StoreError, too_many_rows};
use crate::tenant_tx::TenantTx;

/// A place, ordered by its list.
struct Kept<'s>(Mark, &'s Sort);

impl Ord for Kept<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.1.compare(&self.0, &other.0)
    }
}

impl PartialOrd for Kept<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Kept<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Kept<'_> {}

/// The first places of a list: at most `most`, the largest on top.
struct First<'s> {
    heap: BinaryHeap<Kept<'s>>,
    most: usize,
    sort: &'s Sort,
}

impl<'s> First<'s> {
    fn put(&mut self, mark: Mark) {
        if self.most == 0 {
            return;
        }
        let kept = Kept(mark, self.sort);
        if self.heap.len() < self.most {
            self.heap.push(kept);
        } else if let Some(mut last) = self.heap.peek_mut()
            && kept < *last
        {
            *last = kept;
        }
    }

    fn into_marks(self) -> Vec<Mark> {
        let sorted = self.heap.into_sorted_vec();
        sorted.into_iter().map(|kept| kept.0).collect()
    }
}

pub(super) async fn page<T: Listed>(
    tx: &mut TenantTx,
    query: &ListQuery<'_>,
    walk: &Walk,
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
    let total = look::<T>(tx, query, walk, residual, (beyond, &mut first)).await?;
    let mut marks = first.into_marks();
    let more = marks.len() > last;
    marks.truncate(last);
    marks.drain(..skip.min(marks.len()));
    let (items, taken) = fetch::<T>(tx, walk, &marks, count).await?;
    let more = more || taken < marks.len();
    marks.truncate(taken);
    Ok(match query.at {
        PageAt::Index { .. } => Page {
            total: Some(total),
            items,
            next: None,
        },
        PageAt::Cursor { .. } => Page {
            total: None,
            items,
            next: marks.pop().filter(|_| more),
        },
    })
}

/// Documents read at a time.
const AT_ONCE: usize = 50;

/// The documents of places, in their order, as far as a page has room for them; and of how many places those are.
async fn fetch<T: Listed>(
    tx: &mut TenantTx,
    walk: &Walk,
    marks: &[Mark],
    count: usize,
) -> Result<(Vec<T>, usize), StoreError> {
    let mut shelf = Shelf::new(count);
    let mut taken = 0;
    for chunk in marks.chunks(AT_ONCE) {
        let ids: Vec<Uuid> = chunk.iter().map(|mark| Uuid::from_u128(mark.id)).collect();
        let found: Vec<T> = walk.fetch(tx, &ids).await?;
        let mut found: HashMap<Uuid, T> = found.into_iter().map(|one| (one.place().1, one)).collect();
        for id in ids {
            if found.remove(&id).is_some_and(|one| !shelf.put(one)) {
                return Ok((shelf.items, taken));
            }
            taken += 1;
        }
    }
    Ok((shelf.items, taken))
}

/// Looks at every row; returns how many match.
async fn look<T: Listed>(
    tx: &mut TenantTx,
    query: &ListQuery<'_>,
    walk: &Walk,
    residual: Option<&Filter>,
    (beyond, first): (Option<&Mark>, &mut First<'_>),
) -> Result<usize, StoreError> {
    let mut budget = Budget::new(SCAN_ROWS, residual);
    let mut reader = Reader::new(walk, walk.start(), true).by(T::handful(query));
    let mut total = 0;
    loop {
        let handful: Vec<T> = reader.next(tx, BATCH).await?;
        if !budget.take(handful.len()) {
            return Err(too_many_rows());
        }
        let documents = T::documents(tx, query, &handful).await?;
        for (one, document) in handful.iter().zip(&documents) {
            if !budget.weigh(document).await {
                return Err(too_many_rows());
            }
            if residual.is_some_and(|filter| !filter.matches(query.resource_type, document)) {
                continue;
            }
            total += 1;
            let (at, id) = one.place();
            let mark = Mark {
                key: Some(first.sort.key(query.resource_type, document)),
                at,
                id: id.as_u128(),
            };
            if beyond.is_none_or(|beyond| first.sort.compare(&mark, beyond).is_gt()) {
                first.put(mark);
            }
        }
        if reader.is_at_end() {
            return Ok(total);
        }
    }
}
