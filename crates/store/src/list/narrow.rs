//! Which conjunct of a filter an index can answer, with the same case rules as the evaluator.
//!
//! Must not decide: everything found here is put to [`Filter::matches`] again. It must not lose a match either.

use std::sync::LazyLock;

use domain::id::IdentityId;
use scim::filter::{CompareOp, Filter, Literal};
use scim::path::AttrPath;
use scim::resource::fold;
use scim::schema;
use sea_orm::Value;

use crate::sql::Sql;
use crate::table::identity::{BY_ID, BY_USER_NAME};
use crate::table::keys::{SEVERAL, fit};

/// What a filter leaves to look at.
pub(super) enum Narrowed {
    /// No identity can match.
    Nothing,
    /// At most one row, by a unique key (`$3` of the statement).
    One(&'static LazyLock<Sql>, Value),
    /// The rows that satisfy a condition on an index; each `?` is one of the values.
    Some(&'static str, Vec<Value>),
    /// Every row of the directory.
    All,
}

/// Takes the conjunct that leaves the fewest rows.
pub(super) fn narrow(filter: &Filter) -> Narrowed {
    let conjuncts = filter.conjuncts();
    let found = |name: &str| conjuncts.iter().find_map(|conjunct| plain(conjunct, name));
    if let Some(id) = found("id") {
        return match id.parse::<IdentityId>() {
            Ok(id) => Narrowed::One(&BY_ID, Value::from(id.uuid())),
            Err(_) => Narrowed::Nothing,
        };
    }
    if let Some(name) = found("userName") {
        return Narrowed::One(&BY_USER_NAME, Value::from(fit(&fold(name))));
    }
    if let Some(external_id) = found("externalId") {
        return Narrowed::Some("external_id = ?", vec![Value::from(fit(external_id))]);
    }
    if let Some(email) = conjuncts.iter().find_map(|conjunct| work_email(conjunct)) {
        return Narrowed::Some(
            "work_email IN (?, ?)",
            vec![Value::from(fit(&fold(email))), Value::from(SEVERAL)],
        );
    }
    if let Some(name) = found("displayName") {
        return Narrowed::Some("display_name = ?", vec![Value::from(fit(&fold(name)))]);
    }
    Narrowed::All
}

/// The text that a top-level attribute is compared with by `eq`.
fn plain<'f>(filter: &'f Filter, name: &str) -> Option<&'f str> {
    match filter {
        Filter::Compare {
            path,
            op: CompareOp::Eq,
            value: Literal::String(text),
        } if is(path, name) => Some(text),
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
    let work = plain(filter, "type").is_some_and(|kind| fold(kind) == "work");
    (work && is(path, "emails") && scim::name::eq(sub, "value")).then_some(text)
}

fn is(path: &AttrPath, name: &str) -> bool {
    let core = path
        .schema
        .as_deref()
        .is_none_or(|urn| scim::name::eq(urn, schema::USER));
    core && path.sub.is_none() && scim::name::eq(&path.name, name)
}
