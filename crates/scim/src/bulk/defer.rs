//! Breaking a circle: what a creation can leave out at first and get by a PATCH once the others exist.
//!
//! Must not know: which circle, or which resource is created first.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::refs;
use crate::name;
use crate::path::AttrPath;
use crate::schema::{Mutability, ResourceType};

/// A creation in two parts.
pub(super) struct Split {
    /// The document without what refers to the missing ones.
    pub(super) first: Value,
    /// The PATCH that adds what was left out; its references are not resolved.
    pub(super) then: Value,
}

/// Takes everything out of `data` that refers to one of `missing`, whole attributes or elements of lists.
///
/// `None` when an attribute must be there from the beginning (required, or immutable later).
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

/// Moves what refers to a missing one out of the attributes of one schema and into operations that add it.
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
        // What the directory does not have, or sets by itself, is passed over on writing.
        if attribute.is_some_and(|it| it.mutability != Mutability::ReadOnly) && !name::eq(key, "schemas") {
            later.push(json!({"op": "add", "path": path.to_string(), "value": held}));
        }
    }
    Some(())
}
