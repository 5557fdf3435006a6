//! Names and literals of a filter against the schema: the attribute of a name, and the literal as the attribute's type.
//!
//! Must not know: the grammar. An unknown name is refused with the names that are allowed. Read `eval` next.

use chrono::{DateTime, FixedOffset, NaiveDateTime};
use serde_json::Number;

use super::{CompareOp, Literal};
use crate::error::Error;
use crate::path::AttrPath;
use crate::quirk::entra;
use crate::schema::{AttrType, Attribute, Mutability, ResourceType, Returned};

/// An `invalidFilter` at a byte of the text; the rule that is broken is given as to [`format!`].
macro_rules! fault {
    ($position:expr, $($rule:tt)+) => {
        $crate::filter::typing::invalid_at($position, &format!($($rule)+))
    };
}
pub(super) use fault;

pub(super) fn invalid_at(position: usize, rule: &str) -> Error {
    let detail = format!("The filter is not understood at byte {position}: {rule}.");
    Error::invalid_filter(position, detail)
}

/// The attributes that a name may be of.
#[derive(Clone, Copy)]
pub(super) enum Scope<'a> {
    /// The attributes of a resource, and the other types that are listed with it.
    Resource(&'a ResourceType, &'a [&'a ResourceType]),
    /// The sub-attributes of one element.
    Element(&'a Attribute),
    /// Any: only the grammar is checked.
    Syntax,
}

/// A known name in the schema's spelling; in [`Scope::Syntax`] any name as written.
pub(super) struct Named<'a> {
    pub(super) path: AttrPath,
    attribute: Option<&'a Attribute>,
}

impl<'a> Scope<'a> {
    /// Looks up `word`, which is at byte `at`.
    pub(super) fn attribute(self, at: usize, word: &str) -> Result<Named<'a>, Error> {
        match self {
            Self::Resource(resource_type, others) => {
                let look = |resource_type: &'a ResourceType| -> Result<Option<Named<'a>>, Error> {
                    let written = resource_type.parse_path(word).map_err(|_| unreadable(at))?;
                    Ok(entra::home_of(resource_type, &written)
                        .and_then(|path| canonical(resource_type, &path)))
                };
                if let Some(named) = look(resource_type)? {
                    return Ok(named);
                }
                for other in others {
                    if let Some(named) = look(other)? {
                        return Ok(Named {
                            path: undefined(other, named.path),
                            attribute: None,
                        });
                    }
                }
                Err(unknown(at, word, &names_of(resource_type)))
            }
            Self::Element(attribute) => {
                let found = attribute.sub(word).filter(|sub| !is_address(attribute, sub));
                let found = found.ok_or_else(|| unknown(at, word, &listed(&attribute.sub_attributes, "")))?;
                Ok(Named {
                    path: AttrPath::core(&found.name),
                    attribute: Some(found),
                })
            }
            Self::Syntax => {
                let path = AttrPath::parse(word, &[]).map_err(|_| unreadable(at))?;
                Ok(Named {
                    path,
                    attribute: None,
                })
            }
        }
    }
}

impl<'a> Named<'a> {
    /// The scope inside `name[…]`.
    pub(super) fn element_scope(&self, at: usize) -> Result<Scope<'a>, Error> {
        match self.attribute {
            None => Ok(Scope::Syntax),
            Some(attribute) if attribute.attr_type == AttrType::Complex => Ok(Scope::Element(attribute)),
            Some(Attribute { name, .. }) => Err(fault!(
                at,
                "{name} has no parts to select in brackets; compare it directly, as in {name} eq \"…\""
            )),
        }
    }

    /// The path and attribute of a comparison: of a complex attribute its `value`.
    pub(super) fn comparable(self, at: usize) -> Result<(AttrPath, Option<&'a Attribute>), Error> {
        let Some(attribute) = self.attribute else {
            return Ok((self.path, None));
        };
        if attribute.attr_type != AttrType::Complex {
            return Ok((self.path, Some(attribute)));
        }
        let Some(value) = entra::implied_value(attribute) else {
            let name = &attribute.name;
            let parts = listed(&attribute.sub_attributes, &format!("{name}."));
            return Err(fault!(
                at,
                "{name} has parts and cannot be compared as a whole; compare one of {parts}"
            ));
        };
        Ok((self.path.with_sub(&value.name), Some(value)))
    }
}

/// The path in the schema's spelling with the attribute it leads to; core attributes carry no URN.
fn canonical<'a>(resource_type: &'a ResourceType, path: &AttrPath) -> Option<Named<'a>> {
    let attribute = resource_type.find(path)?;
    let head = resource_type.attribute(path)?;
    let is_location = attribute.name == "location" && path.schema.is_none() && head.name == "meta";
    if attribute.returned == Returned::Never || is_location || is_address(head, attribute) {
        return None;
    }
    let schema = path
        .schema
        .as_deref()
        .and_then(|urn| resource_type.extension(urn));
    let mut named = AttrPath::new(schema.map(|schema| schema.id.as_str()), &head.name);
    named.sub = path.sub.as_ref().map(|_| attribute.name.clone());
    Some(Named {
        path: named,
        attribute: Some(attribute),
    })
}

/// Whether a part is the URL of a resource, which depends on the URL of the request and so cannot be filtered by.
fn is_address(head: &Attribute, part: &Attribute) -> bool {
    head.mutability == Mutability::ReadOnly && part.name == "$ref"
}

/// A path that only `other` has, with the URN of that type, so that no other type has it.
fn undefined(other: &ResourceType, path: AttrPath) -> AttrPath {
    AttrPath {
        schema: path.schema.or_else(|| Some(other.core.id.clone())),
        ..path
    }
}

fn unreadable(at: usize) -> Error {
    fault!(
        at,
        "an attribute name is expected here, such as userName, name.familyName or externalId"
    )
}

fn unknown(at: usize, word: &str, allowed: &str) -> Error {
    let shown: String = word.chars().take(120).collect();
    fault!(
        at,
        "this directory has no attribute \"{shown}\" here; use one of {allowed}"
    )
    .on(shown)
}

/// The names of attributes, each behind `prefix`, with commas between.
fn listed<'a>(attributes: impl IntoIterator<Item = &'a Attribute>, prefix: &str) -> String {
    let names = attributes.into_iter().map(|it| format!("{prefix}{}", it.name));
    names.collect::<Vec<_>>().join(", ")
}

fn names_of(resource_type: &ResourceType) -> String {
    let searchable = |attribute: &&Attribute| attribute.returned != Returned::Never;
    let core = resource_type.core.attributes.iter().filter(searchable);
    let core = core.map(|it| it.name.clone());
    let extensions = resource_type.extensions.iter().flat_map(|extension| {
        let attributes = extension.attributes.iter().filter(searchable);
        attributes.map(move |it| format!("{}:{}", extension.id, it.name))
    });
    let common = ["id", "externalId"].map(str::to_owned).into_iter();
    let names = common.chain(core.filter(|name| name != "id" && name != "externalId"));
    let names = names.chain(["meta.created", "meta.lastModified"].map(str::to_owned));
    names.chain(extensions).collect::<Vec<_>>().join(", ")
}

/// A literal as written, before its type is known.
pub(super) enum RawLiteral {
    /// In double quotes, escapes resolved.
    Quoted(String),
    /// Without quotes: a keyword, a number, or Entra's bare text.
    Bare(String),
}

impl RawLiteral {
    /// The literal as the type of `leaf` (any type when unknown), for `op`; `at` is its first byte.
    pub(super) fn typed(self, at: usize, op: CompareOp, leaf: Option<&Attribute>) -> Result<Literal, Error> {
        let (text, bare) = match self {
            Self::Quoted(text) => (text, false),
            Self::Bare(text) => (text, true),
        };
        if bare && text.eq_ignore_ascii_case("null") {
            return match op {
                CompareOp::Eq | CompareOp::Ne => Ok(Literal::Null),
                _ => Err(fault!(
                    at,
                    "null has no order and no parts; use eq or ne with it, not {op}"
                )),
            };
        }
        let Some(leaf) = leaf else {
            return Ok(untyped(text, bare));
        };
        allow(at, op, leaf)?;
        let name = &leaf.name;
        match leaf.attr_type {
            AttrType::Boolean => entra::boolean_text(&text)
                .map(Literal::Bool)
                .ok_or_else(|| fault!(at, "{name} is compared with true or false")),
            AttrType::Integer | AttrType::Decimal => number(&text)
                .map(Literal::Number)
                .ok_or_else(|| fault!(at, "{name} is compared with a number, such as 42")),
            AttrType::DateTime if is_order(op) && instant(&text).is_none() => Err(fault!(
                at,
                "{name} is compared with an RFC 3339 date and time, such as \"2026-01-31T08:00:00Z\""
            )),
            _ => Ok(Literal::String(text)),
        }
    }
}

fn untyped(text: String, bare: bool) -> Literal {
    let boolean = || entra::boolean_text(&text).map(Literal::Bool);
    let typed = bare.then(|| boolean().or_else(|| number(&text).map(Literal::Number)));
    typed.flatten().unwrap_or(Literal::String(text))
}

fn is_order(op: CompareOp) -> bool {
    !matches!(op, CompareOp::Co | CompareOp::Sw | CompareOp::Ew)
}

/// RFC 7644 §3.4.2.2: booleans and binaries have no order; booleans and numbers have no text to search in.
fn allow(at: usize, op: CompareOp, leaf: &Attribute) -> Result<(), Error> {
    use CompareOp::{Co, Ew, Ge, Gt, Le, Lt, Sw};
    let (refused, allowed) = match leaf.attr_type {
        AttrType::Boolean => (matches!(op, Co | Sw | Ew | Gt | Ge | Lt | Le), "eq, ne or pr"),
        AttrType::Binary => (matches!(op, Gt | Ge | Lt | Le), "eq, ne, co, sw, ew or pr"),
        AttrType::Integer | AttrType::Decimal => (matches!(op, Co | Sw | Ew), "eq, ne, gt, ge, lt, le or pr"),
        _ => (false, ""),
    };
    if refused {
        return Err(fault!(
            at,
            "{} cannot be compared with {op}; use {allowed}",
            leaf.name
        ));
    }
    Ok(())
}

/// A JSON number.
fn number(text: &str) -> Option<Number> {
    let begins = text.starts_with(|c: char| c == '-' || c.is_ascii_digit());
    begins.then(|| serde_json::from_str(text).ok())?
}

/// A date and time; without an offset it is UTC (other clients leave it out).
pub(crate) fn instant(text: &str) -> Option<DateTime<FixedOffset>> {
    DateTime::parse_from_rfc3339(text).ok().or_else(|| {
        NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f")
            .ok()
            .map(|t| t.and_utc().fixed_offset())
    })
}
