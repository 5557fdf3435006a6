//! Split of a creation to break a circle: attributes that can be left out at first and added by a PATCH later.
//!
//! Must not know: the circle, the order of creations.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::refs;
use crate::name;
use crate::path::AttrPath;
use crate::schema::{Mutability, ResourceType};

/// A creation in two parts.
pub(super) struct Split {
    /// The document without references to the missing resources.
    pub(super) first: Value,
    /// The PATCH that adds what was left out, with unresolved references.
    pub(super) then: Value,
}

/// Takes attributes and elements of lists out of `data` that refer to one of `missing`.
///
/// `None` when such an attribute is required or immutable, so that it cannot be added later.
pub(super) fn split(data: &Value, missing: &BTreeSet<String>, rt: &ResourceType) -> Option<Split> {
    let mut first = data.as_object()?.clone();
    let mut later = Vec::new();
    for (key, value) in &mut first {
        if !refs::mentions(value, missing) {
            continue;
        }
        match (rt.extension(key), value) {
            (Some(extension), Value::Object(parts)) => {
                take(parts, missing, rt, Some(&extension.id), &mut later)?;
            }
            (_, value) => {
                let mut one = Map::from_iter([(key.clone(), value.take())]);
                take(&mut one, missing, rt, None, &mut later)?;
                *value = one.into_iter().next().map_or(Value::Null, |(_, kept)| kept);
            }
        }
    }
    Some(Split {
        first: Value::Object(first),
        then: json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
            "Operations": later,
        }),
    })
}

/// Moves references to missing resources from the attributes of one schema to operations that add them.
fn take(
    attributes: &mut Map<String, Value>,
    missing: &BTreeSet<String>,
    rt: &ResourceType,
    urn: Option<&str>,
    later: &mut Vec<Value>,
) -> Option<()> {
    for (key, value) in attributes {
        if !refs::mentions(value, missing) {
            continue;
        }
        let path = rt.canonical(AttrPath::new(urn, key));
        let attribute = rt.attribute(&path);
        if attribute.is_some_and(|it| it.required || it.mutability == Mutability::Immutable) {
            return None;
        }
        let held = match value {
            Value::Array(items) => {
                let (held, kept) = items.drain(..).partition(|item| refs::mentions(item, missing));
                *items = kept;
                Value::Array(held)
            }
            whole => whole.take(),
        };
        // Unknown and read-only attributes would be ignored anyway.
        if attribute.is_some_and(|it| it.mutability != Mutability::ReadOnly) && !name::eq(key, "schemas") {
            later.push(json!({"op": "add", "path": path.to_string(), "value": held}));
        }
    }
    Some(())
}
