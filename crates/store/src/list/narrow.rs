//! Which conjunct of a filter an index can answer, with the same case rules as the evaluator.
//!
//! Must not decide: every row found by it is put to [`Filter::matches`] again, but for [`Counted::ByMembership`]. It must not
//! lose a match either.

use domain::id::ResourceId;
use scim::filter::{CompareOp, Filter, Literal};
use scim::path::AttrPath;
use scim::query::SortOrder;
use scim::resource::{fold, nfc};
use scim::schema;
use sea_orm::Value;
use uuid::Uuid;

use super::kind::ListedResource;
use super::scan::Keyed;
use crate::tables::keys::{self, fit};

/// How the candidate rows of a filter are found.
pub(crate) enum Access {
    /// The rows with this value in a column that has an index of its own.
    Keyed(&'static Keyed, Value),
    /// Rows that the database can count.
    Counted(Counted),
}

/// Rows that the database can count.
#[derive(Clone, Copy)]
pub(crate) enum Counted {
    /// The rows paired with this one in `membership`: the identities of a group, the groups of a member. These are just those that
    /// match, where the filter is this conjunct alone.
    ByMembership(Uuid),
    /// Every row of the directory, in the order of creation.
    All(SortOrder),
}

/// Takes the conjunct that leaves the fewest rows; `All` of `order` without one, `None` when no row can match.
pub(super) fn narrow<T: ListedResource>(filter: &Filter, order: SortOrder) -> Option<Access> {
    let (conjuncts, statements) = (filter.conjuncts(), T::list_statements());
    let ((type_name, core), (memberships, others)) = (T::TYPE, T::MEMBERSHIPS);
    let found = |name: &str| conjuncts.iter().find_map(|part| plain(part, name, core));
    let id_of = |id: &str, types: &[&str]| {
        let id: ResourceId = id.parse().ok()?;
        types.contains(&id.type_name()).then_some(id.uuid())
    };
    let keyed = |statement: &'static Keyed, key: String| Some(Access::Keyed(statement, key.into()));
    if let Some(id) = found("id") {
        return Some(Access::Keyed(&statements.by_id, id_of(id, &[type_name])?.into()));
    }
    if let Some(name) = found(T::NAME) {
        return keyed(&statements.by_name, keys::name(Some(name)));
    }
    if let Some(external_id) = found("externalId") {
        return keyed(&statements.by_external_id, fit(&nfc(external_id)));
    }
    if T::IS_IDENTITY {
        if let Some(email) = conjuncts.iter().find_map(|part| work_email(part)) {
            return keyed(&statements.by_work_email, fit(&fold(email)));
        }
        if let Some(name) = found("displayName") {
            return keyed(&statements.by_display_name, keys::name(Some(name)));
        }
    }
    let paired = conjuncts.iter().find_map(|part| compared_id(part, memberships));
    Some(Access::Counted(match paired {
        Some(id) => Counted::ByMembership(id_of(id, others)?),
        None => Counted::All(order),
    }))
}

/// The text that a top-level attribute is compared with by `eq`.
fn plain<'f>(filter: &'f Filter, name: &str, core: &str) -> Option<&'f str> {
    let (path, text) = equal(filter)?;
    is(path, name, core).then_some(text)
}

/// The path and the text of `path eq "text"`.
fn equal(filter: &Filter) -> Option<(&AttrPath, &str)> {
    match filter {
        Filter::Compare {
            path,
            op: CompareOp::Eq,
            value: Literal::String(text),
        } => Some((path, text)),
        _ => None,
    }
}

/// The text of `emails[type eq "work"].value eq "…"`, the way Entra matches by e-mail.
fn work_email(filter: &Filter) -> Option<&str> {
    let Filter::ValuePath {
        path,
        filter,
        then: Some((sub, CompareOp::Eq, Literal::String(text))),
    } = filter
    else {
        return None;
    };
    let work = plain(filter, "type", schema::USER).is_some_and(|kind| fold(kind) == "work");
    (work && is(path, "emails", schema::USER) && scim::name::eq(sub, "value")).then_some(text)
}

/// The id in `attribute eq "id"`, `attribute.value eq "id"` or `attribute[value eq "id"]`.
fn compared_id<'f>(filter: &'f Filter, name: &str) -> Option<&'f str> {
    let (attribute, value, id) = if let Filter::ValuePath {
        path,
        filter,
        then: None,
    } = filter
    {
        let (value, id) = equal(filter)?;
        (path, Some(&value.name), id)
    } else {
        let (path, id) = equal(filter)?;
        (path, path.sub.as_ref(), id)
    };
    let is_value = value.is_some_and(|value| scim::name::eq(value, "value"));
    (is_value && scim::name::eq(&attribute.name, name)).then_some(id)
}

fn is(path: &AttrPath, name: &str, core: &str) -> bool {
    let core = path.schema.as_deref().is_none_or(|urn| scim::name::eq(urn, core));
    core && path.sub.is_none() && scim::name::eq(&path.name, name)
}
