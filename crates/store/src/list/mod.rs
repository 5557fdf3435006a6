//! Listing a directory: SQL narrows, the evaluator decides. One engine for identities and groups.
//!
//! A filter has one meaning, that of [`Filter::matches`]. How it becomes SQL: `narrow` looks for a conjunct that an index
//! answers (`userName eq "…"`) and makes an `Access` of it, which names a statement and its key; the statements are
//! written in `scan`, one text a database, and `Scan` runs them. The rows are a superset of those that match: they are read in
//! keyset batches and put to the evaluator in `in_order` or `sorted`, so memory is bounded by a batch and a page
//! ([`PAGE_BYTES`]) however large the directory and its documents are. Time is bounded too: [`SCAN_ROWS`],
//! [`CURSOR_ROWS`], [`SORT_KEPT`] say how many rows a query may read before it is [`StoreError::TooMuch`], and
//! `concurrency_limit` keeps the searches of one tenant from filling the machine.
//!
//! Reading order: `kind` (what is listed), `narrow` (which rows), `scan` (their batches), `reader` (a few at a time),
//! then the ways to make a page: `plain` (counted by the database), `in_order` (filtered), `sorted`, and `merged` (both
//! types in one list).

pub(crate) mod concurrency_limit;
mod in_order;
mod kind;
pub(crate) mod merged;
mod narrow;
mod plain;
mod reader;
mod scan;
mod sorted;
#[cfg(test)]
mod tests;

use domain::id::DirectoryId;
use scim::filter::Filter;
use scim::path::AttrPath;
use scim::query::{Sort, SortOrder, SortPosition};
use scim::schema::ResourceType;

use crate::error::{Result, StoreError};
use crate::tenant_tx::TenantTx;
pub(crate) use kind::ListedResource;
use narrow::{Access, Counted, narrow};
use scan::Scan;

/// Rows that a filter or a sort without an index reads in one list with a total. A long filter counts its rows
/// several times: once more for every ten comparisons.
pub const SCAN_ROWS: usize = 200_000;
/// As [`SCAN_ROWS`], for one page behind a cursor: what was found by then is answered, with the position to go on from.
pub const CURSOR_ROWS: usize = 20_000;
/// Positions that a sorted list keeps while it reads: the last one of a page must be within them.
pub const SORT_KEPT: usize = 10_000;

/// Which resources, in which order, and which page of them.
#[derive(Debug, Clone, Copy)]
pub struct ListRequest<'a> {
    /// The directory that is listed.
    pub directory: DirectoryId,
    /// The profile's resource type: what the names of the filter and the sort mean.
    pub resource_type: &'a ResourceType,
    /// Selects the resources; `None` selects all.
    pub filter: Option<&'a Filter>,
    /// In which order; without, one that stays the same: that of creation, or of ids, which are given out in it.
    pub sort: Option<&'a Sort>,
    /// Which page.
    pub at: PageAt<'a>,
}

/// A page, by number or by position.
#[derive(Debug, Clone, Copy)]
pub enum PageAt<'a> {
    /// RFC 7644 §3.4.2.4.
    Index {
        /// The first one, from 1.
        start: usize,
        /// At most so many; 0 asks for the total only.
        count: usize,
    },
    /// RFC 9865.
    Cursor {
        /// Behind which position ([`Page::next`] of the same query); from the beginning without.
        after: Option<&'a SortPosition>,
        /// At most so many.
        count: usize,
    },
}

/// A page of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct Page<T> {
    /// How many match in all; always there for [`PageAt::Index`], never for [`PageAt::Cursor`].
    pub total: Option<usize>,
    /// Those of the page, in order.
    pub items: Vec<T>,
    /// [`PageAt::Cursor`]: where the next page begins; `None` when this is the last one. A page may be empty and have a
    /// next one.
    pub next: Option<SortPosition>,
}

impl<T> Default for Page<T> {
    fn default() -> Self {
        Self {
            total: None,
            items: Vec::new(),
            next: None,
        }
    }
}

impl<T> Page<T> {
    pub(crate) fn map<U>(self, with: impl FnMut(T) -> U) -> Page<U> {
        Page {
            total: self.total,
            items: self.items.into_iter().map(with).collect(),
            next: self.next,
        }
    }
}

/// A resource at its position in the list.
type Placed<T> = (SortPosition, T);

/// A page with the position of each resource.
pub(crate) async fn run<T: ListedResource>(
    tx: &mut TenantTx,
    query: &ListRequest<'_>,
) -> Result<Page<Placed<T>>> {
    if let PageAt::Cursor { count: 0, .. } = query.at {
        return Ok(Page::default());
    }
    let by_creation = query.sort.and_then(by_creation);
    let order = by_creation.unwrap_or_default();
    let access = match query.filter {
        Some(filter) => narrow::<T>(filter, order),
        None => Some(Access::Counted(Counted::All(order))),
    };
    let Some(access) = access else {
        return Ok(Page {
            total: matches!(query.at, PageAt::Index { .. }).then_some(0),
            ..Page::default()
        });
    };
    let is_exact = matches!(access, Access::Counted(Counted::ByMembership(_)));
    // A filter that the access path answers by itself needs no second look.
    let residual = query
        .filter
        .filter(|filter| !(is_exact && filter.conjuncts().len() == 1));
    let scan = Scan::new::<T>(query.directory, access);
    let is_in_order = by_creation.is_some() && scan.is_whole();
    match (query.sort.filter(|_| !is_in_order), query.at) {
        (Some(sort), _) => sorted::page(tx, query, &scan, residual, sort).await,
        (None, PageAt::Index { start, count }) => match scan.counted().filter(|_| residual.is_none()) {
            Some(counted) => plain::page(tx, &scan, counted, (start, count)).await,
            None => in_order::by_number(tx, query, &scan, residual, (start, count)).await,
        },
        (None, PageAt::Cursor { after, count }) => {
            in_order::by_cursor(tx, query, &scan, residual, (after, count)).await
        }
    }
}

/// The position of a resource in the order of creation, or of ids.
fn sort_position(one: &impl ListedResource) -> SortPosition {
    let (at, id) = one.position();
    SortPosition {
        key: None,
        at,
        id: id.as_u128(),
    }
}

/// `meta.created` is the order of the rows themselves.
fn by_creation(sort: &Sort) -> Option<SortOrder> {
    let created = AttrPath::core("meta").with_sub("created");
    (sort.path == created).then_some(sort.order)
}

/// What a page holds at most, in bytes of JSON as stored: it ends early behind the one that reaches it (RFC 7644
/// §3.4.2.4 lets a page be shorter than was asked for).
pub const PAGE_BYTES: usize = 4 * 1024 * 1024;

/// A page that is being filled.
struct PageBuilder<T> {
    items: Vec<Placed<T>>,
    count: usize,
    bytes: usize,
    /// Whether one more would have belonged to the page.
    turned_away: bool,
}

impl<T: ListedResource> PageBuilder<T> {
    fn new(count: usize) -> Self {
        Self {
            items: Vec::new(),
            count,
            bytes: 0,
            turned_away: false,
        }
    }

    fn is_full(&self) -> bool {
        self.items.len() >= self.count || self.bytes >= PAGE_BYTES
    }

    /// The most further resources that the page can take.
    fn left(&self) -> usize {
        self.count.saturating_sub(self.items.len())
    }

    /// Adds the next resource in the order of the rows; `false` when the page is full.
    fn put(&mut self, one: T) -> bool {
        self.put_at(sort_position(&one), one)
    }

    /// Adds the next resource; `false` when the page is full.
    fn put_at(&mut self, position: SortPosition, one: T) -> bool {
        if self.is_full() {
            self.turned_away = true;
            return false;
        }
        self.bytes += one.row().resource.bytes();
        self.items.push((position, one));
        true
    }

    /// The position of the last resource.
    fn last(&self) -> Option<SortPosition> {
        self.items.last().map(|(position, _)| position.clone())
    }
}

/// A document up to here is read along with its row; what is longer counts as rows more, by [`COSTLY_BYTES`] for
/// each comparison, because a comparison folds the whole text that it reads.
const PLAIN_BYTES: usize = 4 * 1024;
const COSTLY_BYTES: usize = 2 * 1024;

/// How many rows may still be read.
struct Budget {
    left: usize,
    a_row: usize,
    comparisons: usize,
}

impl Budget {
    fn new(rows: usize, filter: Option<&Filter>) -> Self {
        Self {
            left: rows,
            a_row: 1 + filter.map_or(0, Filter::comparisons) / 10,
            comparisons: filter.map_or(0, Filter::comparisons),
        }
    }

    /// Counts a document of so many bytes, before the filter is put to it; whether it was still within it. Others get
    /// their turn before one that costs something.
    async fn weigh(&mut self, bytes: usize) -> bool {
        let long = bytes.saturating_sub(PLAIN_BYTES);
        let cost = self.comparisons.saturating_mul(long) / COSTLY_BYTES;
        if cost > 0 {
            tokio::task::yield_now().await;
        }
        self.spend(cost)
    }

    /// Whether so many more rows were within it.
    fn take(&mut self, rows: usize) -> bool {
        self.spend(rows.saturating_mul(self.a_row))
    }

    fn spend(&mut self, cost: usize) -> bool {
        let enough = cost <= self.left;
        self.left = self.left.saturating_sub(cost);
        enough
    }

    fn is_spent(&self) -> bool {
        self.left < self.a_row
    }
}

fn too_many_rows() -> StoreError {
    StoreError::TooMuch(
        format!("it would have to look at more than {SCAN_ROWS} resources, where long documents count several times")
            .into(),
    )
}
