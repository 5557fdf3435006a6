//! Which conjunct of a filter an index can answer, with the same case rules as the evaluator.
//!
//! Must not decide: everything found here is put to [`Filter::matches`] again, but for what is said to be exact. It
//! must not lose a match either.

use domain::id::{GroupId, IdentityId, ResourceId};
use scim::filter::{CompareOp, Filter, Literal};
use scim::path::AttrPath;
use scim::resource::{fold, nfc};
use scim::schema;
use sea_orm::Value;
use uuid::Uuid;

use super::kind::compared_id;
use crate::tables::keys::fit;

/// What a filter leaves to look at.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Access {
    /// No row can match.
    Nothing,
    /// The rows with this value in this column, which has an index of its own.
    Keyed(&'static str, Value),
    /// The rows paired with this one in `membership`: the identities of a group, the groups of a member.
    Beside(Uuid),
    /// Every row of the directory.
    All,
}

impl Access {
    /// Whether the rows are just those that match, where the filter is this conjunct alone.
    pub(super) fn is_exact(&self) -> bool {
        matches!(self, Self::Beside(_))
    }
}

/// Takes the conjunct that leaves the fewest rows.
pub(super) fn identities(filter: &Filter) -> Access {
    let conjuncts = filter.conjuncts();
    let found = |name: &str| conjuncts.iter().find_map(|part| plain(part, name, schema::USER));
    if let Some(id) = found("id") {
        return by_id(id.parse().map(IdentityId::uuid).ok());
    }
    if let Some(name) = found("userName") {
        return Access::Keyed("user_name_key", Value::from(fit(&fold(name))));
    }
    if let Some(external_id) = found("externalId") {
        return Access::Keyed("external_id", Value::from(fit(&nfc(external_id))));
    }
    if let Some(email) = conjuncts.iter().find_map(|part| work_email(part)) {
        return Access::Keyed("work_email", Value::from(fit(&fold(email))));
    }
    if let Some(name) = found("displayName") {
        return Access::Keyed("display_name", Value::from(fit(&fold(name))));
    }
    match conjuncts.iter().find_map(|part| compared_id(part, "groups")) {
        Some(group) => beside(group.parse().map(GroupId::uuid).ok()),
        None => Access::All,
    }
}

/// As [`identities`].
pub(super) fn groups(filter: &Filter) -> Access {
    let conjuncts = filter.conjuncts();
    let found = |name: &str| conjuncts.iter().find_map(|part| plain(part, name, schema::GROUP));
    if let Some(id) = found("id") {
        return by_id(id.parse().map(GroupId::uuid).ok());
    }
    if let Some(name) = found("displayName") {
        return Access::Keyed("display_name_key", Value::from(fit(&fold(name))));
    }
    if let Some(external_id) = found("externalId") {
        return Access::Keyed("external_id", Value::from(fit(&nfc(external_id))));
    }
    match conjuncts.iter().find_map(|part| compared_id(part, "members")) {
        Some(member) => beside(member.parse().map(ResourceId::uuid).ok()),
        None => Access::All,
    }
}

fn by_id(id: Option<Uuid>) -> Access {
    id.map_or(Access::Nothing, |id| Access::Keyed("id", Value::from(id)))
}

fn beside(id: Option<Uuid>) -> Access {
    id.map_or(Access::Nothing, Access::Beside)
}

/// The text that a top-level attribute is compared with by `eq`.
fn plain<'f>(filter: &'f Filter, name: &str, core: &str) -> Option<&'f str> {
    match filter {
        Filter::Compare {
            path,
            op: CompareOp::Eq,
            value: Literal::String(text),
        } if is(path, name, core) => Some(text),
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

fn is(path: &AttrPath, name: &str, core: &str) -> bool {
    let core = path.schema.as_deref().is_none_or(|urn| scim::name::eq(urn, core));
    core && path.sub.is_none() && scim::name::eq(&path.name, name)
}
