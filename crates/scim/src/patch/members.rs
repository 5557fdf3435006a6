//! `members[…]`: the members that a path's filter selects.
//!
//! A group's members are stored apart from it and may be 100,000, so a filter must name them by their ids. Other parts
//! (`type`, `display`, `$ref`) are compared with those few members, which the caller looks up. Must not know: how members are
//! stored, the form of ids.

use std::collections::HashMap;

use serde_json::Value;

use super::PatchRequest;
use super::target::{Destination, locate};
use crate::error::{Error, ScimType};
use crate::filter::{CompareOp, Filter, Literal};
use crate::membership::MEMBERS;
use crate::schema::{Attribute, ResourceType};

/// Elements of `members` as a response has them (`value`, `type`, `display`, `$ref`), by the id that a request names. An
/// unknown id has no entry.
pub type StoredMembers = HashMap<String, Value>;

/// The ids of members that a path of `request` compares by more than their id: [`super::apply_to_group`] needs their
/// elements. Mostly there are none. Paths that are refused later are ignored.
pub fn described_members(rt: &ResourceType, request: &PatchRequest) -> Vec<String> {
    let mut ids = Vec::new();
    let paths = request
        .operations
        .iter()
        .filter_map(|operation| match &operation.value {
            Some(Value::Object(keys)) if operation.path.is_none() => {
                Some(keys.keys().map(String::as_str).collect())
            }
            _ => operation.path.as_deref().map(|path| vec![path]),
        });
    for path in paths.flatten().filter(|path: &&str| path.contains('[')) {
        let Ok(Destination::Attribute(target)) = locate(rt, path) else {
            continue;
        };
        let Some(filter) = target.filter.filter(|_| target.attribute.name == MEMBERS) else {
            continue;
        };
        if let Some(named) = filter.named_members().filter(|_| !is_ids_only(&filter)) {
            ids.extend(named.into_iter().map(str::to_owned));
        }
    }
    ids
}

/// The members a filter selects, by their ids as written.
///
/// # Errors
/// `invalidFilter` for one that does not name every member it may select, or compares `$ref` by anything but equality.
pub(super) fn selected<'f>(
    filter: &'f Filter,
    members: &Attribute,
    stored: &StoredMembers,
) -> Result<Selection<'f>, Error> {
    let named = filter.named_members().ok_or_else(unservable)?;
    if is_ids_only(filter) {
        return Ok(Selection {
            ids: named,
            contradicted: false,
        });
    }
    let relative = with_relative_references(filter)?;
    let selects = |id: &&str| match stored.get(*id) {
        Some(element) => relative.matches_element(members, &known_as(element, id)),
        // Nothing contradicts it; the caller decides about unknown ids.
        None => true,
    };
    let many = named.len();
    let ids: Vec<&str> = named.into_iter().filter(selects).collect();
    Ok(Selection {
        contradicted: ids.len() < many && ids.is_empty(),
        ids,
    })
}

/// The result of a filter on members.
pub(super) struct Selection<'f> {
    /// The ids of the members.
    pub(super) ids: Vec<&'f str>,
    /// Members are named, and the filter contradicts each of them.
    pub(super) contradicted: bool,
}

/// Whether a filter compares ids only, so that no element is needed.
fn is_ids_only(filter: &Filter) -> bool {
    match filter {
        Filter::And(_) => false,
        Filter::Or(parts) => parts.iter().all(is_ids_only),
        other => other.named_members().is_some(),
    }
}

/// The element with the id of the request, and with its `$ref` as [`relative_reference`] writes it.
fn known_as(element: &Value, id: &str) -> Value {
    let mut element = element.clone();
    if let Some(parts) = element.as_object_mut() {
        parts.insert("value".to_owned(), id.into());
        if let Some(Value::String(address)) = parts.get("$ref") {
            let address = Value::from(relative_reference(address));
            parts.insert("$ref".to_owned(), address);
        }
    }
    element
}

/// The filter with each `$ref` as [`relative_reference`] writes it, because a resource has several URLs.
fn with_relative_references(filter: &Filter) -> Result<Filter, Error> {
    let all = |parts: &[Filter]| {
        parts
            .iter()
            .map(with_relative_references)
            .collect::<Result<Vec<_>, _>>()
    };
    Ok(match filter {
        Filter::And(parts) => Filter::And(all(parts)?),
        Filter::Or(parts) => Filter::Or(all(parts)?),
        Filter::Not(inner) => Filter::Not(Box::new(with_relative_references(inner)?)),
        Filter::Compare { path, op, value } if path.name == "$ref" => match (op, value) {
            (CompareOp::Eq | CompareOp::Ne, Literal::String(address)) => Filter::Compare {
                path: path.clone(),
                op: *op,
                value: Literal::String(relative_reference(address).to_owned()),
            },
            _ => return Err(unservable()),
        },
        other => other.clone(),
    })
}

/// `Users/idn_1` of `https://host/advisors/scim/v2/Users/idn_1`.
fn relative_reference(address: &str) -> &str {
    let mut slashes = address.rmatch_indices('/').skip(1);
    slashes.next().map_or(address, |(at, _)| &address[at + 1..])
}

/// The filter does not name members by id.
fn unservable() -> Error {
    Error::new(
        ScimType::InvalidFilter,
        "a filter on members must name each member by its id, as in members[value eq \"…\"]; more may be said of a member with \
         \"and\", as in members[value eq \"…\" and type eq \"User\"], and several are joined by \"or\". Read the group for the ids \
         of its members, and send those to be changed.",
    )
    .on("members[…]")
}

/// The filter contradicts the member that it names: there is nothing to write (RFC 7644 §3.5.2.3).
pub(super) fn contradicted() -> Error {
    Error::no_target(
        "members[…]",
        "the filter names a member by its id and says of it what is not so, so no member is selected. Name the member by its id \
         alone, as in members[value eq \"…\"].",
    )
}
