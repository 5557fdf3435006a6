//! `members[…]`: which members a path's filter selects.
//!
//! A group's members are kept apart from it and may be 100,000, so a filter must name those it means by their ids. What else
//! it says of them (`type`, `display`, `$ref`) is held against what the server knows of those few, which the caller looks up.
//! Must not know: how members are kept, or what an id looks like.

use std::collections::HashMap;

use serde_json::Value;

use super::PatchRequest;
use super::target::{Destination, locate};
use crate::error::{Error, ScimType};
use crate::filter::{CompareOp, Filter, Literal};
use crate::membership::MEMBERS;
use crate::schema::{Attribute, ResourceType};

/// What is known of members by the id that a request names them by: an element of `members` as it is answered (`value`,
/// `type`, `display`, `$ref`). Nothing for an id that is nobody's.
pub type StoredMembers = HashMap<String, Value>;

/// The ids of members of whom a path of `request` says more than their id: [`super::apply_to_group`] has to be told what is
/// known of them. Mostly there are none. Paths that are refused later are passed over.
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
        if let Some(named) = filter.named_members().filter(|_| !names_alone(&filter)) {
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
    if names_alone(filter) {
        return Ok(Selection {
            ids: named,
            contradicted: false,
        });
    }
    let by_place = with_places(filter)?;
    let selects = |id: &&str| match stored.get(*id) {
        Some(element) => by_place.matches_element(members, &known_as(element, id)),
        // Nobody to contradict it; the caller tells what becomes of ids that are nobody's.
        None => true,
    };
    let many = named.len();
    let ids: Vec<&str> = named.into_iter().filter(selects).collect();
    Ok(Selection {
        contradicted: ids.len() < many && ids.is_empty(),
        ids,
    })
}

/// What a filter selects.
pub(super) struct Selection<'f> {
    /// The ids of the members.
    pub(super) ids: Vec<&'f str>,
    /// Members are named, and each is another than the filter says.
    pub(super) contradicted: bool,
}

/// Whether a filter does nothing but name ids, so that nothing has to be known of them.
fn names_alone(filter: &Filter) -> bool {
    match filter {
        Filter::And(_) => false,
        Filter::Or(parts) => parts.iter().all(names_alone),
        other => other.named_members().is_some(),
    }
}

/// The element under the id that it was asked by, and its `$ref` as [`place`] writes it.
fn known_as(element: &Value, id: &str) -> Value {
    let mut element = element.clone();
    if let Some(parts) = element.as_object_mut() {
        parts.insert("value".to_owned(), id.into());
        if let Some(Value::String(address)) = parts.get("$ref") {
            let address = Value::from(place(address));
            parts.insert("$ref".to_owned(), address);
        }
    }
    element
}

/// The filter with each `$ref` as [`place`] writes it: a resource has several addresses, and each names it.
fn with_places(filter: &Filter) -> Result<Filter, Error> {
    let all = |parts: &[Filter]| parts.iter().map(with_places).collect::<Result<Vec<_>, _>>();
    Ok(match filter {
        Filter::And(parts) => Filter::And(all(parts)?),
        Filter::Or(parts) => Filter::Or(all(parts)?),
        Filter::Not(inner) => Filter::Not(Box::new(with_places(inner)?)),
        Filter::Compare { path, op, value } if path.name == "$ref" => match (op, value) {
            (CompareOp::Eq | CompareOp::Ne, Literal::String(address)) => Filter::Compare {
                path: path.clone(),
                op: *op,
                value: Literal::String(place(address).to_owned()),
            },
            _ => return Err(unservable()),
        },
        other => other.clone(),
    })
}

/// `Users/idn_1` of `https://host/advisors/scim/v2/Users/idn_1`.
fn place(address: &str) -> &str {
    let mut slashes = address.rmatch_indices('/').skip(1);
    slashes.next().map_or(address, |(at, _)| &address[at + 1..])
}

/// Only members that are named can be found.
fn unservable() -> Error {
    Error::new(
        ScimType::InvalidFilter,
        "a filter on members must name each member by its id, as in members[value eq \"…\"]; more may be said of a member with \
         \"and\", as in members[value eq \"…\" and type eq \"User\"], and several are joined by \"or\". Read the group for the ids \
         of its members, and send those to be changed.",
    )
    .on("members[…]")
}

/// A member is named, and is another than the filter says: there is nothing to write (RFC 7644 §3.5.2.3).
pub(super) fn contradicted() -> Error {
    Error::no_target(
        "members[…]",
        "the filter names a member by its id and says of it what is not so, so no member is selected. Name the member by its id \
         alone, as in members[value eq \"…\"].",
    )
}
