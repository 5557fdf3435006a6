//! The attributes of a response (RFC 7644 §3.9, RFC 7643 §7 "returned").
//!
//! The RFC calls `attributes` and `excludedAttributes` alternatives; sent together they give the listed attributes without
//! the excluded ones. Must not know: the source of the document.

use std::borrow::Cow;

use serde_json::{Map, Value};

use crate::error::Error;
use crate::name;
use crate::path::AttrPath;
use crate::schema::{AttrType, Attribute, ResourceType, Returned};

/// `attributes` and `excludedAttributes` as sent; [`Projection::resolve`] looks the names up.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Projection {
    /// Only these; `None` means the default set.
    only: Option<Vec<String>>,
    /// Not these.
    except: Vec<String>,
}

/// The most names that one query may list; far beyond any schema, a bound on the work.
const MAX_NAMES: usize = 512;

impl Projection {
    /// Parses the two comma-separated lists. Unknown names select nothing; a filter behind a name (`emails[type eq "work"]`,
    /// as Microsoft's test suite sends it) is ignored: the attribute is returned whole.
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

    /// The names as paths of this type.
    pub fn resolve(&self, rt: &ResourceType) -> ResolvedProjection {
        let resolve = |list: &[String]| -> Vec<AttrPath> {
            let paths = list.iter().filter_map(|text| rt.parse_path(text).ok());
            // The core schema's URN alone means all that has no URN.
            let other = |urn: &String| !name::eq(urn, &rt.core.id);
            paths
                .map(|path| AttrPath {
                    schema: path.schema.filter(other),
                    ..path
                })
                .collect()
        };
        ResolvedProjection {
            is_everything: *self == Self::default() && !has_rules(rt.attributes()),
            only: self.only.as_deref().map(resolve),
            except: resolve(&self.except),
        }
    }
}

fn names(parameter: &str, list: &str) -> Result<Vec<String>, Error> {
    let names: Vec<String> = without_filters(list)
        .split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect();
    if names.len() > MAX_NAMES {
        return Err(Error::too_many(format!(
            "The parameter {parameter} lists more than {MAX_NAMES} attributes. List fewer, or leave it out."
        )));
    }
    for (index, name) in names.iter().enumerate() {
        // A URN may have other characters than names; the text behind its last colon decides, unless all is an extension's URN.
        let (urn, tail) = name.rsplit_once(':').unwrap_or(("", name));
        let named = tail.split('.').all(name::is_valid);
        let extension = !urn.is_empty() && name.bytes().all(|byte| byte.is_ascii_graphic());
        if !named && !extension {
            return Err(Error::invalid_value(
                parameter,
                format!(
                    "Entry {} of the parameter {parameter} is not the name of an attribute. Write names such as userName, \
                     name.givenName or urn:…:User:department, separated by commas.",
                    index + 1
                ),
            ));
        }
    }
    Ok(names)
}

/// The list without the texts in brackets; brackets and commas within quotes do not count.
fn without_filters(list: &str) -> String {
    let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
    let mut kept = String::with_capacity(list.len());
    for letter in list.chars() {
        match letter {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' if depth > 0 => quoted = !quoted,
            '[' if !quoted => depth += 1,
            ']' if !quoted && depth > 0 => depth -= 1,
            _ if depth > 0 => {}
            other => kept.push(other),
        }
    }
    kept
}

/// A [`Projection`] of resources of one type.
#[derive(Debug)]
pub struct ResolvedProjection {
    only: Option<Vec<AttrPath>>,
    except: Vec<AttrPath>,
    is_everything: bool,
}

/// The requested part of an attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Share {
    Whole,
    /// Only the listed sub-attributes.
    Parts,
    Nothing,
}

impl ResolvedProjection {
    /// Whether every document is returned whole.
    pub(crate) const fn is_everything(&self) -> bool {
        self.is_everything
    }

    /// Whether any part of an attribute is requested, otherwise it need not be loaded. `path` is the attribute's own, as in
    /// `members`.
    pub fn wants(&self, rt: &ResourceType, path: &str) -> bool {
        let Ok(path) = rt.parse_path(path) else {
            return false;
        };
        match rt.attribute(&path).map(|attribute| attribute.returned) {
            Some(Returned::Always) => true,
            Some(Returned::Never) | None => false,
            Some(returned) => self.share(returned, &path) != Share::Nothing,
        }
    }

    /// The requested part of a member of a document: an attribute, or the object of an extension; `None` when there is none.
    /// `returned: always` (`id`, `schemas`) and `returned: never` hold whatever is requested.
    pub fn pick<'v>(&self, rt: &ResourceType, name: &str, value: &'v Value) -> Option<Cow<'v, Value>> {
        if self.is_everything && !value.as_object().is_some_and(Map::is_empty) {
            return Some(Cow::Borrowed(value));
        }
        if let Some(extension) = rt.extension(name) {
            return object(value, |name, value| {
                let path = AttrPath::new(Some(&extension.id), name);
                self.attribute(extension.attribute(name), &path, value)
            });
        }
        let path = AttrPath::core(name);
        self.attribute(rt.attribute(&path), &path, value)
    }

    fn share(&self, returned: Returned, path: &AttrPath) -> Share {
        if self.except.iter().any(|except| covers(except, path)) {
            return Share::Nothing;
        }
        let whole = match &self.only {
            Some(only) => only.iter().any(|only| covers(only, path)),
            None => returned != Returned::Request,
        };
        let partly = has_part_of(self.only.as_deref().unwrap_or_default(), path);
        match (whole, partly) {
            (true, _) => Share::Whole,
            (false, true) => Share::Parts,
            (false, false) => Share::Nothing,
        }
    }

    /// The requested part of one attribute.
    fn attribute<'v>(
        &self,
        attribute: Option<&Attribute>,
        path: &AttrPath,
        value: &'v Value,
    ) -> Option<Cow<'v, Value>> {
        let share = match attribute.map_or(Returned::Default, |attribute| attribute.returned) {
            Returned::Never => return None,
            Returned::Always => Share::Whole,
            returned @ (Returned::Default | Returned::Request) => self.share(returned, path),
        };
        if share == Share::Nothing {
            return None;
        }
        let complex = attribute.is_none_or(|attribute| attribute.attr_type == AttrType::Complex);
        let untouched = share == Share::Whole
            && !has_part_of(&self.except, path)
            && !attribute.is_some_and(|attribute| has_rules(&attribute.sub_attributes));
        if !complex || untouched {
            return Some(Cow::Borrowed(value));
        }
        self.parts(attribute, path, share == Share::Whole, value)
    }

    fn parts<'v>(
        &self,
        attribute: Option<&Attribute>,
        path: &AttrPath,
        whole: bool,
        value: &'v Value,
    ) -> Option<Cow<'v, Value>> {
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
        let part = |value: &'v Value| object(value, |name, value| keep(name).then_some(Cow::Borrowed(value)));
        match value {
            Value::Array(items) => {
                let items: Vec<Value> = items.iter().filter_map(part).map(Cow::into_owned).collect();
                (!items.is_empty()).then_some(Cow::Owned(Value::Array(items)))
            }
            single => part(single),
        }
    }
}

/// Whether a sub-attribute is listed.
fn has_part_of(list: &[AttrPath], path: &AttrPath) -> bool {
    list.iter()
        .any(|listed| listed.sub.is_some() && listed.parent() == *path)
}

/// Whether a listed path means the whole attribute: it is its path, or the URN of its extension.
fn covers(listed: &AttrPath, path: &AttrPath) -> bool {
    listed.is_beside(path) && (listed.is_whole_schema() || *listed == *path)
}

/// Whether one of these attributes, or a sub-attribute, is not part of every full response.
fn has_rules<'a>(attributes: impl IntoIterator<Item = &'a Attribute>) -> bool {
    attributes.into_iter().any(|attribute| {
        matches!(attribute.returned, Returned::Never | Returned::Request)
            || has_rules(&attribute.sub_attributes)
    })
}

/// An object's members through `pick`; `None` when none is left. Any other value is unchanged.
fn object<'v>(
    value: &'v Value,
    pick: impl Fn(&str, &'v Value) -> Option<Cow<'v, Value>>,
) -> Option<Cow<'v, Value>> {
    let Value::Object(map) = value else {
        return Some(Cow::Borrowed(value));
    };
    let kept: Map<String, Value> = map
        .iter()
        .filter_map(|(key, value)| Some((key.clone(), pick(key, value)?.into_owned())))
        .collect();
    (!kept.is_empty()).then_some(Cow::Owned(Value::Object(kept)))
}
