//! Cutting the text of an event to the released paths.

use std::collections::BTreeSet;

use scim::name;
use scim::path::{Selector, ValuePath};
use serde_json::{Map, Value, json};

use crate::profile::Profile;

/// Members of a state that are never cut.
const ALWAYS: [&str; 3] = ["id", "active", "memberCount"];
/// Members of `data` that name where and what, and are never cut; what is neither here nor cut by [`data`] is left out.
const WHERE: [&str; 7] = [
    "tenant",
    "directory",
    "revision",
    "previousRevision",
    "etag",
    "cause",
    "memberCount",
];

/// The path as the profile's schemas spell it.
pub(super) fn canonical(profile: &Profile, path: &str) -> String {
    let parsed = profile.resource_type.parse_value_path(path);
    parsed.map_or_else(|_| path.to_owned(), |path| path.to_string())
}

/// Whether the profile's schemas have an attribute at a path, or the whole extension that it names.
pub(super) fn is_known(profile: &Profile, path: &str) -> bool {
    let has_extension = profile
        .resource_type
        .extensions
        .iter()
        .any(|schema| name::eq(&schema.id, path));
    let parsed = profile.resource_type.parse_value_path(path);
    has_extension || parsed.is_ok_and(|path| profile.resource_type.attribute(&path.attr.parent()).is_some())
}

/// Released paths.
pub(super) struct Paths<'a> {
    paths: Vec<ValuePath>,
    /// As they were written: a whole extension is named by its URN.
    texts: Vec<&'a str>,
}

impl<'a> Paths<'a> {
    pub(super) fn of(paths: &'a BTreeSet<String>) -> Self {
        Self {
            paths: paths
                .iter()
                .filter_map(|path| ValuePath::parse(path, &[]).ok())
                .collect(),
            texts: paths.iter().map(String::as_str).collect(),
        }
    }

    /// With the name of groups, which is never cut, when the event is about one.
    pub(super) fn also_group_name(mut self, event_type: &str) -> Self {
        if event_type.starts_with("usher.group.") {
            self.paths.extend(ValuePath::parse("displayName", &[]));
        }
        self
    }

    fn has_extension(&self, urn: &str) -> bool {
        self.texts.iter().any(|text| name::eq(text, urn))
    }

    /// Those of one attribute.
    fn among(&self, schema: Option<&str>, attribute: &str) -> Vec<&ValuePath> {
        let is = |path: &&ValuePath| {
            let urn = path.attr.schema.as_deref();
            let same_schema = match (urn, schema) {
                (Some(a), Some(b)) => name::eq(a, b),
                (None, None) => true,
                _ => false,
            };
            same_schema && name::eq(&path.attr.name, attribute)
        };
        self.paths.iter().filter(is).collect()
    }

    /// Whether all values at a path are released.
    pub(super) fn covers(&self, path: &ValuePath) -> bool {
        let schema = path.attr.schema.as_deref();
        schema.is_some_and(|urn| self.has_extension(urn))
            || self.among(schema, &path.attr.name).into_iter().any(|released| {
                (released.selector.is_none()
                    || same_selector(released.selector.as_ref(), path.selector.as_ref()))
                    && released
                        .attr
                        .sub
                        .as_ref()
                        .is_none_or(|sub| path.attr.sub.as_ref().is_some_and(|other| name::eq(sub, other)))
            })
    }

    /// Whether some value at a path may be released.
    fn touches(&self, path: &ValuePath) -> bool {
        let schema = path.attr.schema.as_deref();
        let subs_differ =
            |a: Option<&String>, b: Option<&String>| matches!((a, b), (Some(a), Some(b)) if !name::eq(a, b));
        let selectors_differ = |released: &ValuePath| match (&released.selector, &path.selector) {
            (Some(a), Some(b)) => name::eq(&a.sub, &b.sub) && !same_selector(Some(a), Some(b)),
            _ => false,
        };
        self.covers(path)
            || self.among(schema, &path.attr.name).into_iter().any(|released| {
                !selectors_differ(released)
                    && !subs_differ(released.attr.sub.as_ref(), path.attr.sub.as_ref())
            })
    }
}

fn same_selector(a: Option<&Selector>, b: Option<&Selector>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => name::eq(&a.sub, &b.sub) && a.value.to_lowercase() == b.value.to_lowercase(),
        (None, None) => true,
        _ => false,
    }
}

/// A whole state, cut.
fn state(paths: &Paths<'_>, state: &Map<String, Value>) -> Map<String, Value> {
    let mut kept = Map::new();
    for (key, value) in state {
        let value = if ALWAYS.contains(&key.as_str()) || paths.has_extension(key) {
            Some(value.clone())
        } else if key.contains(':') {
            value.as_object().and_then(|extension| {
                let attributes = extension.iter().filter_map(|(attribute, value)| {
                    Some((
                        attribute.clone(),
                        cut_value(&paths.among(Some(key), attribute), value)?,
                    ))
                });
                let attributes: Map<String, Value> = attributes.collect();
                (!attributes.is_empty()).then_some(Value::Object(attributes))
            })
        } else {
            cut_value(&paths.among(None, key), value)
        };
        if let Some(value) = value {
            kept.insert(key.clone(), value);
        }
    }
    kept
}

/// An attribute's value, cut to the paths of this attribute; `None` when nothing is left.
fn cut_value(paths: &[&ValuePath], value: &Value) -> Option<Value> {
    if paths
        .iter()
        .any(|path| path.selector.is_none() && path.attr.sub.is_none())
    {
        return Some(value.clone());
    }
    match value {
        Value::Array(elements) => {
            let kept: Vec<Value> = elements
                .iter()
                .filter_map(|element| cut_element(paths, element))
                .collect();
            (!kept.is_empty()).then_some(Value::Array(kept))
        }
        single => cut_element(paths, single),
    }
}

fn cut_element(paths: &[&ValuePath], element: &Value) -> Option<Value> {
    let picks = |path: &&&ValuePath| {
        path.selector
            .as_ref()
            .is_none_or(|selector| selector.selects(element))
    };
    let picking: Vec<&&ValuePath> = paths.iter().filter(picks).collect();
    if picking.iter().any(|path| path.attr.sub.is_none()) {
        return Some(element.clone());
    }
    let members = element.as_object()?.iter().filter(|(key, _)| {
        picking.iter().any(|path| {
            let is_sub = path.attr.sub.as_deref().is_some_and(|sub| name::eq(sub, key));
            is_sub
                || path
                    .selector
                    .as_ref()
                    .is_some_and(|selector| name::eq(&selector.sub, key))
        })
    });
    let members: Map<String, Value> = members.map(|(key, value)| (key.clone(), value.clone())).collect();
    (!members.is_empty()).then_some(Value::Object(members))
}

/// The released changes of `data`; `None` when it has no list of changes.
pub(super) fn changes(paths: &Paths<'_>, data: &Value) -> Option<Vec<Value>> {
    let mut kept: Vec<Value> = Vec::new();
    for change in data.get("changes")?.as_array()? {
        let text = change["path"].as_str().unwrap_or_default();
        if text.eq_ignore_ascii_case("active") {
            kept.push(change.clone());
            continue;
        }
        // A path that does not parse names elements by a strange value: it is known by its attribute.
        let head = text.split('[').next().unwrap_or_default();
        let Ok(path) = ValuePath::parse(text, &[]).or_else(|_| ValuePath::parse(head, &[])) else {
            continue;
        };
        if paths.covers(&path) {
            kept.push(change.clone());
        } else if paths.touches(&path) {
            kept.extend(partial(paths, &path, change, data).filter(|new| !kept.contains(new)));
        }
    }
    Some(kept)
}

/// A change of which only a part is released, or of elements that are named by what is not released: told as one of the attribute,
/// with the released part of its present value. `None` when the change is seen to be of other parts.
fn partial(paths: &Paths<'_>, path: &ValuePath, change: &Value, data: &Value) -> Option<Value> {
    let schema = path.attr.schema.as_deref();
    let among = paths.among(schema, &path.attr.name);
    if path.selector.is_none() && path.attr.sub.is_none() {
        let [old, new] = ["old", "new"].map(|side| cut_value(&among, &change[side]).unwrap_or_default());
        let op = match (&old, &new) {
            (old, new) if old == new => return None,
            (Value::Null, _) => "add",
            (_, Value::Null) => "remove",
            _ => "replace",
        };
        return Some(json!({"path": path.to_string(), "op": op, "old": old, "new": new}));
    }
    let whole = [&data["identity"], &data["group"]]
        .into_iter()
        .find(|state| state.is_object())?;
    let holder = schema.map_or(whole, |urn| member(whole, urn));
    let new = cut_value(&among, member(holder, &path.attr.name)).unwrap_or_default();
    let attribute = path.attr.parent().to_string();
    Some(json!({"path": attribute, "op": "replace", "old": null, "new": new}))
}

fn member<'v>(object: &'v Value, key: &str) -> &'v Value {
    let found = object
        .as_object()
        .and_then(|map| map.iter().find(|(found, _)| name::eq(found, key)));
    found.map_or(&Value::Null, |(_, value)| value)
}

/// The `data` of an event or an entry, cut.
pub(super) fn data(paths: &Paths<'_>, fields: &BTreeSet<String>, event_type: &str, data: &mut Value) {
    let changes = changes(paths, data);
    let changed: Option<Vec<Value>> = changes
        .as_ref()
        .map(|changes| changes.iter().map(|change| change["path"].clone()).collect());
    let Some(all) = data.as_object() else { return };
    let mut kept = Map::new();
    for (key, value) in all {
        let value = match key.as_str() {
            where_ if WHERE.contains(&where_) || where_ == "cleared" => value.clone(),
            "group" if event_type.contains(".members_") => known(paths, value),
            "identity" | "group" => value
                .as_object()
                .map_or(Value::Null, |all| state(paths, all).into()),
            "record" => value.as_object().map_or(Value::Null, |all| record(fields, all)),
            "changes" => changes.clone().unwrap_or_default().into(),
            "changedAttributes" => changed.clone().unwrap_or_default().into(),
            "managedAttributes" => managed(paths, value),
            "tombstone" => known(paths, value),
            "added" | "removed" | "members" => {
                let all = value.as_array().into_iter().flatten();
                all.map(|one| known(paths, one)).collect::<Vec<_>>().into()
            }
            _ => continue,
        };
        kept.insert(key.clone(), value);
    }
    *data = kept.into();
}

/// What something is known by: its id, and null for every name that is not released.
fn known(paths: &Paths<'_>, names: &Value) -> Value {
    let all = names.as_object().into_iter().flatten();
    let cut = all.map(|(key, value)| {
        let is_released = key == "id" || !paths.among(None, key).is_empty();
        (key.clone(), if is_released { value.clone() } else { Value::Null })
    });
    cut.collect::<Map<String, Value>>().into()
}

fn record(fields: &BTreeSet<String>, record: &Map<String, Value>) -> Value {
    let kept = record
        .iter()
        .filter(|(key, _)| *key == "id" || fields.contains(*key));
    let kept = kept.map(|(key, value)| (key.clone(), value.clone()));
    kept.collect::<Map<String, Value>>().into()
}

fn managed(paths: &Paths<'_>, value: &Value) -> Value {
    let is_released = |path: &&Value| {
        let text = path.as_str().unwrap_or_default();
        matches!(text, "active" | "members")
            || ValuePath::parse(text, &[]).is_ok_and(|path| paths.touches(&path))
    };
    let all = value.as_array().into_iter().flatten();
    all.filter(is_released).cloned().collect::<Vec<_>>().into()
}

/// Makes an event `removed`, with ids only: the app may not see what it tells of. Its new type.
pub(super) fn removed(event: &mut Value, revision: i64) -> String {
    let is_group = event["subject"]
        .as_str()
        .is_some_and(|subject| subject.starts_with("/Groups/"));
    let noun = if is_group { "group" } else { "identity" };
    let word = format!("usher.{noun}.removed.v1");
    let subject = event["subject"].as_str().unwrap_or_default();
    let id = subject.rsplit('/').next().unwrap_or_default().to_owned();
    let number = event.pointer("/data/revision").cloned().unwrap_or_default();
    let data = removed_data(&event["data"], &id, is_group, &number);
    event["data"] = data;
    event["type"] = word.clone().into();
    event["dataschema"] = format!("urn:usher:schema:{noun}.removed:1").into();
    event["part"] = "1/1".into();
    event["release"] = revision.into();
    let tenant = event["tenantid"].as_str().unwrap_or_default();
    event["idempotencykey"] = format!("{tenant}/{id}/{number}/release{revision}").into();
    if let Some(all) = event.as_object_mut() {
        all.retain(|key, _| !matches!(key.as_str(), "txn" | "traceparent"));
    }
    word
}

fn removed_data(data: &Value, id: &str, is_group: bool, revision: &Value) -> Value {
    let name = if is_group { "displayName" } else { "userName" };
    let mut removed = json!({
        "tenant": data["tenant"],
        "directory": data["directory"],
        (if is_group { "group" } else { "identity" }): null,
        "changes": [],
        "changedAttributes": [],
        "managedAttributes": [],
        "revision": revision,
        "previousRevision": revision,
        "etag": data["etag"],
        "cause": {"actor": "system", "operation": "RELEASE", "requestId": null, "clientRequestId": null, "tokenId": null},
        "tombstone": {"id": id, "externalId": null, name: null},
    });
    if let Some(removed) = removed.as_object_mut().filter(|_| !is_group) {
        removed.insert("record".to_owned(), Value::Null);
    }
    removed
}
