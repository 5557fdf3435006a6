//! The canonical form of lists, for POST, PUT and PATCH alike (ADR 0037).
//!
//! No element has only `type` and `primary`, no two elements have the same `type` and `value` (RFC 7643 §2.4), at most one
//! is `primary`. Must not know: the request; types are checked by `coerce`.

use std::collections::{BTreeMap, HashMap};

use serde_json::{Map, Value};

use super::Resource;
use crate::filter::comparison_key;
use crate::quirk::entra::{self, is_hollow, last_primary_wins};
use crate::quirk::rules::{RoleText, Rules};
use crate::schema::{Attribute, ResourceType, Schema};

impl Resource {
    /// The document with JSON text in app roles decoded, where the provider sends it; PATCH decodes it alike.
    #[must_use]
    pub fn with_roles_read(self, rt: &ResourceType, rules: &Rules) -> Self {
        if rules.role_text == RoleText::AsSent {
            return self;
        }
        let mut map = self.into_map();
        let Some(Value::Array(roles)) = map.get_mut("roles") else {
            return Self::from_stored(map);
        };
        for role in roles.iter_mut() {
            *role = entra::role(role.take());
        }
        Self::from_stored(map).canonical(rt)
    }

    /// The document with each of its lists in canonical form; what is empty then is left out.
    ///
    /// Idempotent; the document as the body of a PUT gives the same document.
    #[must_use]
    pub fn canonical(self, rt: &ResourceType) -> Self {
        let mut map = self.into_map();
        lists(&rt.core, &mut map);
        for extension in &rt.extensions {
            let Some(Value::Object(object)) = map.get_mut(&extension.id) else {
                continue;
            };
            lists(extension, object);
            if object.is_empty() {
                map.shift_remove(&extension.id);
            }
        }
        Self::from_stored(map)
    }
}

fn lists(schema: &Schema, holder: &mut Map<String, Value>) {
    for attribute in schema
        .attributes
        .iter()
        .filter(|attribute| attribute.multi_valued)
    {
        let Some(Value::Array(elements)) = holder.get_mut(&attribute.name) else {
            continue;
        };
        list(attribute, elements);
        if elements.is_empty() {
            holder.shift_remove(&attribute.name);
        }
    }
}

/// Brings the elements of one list, whose types are right, into canonical form.
pub(super) fn list(attribute: &Attribute, elements: &mut Vec<Value>) {
    elements.retain(|element| !element.as_object().is_some_and(is_hollow));
    merge_same(attribute, elements);
    last_primary_wins(elements, None);
}

/// Merges elements of the same identity into one, at the position of the first. It has the members of all of them, of the
/// last where they differ, and is primary when one of them was.
fn merge_same(attribute: &Attribute, elements: &mut Vec<Value>) {
    let mut places: HashMap<BTreeMap<String, String>, usize> = HashMap::new();
    let mut kept: Vec<Value> = Vec::with_capacity(elements.len());
    for element in std::mem::take(elements) {
        let twin = *places
            .entry(element_key(attribute, &element))
            .or_insert(kept.len());
        match (kept.get_mut(twin), element) {
            (None, element) => kept.push(element),
            (Some(Value::Object(first)), Value::Object(parts)) => {
                let primary = first.get("primary") == Some(&Value::Bool(true));
                first.extend(parts);
                if primary {
                    first.insert("primary".to_owned(), Value::Bool(true));
                }
            }
            (Some(_), _) => {}
        }
    }
    *elements = kept;
}

/// The identity of an element: `type` and `value` by their rules of comparison; without a `value`, all members but `primary`.
fn element_key(attribute: &Attribute, element: &Value) -> BTreeMap<String, String> {
    let Value::Object(object) = element else {
        return BTreeMap::from([("value".to_owned(), comparison_key(attribute, element))]);
    };
    let has_value = object.contains_key("value");
    let counts = |part: &str| {
        if has_value {
            matches!(part, "value" | "type")
        } else {
            part != "primary"
        }
    };
    let parts = object.iter().filter(|(part, _)| counts(part));
    parts
        .map(|(part, value)| (part.clone(), part_key(attribute, part, value)))
        .collect()
}

/// The text that two values of a sub-attribute share exactly when its rule of comparison makes them equal.
pub(crate) fn part_key(attribute: &Attribute, part: &str, value: &Value) -> String {
    attribute
        .sub(part)
        .map_or_else(|| value.to_string(), |sub| comparison_key(sub, value))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::schema::{AttrType, user};

    #[test]
    fn every_list_comes_to_the_one_form_and_stays_there() {
        let core = user();
        let emails = core.attribute("emails").expect("core");
        let addresses = core.attribute("addresses").expect("core");
        let tags = Attribute::string("tags", "Tags").multi();
        let codes = Attribute::string("codes", "Codes").case_exact().multi();
        let rates = Attribute::new("rates", AttrType::Decimal, "Rates").multi();
        for (attribute, sent, kept) in [
            (emails, json!([{"type": "work", "primary": true}]), json!([])),
            (
                emails,
                json!([{"type": "work", "value": "a", "primary": true}, {"type": "home", "primary": true}]),
                json!([{"type": "work", "value": "a", "primary": true}]),
            ),
            (
                emails,
                json!([{"type": "work", "value": "a", "primary": true}, {"type": "work", "value": "a", "primary": false}]),
                json!([{"type": "work", "value": "a", "primary": true}]),
            ),
            (
                emails,
                json!([{"type": "work", "value": "a"}, {"type": "Work", "value": "A", "display": "x"}]),
                json!([{"type": "Work", "value": "A", "display": "x"}]),
            ),
            (
                emails,
                json!([{"type": "work", "value": "a"}, {"type": "home", "value": "a"}, {"value": "a"}]),
                json!([{"type": "work", "value": "a"}, {"type": "home", "value": "a"}, {"value": "a"}]),
            ),
            (
                emails,
                json!([{"value": "a", "primary": true}, {"value": "b", "primary": true}]),
                json!([{"value": "a", "primary": false}, {"value": "b", "primary": true}]),
            ),
            (
                addresses,
                json!([{"type": "work", "country": "DK", "primary": true}, {"type": "work", "country": "DK"}]),
                json!([{"type": "work", "country": "DK", "primary": true}]),
            ),
            (
                addresses,
                json!([{"type": "work", "country": "DK"}, {"type": "work", "country": "SE"}]),
                json!([{"type": "work", "country": "DK"}, {"type": "work", "country": "SE"}]),
            ),
            (&tags, json!(["a", "b", "A"]), json!(["a", "b"])),
            (&codes, json!(["a", "b", "A", "a"]), json!(["a", "b", "A"])),
            (&rates, json!([1, 1.0, 2]), json!([1, 2])),
        ] {
            let Value::Array(mut elements) = sent.clone() else {
                continue;
            };
            for round in ["once", "twice"] {
                list(attribute, &mut elements);
                assert_eq!(json!(elements), kept, "{sent} {round}");
            }
        }
    }
}
