//! POST /.search at the Tenant URL itself (RFC 7644 §3.4.3): identities and groups in one list.
//!
//! The list has one order over both types: by `sortBy`, or by creation without it. The store merges the types (ADR 0024), so
//! that by number only the first [`DEEPEST`] resources can be read; cursors go on without end.

use std::sync::Arc;

use domain::credential::Caller;
use scim::filter::Filter;
use scim::path::AttrPath;
use scim::query::{ListParameters, Sort, SortOrder};
use scim::schema::ResourceType;
use store::{AnyResource, PAGE_BYTES, TypeRequest};

use crate::context::Context;
use crate::error::Error;
use crate::list_request::{ListAnswer, PageRequest, PageStart};

/// The last resource of a page by number.
pub const DEEPEST: usize = 10_000;

/// What is asked of one type.
struct TypeQuery {
    rt: ResourceType,
    filter: Option<Filter>,
    sort: Sort,
}

impl TypeQuery {
    /// The request in one type, beside another; an attribute that only the other one has is no value here. Without `sortBy`: by
    /// creation.
    fn read(rt: &ResourceType, other: Option<&ResourceType>, query: &ListParameters) -> Result<Self, Error> {
        let others: Vec<&ResourceType> = other.into_iter().collect();
        let filter = query.filter.as_deref();
        let filter = filter.map(|text| Filter::parse_among(text, rt, &others));
        let sort = match &query.sort {
            Some(asked) => {
                let read = |rt: &ResourceType| Sort::parse(rt, &asked.by, asked.order.as_deref());
                read(rt).or_else(|error| other.and_then(|other| read(other).ok()).ok_or(error))?
            }
            None => Sort {
                path: AttrPath::core("meta").with_sub("created"),
                order: SortOrder::Ascending,
            },
        };
        Ok(Self {
            filter: filter.transpose()?,
            sort,
            rt: rt.clone(),
        })
    }

    fn request(&self) -> TypeRequest<'_> {
        TypeRequest {
            resource_type: &self.rt,
            filter: self.filter.as_ref(),
            sort: &self.sort,
        }
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
    let (user_type, group_type) = (&profile.resource_type, profile.group_type.as_ref());
    let users = TypeQuery::read(user_type, group_type, query)?;
    let groups = group_type.map(|group_type| TypeQuery::read(group_type, Some(user_type), query));
    let groups = groups.transpose()?;
    let asked = Arc::new(PageRequest::read(caller, "/", query, Some(users.sort.clone()))?);
    let first = match asked.at {
        PageStart::Index(start) if asked.count > 0 => Some(start),
        _ => None,
    };
    if first.is_some_and(|first| first.saturating_add(asked.count) > DEEPEST + 1) {
        return Err(too_deep());
    }
    let (directory, of_page) = (caller.directory.id, Arc::clone(&asked));
    let page = context.store.read(caller.scope, move |tx| {
        Box::pin(async move {
            let groups = groups.as_ref().map(TypeQuery::request);
            tx.list_merged(directory, users.request(), groups, of_page.page())
                .await
                .map_err(Error::from)
        })
    });
    let page = page.await?;
    // Nothing of the page is known, though it exists.
    if first.is_some() && page.items.is_empty() && page.total >= first {
        return Err(too_deep());
    }
    Ok(asked.listed(page))
}

fn too_deep() -> Error {
    let detail = format!(
        "A list of users and groups together can be read by number up to its {DEEPEST}th resource, and as far as {PAGE_BYTES} \
         bytes of each type reach. Search /Users/.search and /Groups/.search each by itself, or read on with cursor= (RFC 9865)."
    );
    scim::Error::too_many(detail).into()
}
