//! Which attributes an answer holds (RFC 7644 §3.9, RFC 7643 §7 "returned").
//!
//! Must not know: where the document came from.

use serde_json::{Map, Value};

use crate::error::Error;
use crate::name;
use crate::path::AttrPath;
use crate::schema::{AttrType, Attribute, ResourceType, Returned};

/// `attributes` and `excludedAttributes`, as asked for; names are looked up when it is applied.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Projection {
    /// Only these; `None` means the default set.
    only: Option<Vec<String>>,
    /// Not these.
    except: Vec<String>,
}

/// How many names one query may list; far beyond any schema, and a bound on the work.
const MAX_NAMES: usize = 512;

impl Projection {
    /// Reads the two comma-separated lists. Names this directory does not have select nothing.
    ///
    /// # Errors
    /// [`crate::ScimType::InvalidValue`] when an entry is not an attribute's name, [`crate::ScimType::TooMany`] beyond
    /// 512 names.
    pub fn parse(attributes: Option<&str>, excluded: Option<&str>) -> Result<Self, Error> {
        let only = attributes
            .map(|list| names("attributes", list))
            .transpose()?
            .filter(|list| !list.is_empty());
        let except = excluded
            .map(|list| names("excludedAttributes", list))
            .transpose()?
            .unwrap_or_default();
        Ok(Self { only, except })
    }

    /// The document with what was asked for. `id` and `schemas` are always there; what is never returned never is.
    pub fn apply(&self, rt: &ResourceType, document: Value) -> Value {
        let Value::Object(document) = document else {
            return document;
        };
        let resolve = |list: &[String]| -> Vec<AttrPath> {
            list.iter().filter_map(|text| rt.parse_path(text).ok()).collect()
        };
        let asked = Asked {
            only: self.only.as_deref().map(resolve),
            except: resolve(&self.except),
        };
        let mut kept = Map::new();
        for (key, value) in document {
            let value = match rt.extension(&key) {
                Some(extension) => {
                    let urn = Some(extension.id.clone());
                    object(value, |name, value| {
                        asked.pick(extension.attribute(name), urn.clone(), name, value)
                    })
                }
                None => asked.pick(rt.attribute(&AttrPath::core(&key)), None, &key, value),
            };
            if let Some(value) = value {
                kept.insert(key, value);
            }
        }
        Value::Object(kept)
    }
}

fn names(parameter: &str, list: &str) -> Result<Vec<String>, Error> {
    let names: Vec<String> = list
        .split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect();
    if names.len() > MAX_NAMES {
        return Err(Error::too_many(format!(
            "The query parameter '{parameter}' lists more than {MAX_NAMES} attributes. List fewer, or leave it out."
        )));
    }
    for (index, name) in names.iter().enumerate() {
        // A URN may hold more than names; what follows its last colon decides.
        let tail = name.rsplit_once(':').map_or(name.as_str(), |(_, tail)| tail);
        if !tail.split('.').all(name::is_valid) {
            return Err(Error::invalid_value(
                parameter,
                format!(
                    "Entry {} of the query parameter '{parameter}' is not the name of an attribute. Write names such as \
                     userName, name.givenName or urn:…:User:department, separated by commas.",
                    index + 1
                ),
            ));
        }
    }
    Ok(names)
}

struct Asked {
    only: Option<Vec<AttrPath>>,
    except: Vec<AttrPath>,
}

impl Asked {
    /// What remains of one attribute; `None` when nothing does.
    fn pick(
        &self,
        attribute: Option<&Attribute>,
        schema: Option<String>,
        key: &str,
        value: Value,
    ) -> Option<Value> {
        let path = AttrPath {
            schema,
            name: key.to_owned(),
            sub: None,
        };
        let returned = attribute.map_or(Returned::Default, |attribute| attribute.returned);
        match returned {
            Returned::Always => return Some(value),
            Returned::Never => return None,
            Returned::Default | Returned::Request => {}
        }
        if self.except.iter().any(|except| covers(except, &path)) {
            return None;
        }
        let whole = match &self.only {
            Some(only) => only.iter().any(|only| covers(only, &path)),
            None => returned != Returned::Request,
        };
        let parts_asked = |list: &[AttrPath]| {
            list.iter()
                .any(|listed| listed.sub.is_some() && listed.parent() == path)
        };
        let partly = parts_asked(self.only.as_deref().unwrap_or_default());
        if !whole && !partly {
            return None;
        }
        let complex = attribute.is_none_or(|attribute| attribute.attr_type == AttrType::Complex);
        if !complex || (whole && !parts_asked(&self.except) && !has_rules(attribute)) {
            return Some(value);
        }
        self.parts(attribute, &path, whole, value)
    }

    fn parts(
        &self,
        attribute: Option<&Attribute>,
        path: &AttrPath,
        whole: bool,
        value: Value,
    ) -> Option<Value> {
        let keep = |name: &str| {
            let part = path.with_sub(name);
            let returned = attribute
                .and_then(|a| a.sub(name))
                .map_or(Returned::Default, |sub| sub.returned);
            match returned {
                Returned::Always => true,
                Returned::Never => false,
                Returned::Default | Returned::Request => {
                    let asked = self.only.as_ref().is_some_and(|only| only.contains(&part));
                    !self.except.contains(&part) && (asked || (whole && returned == Returned::Default))
                }
            }
        };
        let part = |value: Value| object(value, |name, value| keep(name).then_some(value));
        match value {
            Value::Array(items) => {
                let items: Vec<Value> = items.into_iter().filter_map(part).collect();
                (!items.is_empty()).then_some(Value::Array(items))
            }
            single => part(single),
        }
    }
}

/// Whether a listed path means the whole attribute: it is its path, or the URN of its extension.
fn covers(listed: &AttrPath, path: &AttrPath) -> bool {
    let same_schema = match (&listed.schema, &path.schema) {
        (Some(a), Some(b)) => name::eq(a, b),
        (None, None) => true,
        _ => false,
    };
    same_schema && (listed.is_whole_schema() || *listed == *path)
}

/// Whether a part has a rule of its own that even the whole attribute obeys.
fn has_rules(attribute: Option<&Attribute>) -> bool {
    attribute.is_some_and(|attribute| {
        attribute
            .sub_attributes
            .iter()
            .any(|sub| matches!(sub.returned, Returned::Never | Returned::Request))
    })
}

/// An object's members through `pick`; `None` when none remains. Anything but an object stays as it is.
fn object(value: Value, pick: impl Fn(&str, Value) -> Option<Value>) -> Option<Value> {
    let Value::Object(map) = value else {
        return Some(value);
    };
    let kept: Map<String, Value> = map
        .into_iter()
        .filter_map(|(key, value)| pick(&key, value).map(|value| (key, value)))
        .collect();
    (!kept.is_empty()).then_some(Value::Object(kept))
}
