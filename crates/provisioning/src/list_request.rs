//! What lists of identities ([`crate::list`]) and of both types ([`crate::search`]) have in common: a request's words become a
//! request to the store, and its page becomes an answer.

use domain::credential::Caller;
use scim::message::{DEFAULT_RESULTS, ListHead, MAX_RESULTS};
use scim::query::{Cursor, Fingerprint, ListParameters, Sort, SortPosition, Start};
use store::{Page, PageAt};

use crate::error::Error;

/// An answered list.
#[derive(Debug, Clone, PartialEq)]
pub struct ListAnswer<T> {
    /// What is said of the page.
    pub head: ListHead,
    /// The resources of the page, in order.
    pub items: Vec<T>,
}

/// A list request, understood.
#[derive(Debug, Clone)]
pub(crate) struct PageRequest {
    pub(crate) sort: Option<Sort>,
    pub(crate) at: PageStart,
    pub(crate) count: usize,
    fingerprint: Fingerprint,
}

/// Where the page begins.
#[derive(Debug, Clone)]
pub(crate) enum PageStart {
    /// At this result, from 1.
    Index(usize),
    /// Behind this place, or at the beginning.
    Cursor(Option<SortPosition>),
}

impl PageRequest {
    /// Reads order and place. `endpoint` is where it was asked (`/Users`): a cursor of one list is none of another.
    pub(crate) fn read(
        caller: &Caller,
        endpoint: &str,
        query: &ListParameters,
        sort: Option<Sort>,
    ) -> Result<Self, Error> {
        let order = sort.as_ref().map(Sort::to_string).unwrap_or_default();
        let fingerprint = Fingerprint::of(&[
            &caller.directory.id.to_string(),
            endpoint,
            query.filter.as_deref().unwrap_or_default(),
            &order,
        ]);
        let at = match &query.start {
            Start::Index(first) => PageStart::Index(*first),
            Start::FirstCursor => PageStart::Cursor(None),
            Start::Cursor(text) => PageStart::Cursor(Some(Cursor::decode(text, fingerprint)?)),
        };
        // The total alone is asked for, which a page read by a cursor never says (RFC 9865 §2).
        let at = match query.count {
            Some(0) => PageStart::Index(query.start_index()),
            _ => at,
        };
        Ok(Self {
            sort,
            at,
            count: query.count.unwrap_or(DEFAULT_RESULTS).min(MAX_RESULTS),
            fingerprint,
        })
    }

    /// The page as the store is asked for it.
    pub(crate) fn page(&self) -> PageAt<'_> {
        match &self.at {
            PageStart::Index(start) => PageAt::Index {
                start: *start,
                count: self.count,
            },
            PageStart::Cursor(after) => PageAt::Cursor {
                after: after.as_ref(),
                count: self.count,
            },
        }
    }

    /// The answer that a page makes.
    pub(crate) fn listed<T>(&self, page: Page<T>) -> ListAnswer<T> {
        ListAnswer {
            head: ListHead {
                total: page.total,
                start_index: match self.at {
                    PageStart::Index(start) => Some(start),
                    PageStart::Cursor(_) => None,
                },
                next_cursor: page.next.map(|mark| Cursor::encode(self.fingerprint, &mark)),
            },
            items: page.items,
        }
    }
}

impl<T> ListAnswer<T> {
    /// Whether nothing at all was found, here or further on.
    pub(crate) fn is_empty(&self) -> bool {
        self.items.is_empty() && self.head.total.unwrap_or_default() == 0 && self.head.next_cursor.is_none()
    }
}
