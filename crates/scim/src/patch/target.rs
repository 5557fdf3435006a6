//! PATCH paths: `attr`, `attr.sub`, `attr[filter]`, `attr[filter].sub`, each with a URN or without, against the schema.
//!
//! Must not know: values, operations. Read `normalize` next.

use crate::error::{Error, ScimType};
use crate::filter::{CONTROL, Filter, selector};
use crate::name;
use crate::path::AttrPath;
use crate::quirk::rules::AbsentElement;
use crate::schema::{AttrType, Attribute, Mutability, ResourceType, Schema};

/// An attribute that this directory has and a client may write, or a part or elements of one.
#[derive(Debug, Clone)]
pub(super) struct Target<'a> {
    /// The path in the schema's spelling; `schema` only for extensions; `sub` is a known sub-attribute.
    pub(super) path: AttrPath,
    pub(super) attribute: &'a Attribute,
    /// The selected elements; `None` means the attribute as a whole.
    pub(super) filter: Option<Filter>,
    /// The rule for a filter that selects no element.
    pub(super) absent: AbsentElement,
}

impl<'a> Target<'a> {
    /// The sub-attribute, if the path has one.
    pub(super) fn leaf(&self) -> Option<&'a Attribute> {
        self.path.sub.as_deref().and_then(|sub| self.attribute.sub(sub))
    }

    /// The target of the same attribute's part `sub`.
    pub(super) fn part(&self, sub: &Attribute) -> Self {
        Self {
            path: self.path.with_sub(&sub.name),
            attribute: self.attribute,
            filter: None,
            absent: self.absent,
        }
    }
}

/// The meaning of a path.
pub(super) enum Destination<'a> {
    /// An attribute, a part of one, or elements of one.
    Attribute(Target<'a>),
    /// The whole object of a schema: the path is a URN only.
    Schema(&'a Schema),
    /// A read-only attribute; clients send such paths.
    ReadOnly,
    /// `schemas`, which is computed; clients add the URN of an extension.
    Computed,
    /// A path that this directory's schemas do not have, in dotted form.
    Unknown(String),
}

/// Looks up the path `text`.
pub(super) fn locate<'a>(rt: &'a ResourceType, text: &str) -> Result<Destination<'a>, Error> {
    let open = text.find('[');
    let head = &text[..open.unwrap_or(text.len())];
    let written = AttrPath::parse(head, &rt.urns())?;
    if written.is_whole_schema() {
        let urn = written.schema.as_deref().unwrap_or_default();
        let schema = rt.schemas().find(|schema| name::eq(urn, &schema.id));
        return match (schema, open) {
            (Some(schema), None) => Ok(Destination::Schema(schema)),
            _ => Err(malformed(
                text,
                open,
                "a schema has no elements to select; name an attribute before the bracket",
            )),
        };
    }
    let path = rt.canonical(written);
    let attribute = rt.attribute(&path);
    let (filter, path) = match open {
        None => (None, path),
        Some(open) => {
            check_selectable(text, open, &path, attribute)?;
            let selected = selector(text, open, attribute).map_err(|error| relabel(text, &error))?;
            let sub = selected.sub.map(|sub| {
                attribute
                    .and_then(|a| a.sub(&sub))
                    .map_or(sub, |part| part.name.clone())
            });
            (Some(selected.filter), AttrPath { sub, ..path })
        }
    };
    let Some(attribute) = attribute else {
        return Ok(Destination::Unknown(path.to_string()));
    };
    resolve(text, attribute, path, filter)
}

fn resolve<'a>(
    text: &str,
    attribute: &'a Attribute,
    path: AttrPath,
    filter: Option<Filter>,
) -> Result<Destination<'a>, Error> {
    if path.schema.is_none() && name::eq(&path.name, "schemas") {
        return Ok(Destination::Computed);
    }
    if attribute.mutability == Mutability::ReadOnly {
        return Ok(Destination::ReadOnly);
    }
    if let Some(sub) = &path.sub {
        if attribute.attr_type != AttrType::Complex {
            return Err(malformed(
                text,
                None,
                &format!("{} has no parts; name it without \".{sub}\"", attribute.name),
            ));
        }
        match attribute.sub(sub) {
            None => return Ok(Destination::Unknown(path.to_string())),
            Some(part) if part.mutability == Mutability::ReadOnly => return Ok(Destination::ReadOnly),
            Some(_) => {}
        }
    }
    Ok(Destination::Attribute(Target {
        path,
        attribute,
        filter,
        absent: AbsentElement::Create,
    }))
}

fn check_selectable(
    text: &str,
    open: usize,
    path: &AttrPath,
    attribute: Option<&Attribute>,
) -> Result<(), Error> {
    if path.sub.is_some() {
        return Err(malformed(
            text,
            Some(open),
            "the bracket belongs directly behind the attribute, as in emails[type eq \"work\"].value",
        ));
    }
    match attribute {
        Some(attribute) if attribute.attr_type != AttrType::Complex => Err(malformed(
            text,
            Some(open),
            &format!(
                "{} has no parts to select in brackets; name it alone",
                attribute.name
            ),
        )),
        _ => Ok(()),
    }
}

fn malformed(text: &str, position: Option<usize>, why: &str) -> Error {
    let error = Error::invalid_path(
        shown(text),
        format!("The path cannot be used: {why}. Check the target attribute in the attribute mapping."),
    );
    Error { position, ..error }
}

/// A filter's error as an error of its path. A control character in a value stays an error of the filter (RFC 7644 §3.12,
/// table 9 has both).
fn relabel(text: &str, error: &Error) -> Error {
    let detail = error.detail.replacen("The filter is", "The path is", 1);
    let scim_type = if error.detail.contains(CONTROL) {
        ScimType::InvalidFilter
    } else {
        ScimType::InvalidPath
    };
    Error {
        scim_type,
        detail,
        attribute: Some(shown(text)),
        position: error.position,
    }
}

/// A path as an error may show it: without the filter, unless it compares `type` or `primary`, because it may have an address
/// or a name.
pub(super) fn shown(text: &str) -> String {
    let short = |text: &str| text.chars().take(160).collect::<String>();
    let Some((head, rest)) = text.split_once('[') else {
        return short(text);
    };
    let Some((inner, tail)) = rest.rsplit_once(']') else {
        return format!("{}[…", short(head));
    };
    let mut words = inner.split_whitespace();
    let kind = words
        .next()
        .is_some_and(|word| name::eq(word, "type") || name::eq(word, "primary"));
    if kind && words.count() == 2 && inner.len() <= 40 {
        short(text)
    } else {
        format!("{}[…]{}", short(head), short(tail))
    }
}
