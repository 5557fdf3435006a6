//! POST /.search at the Tenant URL itself (RFC 7644 §3.4.3): identities and groups in one list.
//!
//! The list has one order over both types: by `sortBy`, or by creation without it. Each type is read in that order and the
//! two are merged (ADR 0024), so that by number only the first [`DEEPEST`] places can be read; cursors go on without end.

use std::sync::Arc;

use chrono::DateTime;
use domain::credential::Caller;
use domain::group::Group;
use domain::id::DirectoryId;
use domain::identity::Identity;
use scim::filter::Filter;
use scim::message::{Document, Meta};
use scim::path::AttrPath;
use scim::query::{ListParameters, Sort, SortKey, SortOrder, SortPosition};
use scim::schema::ResourceType;
use store::{ListRequest, PAGE_BYTES, Page, PageAt, TenantTx};

use super::{At, ListAnswer, PageRequest};
use crate::context::Context;
use crate::error::Error;

/// The last place of a page by number.
pub const DEEPEST: usize = 10_000;

/// One of either type.
#[derive(Debug, Clone, PartialEq)]
pub enum AnyResource {
    /// A User.
    Identity(Box<Identity>),
    /// A Group, without its members.
    Group(Box<Group>),
}

impl AnyResource {
    fn meta(&self) -> Meta {
        let (created, last_modified, version) = match self {
            Self::Identity(one) => (one.created_at, one.modified_at, one.revision),
            Self::Group(one) => (one.created_at, one.modified_at, one.revision),
        };
        Meta {
            created,
            last_modified,
            version,
            location: String::new(),
        }
    }

    /// Its place in the order.
    fn mark(&self, sort: &Sort, rt: &ResourceType) -> SortPosition {
        let (id, text, resource) = match self {
            Self::Identity(one) => (one.id.uuid().as_u128(), one.id.to_string(), &one.resource),
            Self::Group(one) => (one.id.uuid().as_u128(), one.id.to_string(), &one.resource),
        };
        let meta = self.meta();
        let at = meta.created.timestamp_millis();
        SortPosition {
            key: Some(sort.key(rt, &Document::new(rt, text, resource, meta))),
            at,
            id,
        }
    }
}

/// What is asked of one type.
struct TypeQuery {
    rt: ResourceType,
    filter: Option<Filter>,
    sort: Sort,
}

impl TypeQuery {
    /// The request in one type, beside others.
    fn read(rt: &ResourceType, others: &[&ResourceType], query: &ListParameters) -> Result<Self, Error> {
        let filter = query.filter.as_deref();
        Ok(Self {
            filter: filter
                .map(|text| Filter::parse_among(text, rt, others))
                .transpose()?,
            sort: sort(rt, others, query)?,
            rt: rt.clone(),
        })
    }

    fn query<'a>(&'a self, directory: DirectoryId, at: PageAt<'a>) -> ListRequest<'a> {
        ListRequest {
            directory,
            resource_type: &self.rt,
            filter: self.filter.as_ref(),
            sort: Some(&self.sort),
            at,
        }
    }

    /// The page with the place of each resource, and where it ends.
    fn type_page<T>(&self, page: Page<T>, found: impl Fn(T) -> AnyResource) -> TypePage {
        let items = page.items.into_iter().map(|one| {
            let one = found(one);
            (one.mark(&self.sort, &self.rt), one)
        });
        TypePage {
            total: page.total,
            items: items.collect(),
            // The order of rows is that of creation; its marks need no key to say so.
            next: page.next.map(|mark| SortPosition {
                key: mark.key.or_else(|| created(mark.at)),
                ..mark
            }),
        }
    }
}

fn created(at: i64) -> Option<SortKey> {
    DateTime::from_timestamp_millis(at).map(SortKey::Instant)
}

/// `sortBy` in one type; an attribute that only another type has is no value here. Without: by creation.
fn sort(rt: &ResourceType, others: &[&ResourceType], query: &ListParameters) -> Result<Sort, Error> {
    let Some(asked) = &query.sort else {
        return Ok(Sort {
            path: AttrPath::core("meta").with_sub("created"),
            order: SortOrder::Ascending,
        });
    };
    let read = |rt: &ResourceType| Sort::parse(rt, &asked.by, asked.order.as_deref());
    let own = read(rt);
    let of_others = || others.iter().find_map(|other| read(other).ok());
    match own {
        Ok(sort) => Ok(sort),
        Err(error) => of_others().ok_or_else(|| error.into()),
    }
}

/// A page of one type.
struct TypePage {
    total: Option<usize>,
    items: Vec<(SortPosition, AnyResource)>,
    /// Where it ends, if there is more.
    next: Option<SortPosition>,
}

impl TypePage {
    /// By number: a page that ended before `asked` for its size says so as one by cursor does.
    fn ending_early(mut self, asked: usize) -> Self {
        let there = self.total.unwrap_or_default().min(asked);
        if self.items.len() < there {
            self.next = self.items.last().map(|(mark, _)| mark.clone());
        }
        self
    }
}

/// Lists identities and groups together. In a directory without groups: identities alone.
///
/// # Errors
/// [`Error::Invalid`] for a filter, order or cursor that cannot be read (an attribute is unknown when neither type has it),
/// and for a page by number beyond [`DEEPEST`].
pub async fn execute(
    context: &Context,
    caller: &Caller,
    query: &ListParameters,
) -> Result<ListAnswer<AnyResource>, Error> {
    let profile = context.profile(caller)?;
    let users = TypeQuery::read(
        &profile.resource_type,
        &profile.group_type.iter().collect::<Vec<_>>(),
        query,
    )?;
    let groups = profile
        .group_type
        .as_ref()
        .map(|group_type| TypeQuery::read(group_type, &[&profile.resource_type], query))
        .transpose()?;
    let ask = PageRequest::read(caller, "/", query, Some(users.sort.clone()))?;
    check_depth(&ask)?;
    let directory = caller.directory.id;
    let work = Arc::new((users, groups, ask));
    let shared = Arc::clone(&work);
    let page = context
        .store
        .read(caller.scope, move |tx| {
            let work = Arc::clone(&shared);
            Box::pin(async move { read(tx, directory, &work).await })
        })
        .await?;
    Ok(work.2.listed(page))
}

async fn read(
    tx: &mut TenantTx,
    directory: DirectoryId,
    (users, groups, ask): &(TypeQuery, Option<TypeQuery>, PageRequest),
) -> Result<Page<AnyResource>, Error> {
    // By number everything before the page is read too: which type it comes from shows only in the merge.
    let at = match &ask.at {
        At::Index(start) if ask.count > 0 => PageAt::Index {
            start: 1,
            count: start - 1 + ask.count,
        },
        _ => ask.page(),
    };
    let found = tx.list(&users.query(directory, at)).await?;
    let mut pages = vec![users.type_page(found, |one| AnyResource::Identity(Box::new(one)))];
    if let Some(groups) = groups {
        let found = tx.list_groups(&groups.query(directory, at)).await?;
        pages.push(groups.type_page(found, |one| AnyResource::Group(Box::new(one))));
    }
    if let PageAt::Index { count, .. } = at {
        pages = pages.into_iter().map(|page| page.ending_early(count)).collect();
    }
    let page = merge(&users.sort, ask, pages);
    match ask.at {
        // Nothing of the page is known, though it exists.
        At::Index(start) if ask.count > 0 && page.items.is_empty() && page.total >= Some(start) => {
            Err(too_deep())
        }
        _ => Ok(page),
    }
}

fn check_depth(ask: &PageRequest) -> Result<(), Error> {
    match ask.at {
        At::Index(start) if ask.count > 0 && start.saturating_add(ask.count) > DEEPEST + 1 => Err(too_deep()),
        _ => Ok(()),
    }
}

fn too_deep() -> Error {
    let detail = format!(
        "A list of users and groups together can be read by number up to its {DEEPEST}th resource, and as far as {PAGE_BYTES} \
         bytes of each type reach. Search /Users/.search and /Groups/.search each by itself, or read on with cursor= (RFC 9865)."
    );
    scim::Error::too_many(detail).into()
}

/// One page of two.
fn merge(sort: &Sort, ask: &PageRequest, pages: Vec<TypePage>) -> Page<AnyResource> {
    let total = pages.iter().map(|page| page.total).sum::<Option<usize>>();
    // Behind the first place where a half ends, that half may have more.
    let bound = pages
        .iter()
        .filter_map(|page| page.next.clone())
        .min_by(|a, b| sort.compare(a, b));
    let mut all: Vec<(SortPosition, AnyResource)> = pages.into_iter().flat_map(|page| page.items).collect();
    all.sort_by(|(a, _), (b, _)| sort.compare(a, b));
    if let Some(bound) = &bound {
        all.retain(|(mark, _)| sort.compare(mark, bound).is_le());
    }
    let mut items = match ask.at {
        At::Index(start) => all.into_iter().skip(start - 1).take(ask.count).collect(),
        At::Cursor(_) => all,
    };
    let next = match ask.at {
        At::Index(_) => None,
        At::Cursor(_) if items.len() > ask.count => {
            items.truncate(ask.count);
            items.last().map(|(mark, _)| mark.clone())
        }
        At::Cursor(_) => bound,
    };
    Page {
        total,
        items: items.into_iter().map(|(_, found)| found).collect(),
        next,
    }
}

#[cfg(test)]
mod tests {
    use domain::id::GroupId;
    use scim::etag::Revision;
    use scim::query::Fingerprint;
    use scim::resource::Resource;
    use uuid::Uuid;

    use super::*;

    fn group(at: i64) -> AnyResource {
        let time = DateTime::from_timestamp_millis(at).expect("a time");
        AnyResource::Group(Box::new(Group {
            id: GroupId::from_uuid(Uuid::from_u128(at.unsigned_abs().into())),
            directory: DirectoryId::from_uuid(Uuid::nil()),
            revision: Revision::new(at).expect("1 or more"),
            resource: Resource::default(),
            member_count: 0,
            created_at: time,
            modified_at: time,
        }))
    }

    fn place(at: i64) -> SortPosition {
        SortPosition {
            key: created(at),
            at,
            id: at.unsigned_abs().into(),
        }
    }

    fn ask(at: At, count: usize) -> PageRequest {
        PageRequest {
            sort: None,
            at,
            count,
            fingerprint: Fingerprint::of(&[]),
        }
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
    ) -> TypePage {
        let beyond: Vec<i64> = rows
            .iter()
            .copied()
            .filter(|at| after.is_none_or(|after| sort.compare(&place(*at), after).is_gt()))
            .collect();
        let seen = count.min(patience);
        let items: Vec<(SortPosition, AnyResource)> = beyond
            .iter()
            .take(seen)
            .map(|at| (place(*at), group(*at)))
            .collect();
        let last = items.last().map(|(mark, _)| mark.clone());
        TypePage {
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
                        let page = merge(&sort, &ask(At::Cursor(after.clone()), count), pages);
                        assert!(page.items.len() <= count);
                        got.extend(page.items.iter().map(|found| found.meta().version.number()));
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
        let total = |rows: &[i64]| TypePage {
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
            let page = merge(&sort, &ask(At::Index(start), count), pages);
            let got: Vec<i64> = page
                .items
                .iter()
                .map(|found| found.meta().version.number())
                .collect();
            assert_eq!((page.total, got, page.next), (Some(5), expected, None));
        }
    }

    #[test]
    fn a_type_whose_page_ended_early_hides_what_may_come_before_the_others() {
        let sort = by_creation(SortOrder::Ascending);
        let early = TypePage {
            total: Some(3),
            ..page(&[1, 4], &sort, None, 99, 99)
        };
        let whole = TypePage {
            total: Some(3),
            ..page(&[2, 3, 6], &sort, None, 99, 99)
        };
        let pages = vec![early.ending_early(9), whole.ending_early(9)];
        let page = merge(&sort, &ask(At::Index(1), 9), pages);
        let got: Vec<i64> = page
            .items
            .iter()
            .map(|found| found.meta().version.number())
            .collect();
        assert_eq!(
            (page.total, got),
            (Some(6), vec![1, 2, 3, 4]),
            "5 may be of the first type"
        );
    }
}
