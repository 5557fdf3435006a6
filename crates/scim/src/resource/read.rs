//! Lookup of values in a resource.
//!
//! Must not know: how a resource was made.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::{Resource, fold, is_blank};
use crate::name;
use crate::path::{Selector, ValuePath};
use crate::quirk::entra::unassigns;
#[cfg(doc)]
use crate::schema::ResourceType;

/// Access to attributes by name: of an object, a resource, a whole document.
pub trait Attributes {
    /// The value of an attribute of its own, or the object of an extension, by its name in any case.
    fn attribute(&self, name: &str) -> Option<Cow<'_, Value>>;
}

impl Attributes for Value {
    fn attribute(&self, name: &str) -> Option<Cow<'_, Value>> {
        get(self.as_object()?, name).map(Cow::Borrowed)
    }
}

impl Attributes for Resource {
    fn attribute(&self, name: &str) -> Option<Cow<'_, Value>> {
        get(self.as_map(), name).map(Cow::Borrowed)
    }
}

/// The result of `find` in a value, borrowed where the value is.
pub(crate) fn map_found<'v>(
    value: Cow<'v, Value>,
    find: impl for<'a> FnOnce(&'a Value) -> Option<&'a Value>,
) -> Option<Cow<'v, Value>> {
    match value {
        Cow::Borrowed(value) => find(value).map(Cow::Borrowed),
        Cow::Owned(value) => find(&value).cloned().map(Cow::Owned),
    }
}

impl Resource {
    /// The text of a core attribute.
    pub fn str_at(&self, name: &str) -> Option<&str> {
        get(self.as_map(), name).and_then(Value::as_str)
    }

    /// `userName`
    pub fn user_name(&self) -> Option<&str> {
        self.str_at("userName")
    }

    /// `externalId`
    pub fn external_id(&self) -> Option<&str> {
        self.str_at("externalId")
    }

    /// `displayName`
    pub fn display_name(&self) -> Option<&str> {
        self.str_at("displayName")
    }

    /// `active`; true where it is absent ([`Resource::with_defaults`]).
    pub fn active(&self) -> bool {
        get(self.as_map(), "active")
            .and_then(Value::as_bool)
            .unwrap_or(true)
    }

    /// The first e-mail address of this type (`work`, in any case).
    pub fn email(&self, kind: &str) -> Option<&str> {
        get(self.as_map(), "emails")?
            .as_array()?
            .iter()
            .filter(|email| {
                email
                    .get("type")
                    .and_then(Value::as_str)
                    .is_some_and(|found| fold(found) == fold(kind))
            })
            .find_map(|email| email.get("value").and_then(Value::as_str))
    }

    /// Every value at a path as mappings write it, which [`ResourceType::parse_value_path`] reads. Of a multi-valued
    /// attribute: one for each element that matches.
    pub fn values_at(&self, ValuePath { attr, selector }: &ValuePath) -> Vec<&Value> {
        let holder = match &attr.schema {
            Some(urn) if attr.name.is_empty() => return get(self.as_map(), urn).into_iter().collect(),
            Some(urn) => get(self.as_map(), urn).and_then(Value::as_object),
            None => Some(self.as_map()),
        };
        let elements: &[Value] = match holder.and_then(|map| get(map, &attr.name)) {
            Some(Value::Array(items)) => items,
            Some(single) => std::slice::from_ref(single),
            None => &[],
        };
        elements
            .iter()
            .filter(|element| selector.as_ref().is_none_or(|selector| selector.selects(element)))
            .filter_map(|element| match &attr.sub {
                Some(sub) => element.as_object().and_then(|map| get(map, sub)),
                None => Some(element),
            })
            .collect()
    }

    /// Whether a path has no value, or only a text that [`is_blank`]. This defines "required".
    pub fn is_missing(&self, path: &ValuePath) -> bool {
        self.values_at(path)
            .into_iter()
            .all(|value| unassigns(value) || value.as_str().is_some_and(is_blank))
    }
}

impl Selector {
    /// Whether it picks this element of a multi-valued attribute.
    pub fn selects(&self, element: &Value) -> bool {
        match element.as_object().and_then(|map| get(map, &self.sub)) {
            Some(Value::String(text)) => fold(text) == fold(&self.value),
            Some(Value::Bool(flag)) => name::eq(&self.value, if *flag { "true" } else { "false" }),
            Some(Value::Number(number)) => number.to_string() == self.value,
            _ => false,
        }
    }
}

/// The value under a name in any case; the canonical spelling is the fast path.
pub(crate) fn get<'a>(map: &'a Map<String, Value>, key: &str) -> Option<&'a Value> {
    map.get(key).or_else(|| {
        map.iter()
            .find(|(found, _)| name::eq(found, key))
            .map(|(_, value)| value)
    })
}
