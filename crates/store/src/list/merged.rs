//! Identities and groups in one list (ADR 0024): each type is read in the same order, and the two pages are merged by the
//! positions of their resources.

use chrono::DateTime;
use domain::group::Group;
use domain::id::DirectoryId;
use domain::identity::Identity;
use scim::filter::Filter;
use scim::query::{Sort, SortKey, SortPosition};
use scim::schema::ResourceType;

use super::kind::ListedResource;
use super::{ListRequest, Page, PageAt, Placed, run};
use crate::error::Result;
use crate::tenant_tx::TenantTx;

/// One of either type.
#[derive(Debug, Clone, PartialEq)]
pub enum AnyResource {
    /// A User.
    Identity(Identity),
    /// A Group, without its members.
    Group(Group),
}

/// What is asked of one type.
#[derive(Debug, Clone, Copy)]
pub struct TypeRequest<'a> {
    /// The profile's resource type: what the names of the filter and the sort mean.
    pub resource_type: &'a ResourceType,
    /// Selects the resources; `None` selects all.
    pub filter: Option<&'a Filter>,
    /// In which order: the same for both types.
    pub sort: &'a Sort,
}

impl TenantTx {
    /// A page of a directory's identities and groups in one order; without `groups`, of its identities alone.
    ///
    /// By number, all resources before the page are read; a page by number that ended early for its size ([`super::PAGE_BYTES`])
    /// may be empty though its resources exist.
    ///
    /// # Errors
    /// As [`TenantTx::list`].
    pub async fn list_merged(
        &mut self,
        directory: DirectoryId,
        users: TypeRequest<'_>,
        groups: Option<TypeRequest<'_>>,
        at: PageAt<'_>,
    ) -> Result<Page<AnyResource>> {
        // Which type a resource before the page comes from shows only in the merge.
        let of_type = match at {
            PageAt::Index { start, count } if count > 0 => PageAt::Index {
                start: 1,
                count: start.saturating_sub(1).saturating_add(count),
            },
            _ => at,
        };
        let mut pages = vec![page_of(self, directory, users, of_type, AnyResource::Identity).await?];
        if let Some(groups) = groups {
            pages.push(page_of(self, directory, groups, of_type, AnyResource::Group).await?);
        }
        Ok(merge(users.sort, at, pages).map(|(_, resource)| resource))
    }
}

/// A page of one type. By number too, [`Page::next`] is set when it ended before `count`.
async fn page_of<T: ListedResource>(
    tx: &mut TenantTx,
    directory: DirectoryId,
    query: TypeRequest<'_>,
    at: PageAt<'_>,
    any: fn(T) -> AnyResource,
) -> Result<Page<Placed<AnyResource>>> {
    let request = ListRequest {
        directory,
        resource_type: query.resource_type,
        filter: query.filter,
        sort: Some(query.sort),
        at,
    };
    let page = run::<T>(tx, &request).await?;
    let page = page.map(|(position, one)| (with_key(position), any(one)));
    Ok(match at {
        PageAt::Index { count, .. } => ending_early(page, count),
        PageAt::Cursor { .. } => page,
    })
}

/// Positions in the order of rows have no key; in the order of creation it is the creation.
fn with_key(position: SortPosition) -> SortPosition {
    let created = || DateTime::from_timestamp_millis(position.at).map(SortKey::Instant);
    SortPosition {
        key: position.key.or_else(created),
        ..position
    }
}

fn ending_early<T>(page: Page<Placed<T>>, count: usize) -> Page<Placed<T>> {
    let exist = page.total.unwrap_or_default().min(count);
    let last = page.items.last().filter(|_| page.items.len() < exist);
    Page {
        next: last.map(|(position, _)| position.clone()),
        ..page
    }
}

/// One page of two.
fn merge<T>(sort: &Sort, at: PageAt<'_>, pages: Vec<Page<Placed<T>>>) -> Page<Placed<T>> {
    let total = pages.iter().map(|page| page.total).sum::<Option<usize>>();
    // Behind the first position where a type's page ends, that type may have more.
    let ends = pages.iter().filter_map(|page| page.next.clone().map(with_key));
    let end = ends.min_by(|a, b| sort.compare(a, b));
    let mut items: Vec<Placed<T>> = pages.into_iter().flat_map(|page| page.items).collect();
    items.sort_by(|(a, _), (b, _)| sort.compare(a, b));
    if let Some(end) = &end {
        items.retain(|(position, _)| sort.compare(position, end).is_le());
    }
    let next = match at {
        PageAt::Index { start, count } => {
            items = items.into_iter().skip(start - 1).take(count).collect();
            None
        }
        PageAt::Cursor { count, .. } if items.len() > count => {
            items.truncate(count);
            items.last().map(|(position, _)| position.clone())
        }
        PageAt::Cursor { .. } => end,
    };
    Page { total, items, next }
}

#[cfg(test)]
mod tests {
    use scim::path::AttrPath;
    use scim::query::SortOrder;

    use super::*;

    fn place(at: i64) -> SortPosition {
        with_key(SortPosition {
            key: None,
            at,
            id: at.unsigned_abs().into(),
        })
    }

    fn by_creation(order: SortOrder) -> Sort {
        Sort {
            path: AttrPath::core("meta").with_sub("created"),
            order,
        }
    }

    /// The store's answer: the next `count` of a type; after `patience` rows it has looked enough for one page.
    fn page(
        rows: &[i64],
        sort: &Sort,
        after: Option<&SortPosition>,
        count: usize,
        patience: usize,
    ) -> Page<Placed<i64>> {
        let beyond: Vec<i64> = rows
            .iter()
            .copied()
            .filter(|at| after.is_none_or(|after| sort.compare(&place(*at), after).is_gt()))
            .collect();
        let seen = count.min(patience);
        let items: Vec<Placed<i64>> = beyond.iter().take(seen).map(|at| (place(*at), *at)).collect();
        let last = items.last().map(|(mark, _)| mark.clone());
        Page {
            total: None,
            next: last.filter(|_| beyond.len() > seen),
            items,
        }
    }

    #[test]
    fn two_types_read_by_cursors_are_one_list_without_gaps_or_repeats() {
        const ROWS: i64 = 7;
        for order in [SortOrder::Ascending, SortOrder::Descending] {
            let sort = by_creation(order);
            let mut expected: Vec<i64> = (1..=ROWS).collect();
            expected.sort_by(|a, b| sort.compare(&place(*a), &place(*b)));
            for types in 0..1_u32 << ROWS {
                let (one, other): (Vec<i64>, Vec<i64>) =
                    expected.iter().partition(|at| types >> (**at - 1) & 1 == 1);
                for (count, patience) in [(1, 9), (2, 9), (3, 1), (3, 2), (9, 9)] {
                    let (mut after, mut got) = (None, Vec::new());
                    loop {
                        let pages = [&one, &other]
                            .map(|rows| page(rows, &sort, after.as_ref(), count, patience))
                            .into();
                        let at = PageAt::Cursor { after: None, count };
                        let page = merge(&sort, at, pages);
                        assert!(page.items.len() <= count);
                        got.extend(page.items.iter().map(|(_, found)| *found));
                        assert!(got.len() <= expected.len(), "{types:b} {count} {got:?}");
                        match page.next {
                            Some(next) => after = Some(next),
                            None => break,
                        }
                    }
                    assert_eq!(got, expected, "{types:b} by {count}, {patience} rows a page");
                }
            }
        }
    }

    #[test]
    fn two_types_read_by_number_have_one_total_and_one_order() {
        let sort = by_creation(SortOrder::Ascending);
        let total = |rows: &[i64]| Page {
            total: Some(rows.len()),
            ..page(rows, &sort, None, 99, 99)
        };
        for (start, count, expected) in [
            (1, 2, vec![1, 2]),
            (2, 3, vec![2, 3, 4]),
            (5, 9, vec![5]),
            (6, 1, vec![]),
            (1, 0, vec![]),
        ] {
            let pages = vec![total(&[1, 4, 5]), total(&[2, 3])];
            let page = merge(&sort, PageAt::Index { start, count }, pages);
            let got: Vec<i64> = page.items.iter().map(|(_, found)| *found).collect();
            assert_eq!((page.total, got, page.next), (Some(5), expected, None));
        }
    }

    #[test]
    fn a_type_whose_page_ended_early_hides_what_may_come_before_the_others() {
        let sort = by_creation(SortOrder::Ascending);
        let early = Page {
            total: Some(3),
            ..page(&[1, 4], &sort, None, 99, 99)
        };
        let whole = Page {
            total: Some(3),
            ..page(&[2, 3, 6], &sort, None, 99, 99)
        };
        let pages = vec![ending_early(early, 9), ending_early(whole, 9)];
        let page = merge(&sort, PageAt::Index { start: 1, count: 9 }, pages);
        let got: Vec<i64> = page.items.iter().map(|(_, found)| *found).collect();
        assert_eq!(
            (page.total, got),
            (Some(6), vec![1, 2, 3, 4]),
            "5 may be of the first type"
        );
    }
}
