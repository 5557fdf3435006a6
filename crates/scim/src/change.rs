//! The differences between two states of a resource, with paths as Entra's attribute mappings write them.
//!
//! Must not know: the cause or the time of a change; `domain::event` makes events of changes.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::path::AttrPath;
use crate::resource::{Resource, fold};
use crate::schema::{AttrType, Attribute, ResourceType};

/// One value that became another.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Change {
    /// `displayName`, `name.givenName`, `addresses[type eq "work"].formatted`, `urn:…:User:department`.
    pub path: String,
    /// `add`, `replace` or `remove`.
    pub op: &'static str,
    /// The value before; null when there was none.
    pub old: Value,
    /// The value after; null when there is none.
    pub new: Value,
}

impl Change {
    fn between(path: String, old: Option<&Value>, new: Option<&Value>) -> Option<Self> {
        let op = match (old, new) {
            (None, None) => return None,
            (Some(old), Some(new)) if old == new => return None,
            (None, Some(_)) => "add",
            (Some(_), Some(_)) => "replace",
            (Some(_), None) => "remove",
        };
        let owned = |value: Option<&Value>| value.cloned().unwrap_or(Value::Null);
        Some(Self {
            path,
            op,
            old: owned(old),
            new: owned(new),
        })
    }
}

/// Every change from `old` to `new`: empty exactly when both hold the same values.
///
/// Order: the attributes of `new` in their order, then those that only `old` has. Elements of multi-valued attributes are
/// identified by `type`, else by `value`; where two elements share it, the attribute is one change as a whole.
pub fn diff(rt: &ResourceType, old: &Resource, new: &Resource) -> Vec<Change> {
    let mut changes = Vec::new();
    members(old.as_map(), new.as_map(), |key, old, new| {
        let Some(extension) = rt.extension(key) else {
            let path = AttrPath::core(key);
            return attribute(rt.core.attribute(key), &path, old, new, &mut changes);
        };
        members(object(old), object(new), |name, old, new| {
            let path = AttrPath::new(Some(&extension.id), name);
            attribute(extension.attribute(name), &path, old, new, &mut changes);
        });
    });
    changes
}

/// Visits each key of either map once, in the order of `new` and then of `old`.
fn members(
    old: &Map<String, Value>,
    new: &Map<String, Value>,
    mut visit: impl FnMut(&str, Option<&Value>, Option<&Value>),
) {
    for (key, value) in new {
        visit(key, old.get(key), Some(value));
    }
    for (key, value) in old.iter().filter(|(key, _)| !new.contains_key(*key)) {
        visit(key, Some(value), None);
    }
}

fn attribute(
    schema: Option<&Attribute>,
    path: &AttrPath,
    old: Option<&Value>,
    new: Option<&Value>,
    changes: &mut Vec<Change>,
) {
    let complex = schema.is_some_and(|attribute| attribute.attr_type == AttrType::Complex);
    if complex && old != new {
        match (old.unwrap_or(&Value::Null), new.unwrap_or(&Value::Null)) {
            (Value::Object(_) | Value::Null, Value::Object(_) | Value::Null) => {
                return parts(&path.to_string(), old, new, &[], changes);
            }
            (Value::Array(_) | Value::Null, Value::Array(_) | Value::Null)
                if elements(path, old, new, changes) =>
            {
                return;
            }
            _ => {}
        }
    }
    changes.extend(Change::between(path.to_string(), old, new));
}

/// The changes of an object's members, except those in `skip`.
fn parts(path: &str, old: Option<&Value>, new: Option<&Value>, skip: &[&str], changes: &mut Vec<Change>) {
    members(object(old), object(new), |part, old, new| {
        if !skip.contains(&part) {
            changes.extend(Change::between(format!("{path}.{part}"), old, new));
        }
    });
}

/// Adds the changes of a list, element by element; `false` when its elements cannot be identified.
fn elements(path: &AttrPath, old: Option<&Value>, new: Option<&Value>, changes: &mut Vec<Change>) -> bool {
    let (old_items, new_items) = (items(old), items(new));
    for key in ["type", "value"] {
        let (Some(old_keys), Some(new_keys)) = (keys(old_items, key), keys(new_items, key)) else {
            continue;
        };
        let before = changes.len();
        let present: HashMap<&str, &Value> = old_keys.iter().map(String::as_str).zip(old_items).collect();
        let kept: HashSet<&str> = new_keys.iter().map(String::as_str).collect();
        let new = new_items.iter().zip(&new_keys);
        let new = new.map(|(item, name)| (item, present.get(name.as_str()).copied(), Some(item)));
        let gone = old_items.iter().zip(&old_keys);
        let gone = gone.filter(|(_, name)| !kept.contains(name.as_str()));
        for (item, old, new) in new.chain(gone.map(|(item, _)| (item, Some(item), None))) {
            let path = selected(path, key, item);
            parts(&path, old, new, implied_by_path(key, old, new), changes);
        }
        // Another order changes no value, yet the documents differ: the list is one change as a whole.
        return changes.len() > before;
    }
    false
}

static EMPTY: LazyLock<Map<String, Value>> = LazyLock::new(Map::new);

fn object(value: Option<&Value>) -> &Map<String, Value> {
    value.and_then(Value::as_object).unwrap_or(&EMPTY)
}

fn items(value: Option<&Value>) -> &[Value] {
    value.and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The folded key of every element; `None` when one has none, or two have the same.
fn keys(items: &[Value], key: &str) -> Option<Vec<String>> {
    let mut found: Vec<String> = Vec::with_capacity(items.len());
    for item in items {
        let text = fold(item.get(key)?.as_str()?);
        if text.contains(['"', '\\']) {
            return None;
        }
        found.push(text);
    }
    let different: HashSet<&str> = found.iter().map(String::as_str).collect();
    (different.len() == items.len()).then_some(found)
}

/// The members that the path contains already: the key, unless its spelling changed.
fn implied_by_path(key: &'static str, old: Option<&Value>, new: Option<&Value>) -> &'static [&'static str] {
    let respelt = matches!((old, new), (Some(old), Some(new)) if old.get(key) != new.get(key));
    match key {
        "type" if !respelt => &["type"],
        _ => &[],
    }
}

fn selected(path: &AttrPath, key: &str, item: &Value) -> String {
    let value = item.get(key).and_then(Value::as_str).unwrap_or_default();
    format!("{path}[{key} eq \"{value}\"]")
}
