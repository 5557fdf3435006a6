//! SCIM filters (RFC 7644 §3.4.2.2): the tree, its limits and its canonical text.
//!
//! A filter is parsed against a resource type: names get the schema's spelling, literals the attribute's type. Unknown names
//! are refused, because a filter that is not understood must not select all resources. Must not know: SQL, HTTP. Read `parse`
//! for the grammar, `typing` for names and literals, `eval` for the meaning, `members` for filters on group members.

use std::fmt;

use serde_json::{Number, Value};

use crate::error::Error;
use crate::path::AttrPath;
use crate::resource::Attributes;
use crate::schema::{Attribute, ResourceType};

mod eval;
mod lexer;
mod members;
mod parse;
mod typing;

use eval::AttributeOwner;
pub(crate) use eval::comparison_key;
pub(crate) use parse::{CONTROL, selector};
pub(crate) use typing::instant;

/// The longest filter text that is parsed, in bytes.
pub const MAX_LENGTH: usize = 8192;
/// The deepest nesting of parentheses and brackets; bounds parsing, evaluating and dropping on a small stack.
pub const MAX_DEPTH: usize = 32;
/// The most comparisons in one filter.
pub const MAX_TERMS: usize = 256;

/// A parsed filter. `And` and `Or` have two parts or more.
#[derive(Debug, Clone, PartialEq)]
pub enum Filter {
    /// All parts hold.
    And(Vec<Self>),
    /// At least one part holds.
    Or(Vec<Self>),
    /// The part does not hold.
    Not(Box<Self>),
    /// One attribute compared with a literal; a multi-valued one holds when any of its values does.
    Compare {
        /// The attribute; complex ones carry their implied `value` sub-attribute.
        path: AttrPath,
        /// The operator.
        op: CompareOp,
        /// The literal.
        value: Literal,
    },
    /// The attribute has a value (`pr`).
    Present(AttrPath),
    /// `path[filter]`: one and the same element satisfies `filter`, and `then` where there is one.
    ValuePath {
        /// The complex attribute.
        path: AttrPath,
        /// Its paths are sub-attributes, without schema or parent.
        filter: Box<Self>,
        /// Entra's `emails[type eq "work"].value eq "x"`: sub-attribute, operator, literal.
        then: Option<(String, CompareOp, Literal)>,
    },
}

/// The comparison operators (RFC 7644 §3.4.2.2, table 3), read in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, strum::Display, strum::EnumString, strum::VariantArray)]
#[strum(serialize_all = "lowercase", ascii_case_insensitive)]
pub enum CompareOp {
    /// Equal.
    Eq,
    /// Not equal; holds for an attribute without a value.
    Ne,
    /// Contains.
    Co,
    /// Starts with.
    Sw,
    /// Ends with.
    Ew,
    /// Greater than.
    Gt,
    /// Greater than or equal.
    Ge,
    /// Less than.
    Lt,
    /// Less than or equal.
    Le,
}

impl CompareOp {
    /// Every operator, in the RFC's order.
    pub const ALL: &[Self] = <Self as strum::VariantArray>::VARIANTS;
}

/// The literal of a comparison, of the attribute's type; dates stay text.
#[derive(Debug, Clone, PartialEq)]
pub enum Literal {
    /// Text, reference, binary or date.
    String(String),
    /// Integer or decimal.
    Number(Number),
    /// Boolean.
    Bool(bool),
    /// No value: `eq null` holds where `pr` does not.
    Null,
}

impl Filter {
    /// Parses a filter on the attributes of `resource_type`.
    ///
    /// Accepts what Entra sends: unquoted literals, text for booleans and numbers, any case, `not(` without a blank,
    /// `path[…].sub op value`, extension attributes without their URN.
    ///
    /// # Errors
    /// `invalidFilter` with the byte position and what is allowed there, for broken grammar, unknown attributes and
    /// operators, literals of a wrong type or with a control character in them, and texts beyond [`MAX_LENGTH`], [`MAX_DEPTH`] or [`MAX_TERMS`].
    pub fn parse(text: &str, resource_type: &ResourceType) -> Result<Self, Error> {
        Self::parse_among(text, resource_type, &[])
    }

    /// Parses a filter on resources of several types, for those of `resource_type`: an attribute that only one of `others` has
    /// is known, and has no value here (RFC 7644 §3.4.2.1).
    ///
    /// # Errors
    /// As [`Self::parse`]; an attribute is unknown when no type has it.
    pub fn parse_among(
        text: &str,
        resource_type: &ResourceType,
        others: &[&ResourceType],
    ) -> Result<Self, Error> {
        let filter = parse::filter(text, resource_type, others)?;
        if crate::name::eq(&resource_type.core.id, crate::schema::GROUP) {
            filter.compared_members()?;
        }
        Ok(filter)
    }

    /// Whether the whole SCIM document `resource` (with `id`, `schemas`, `meta`) satisfies this filter.
    pub fn matches(&self, resource_type: &ResourceType, resource: &impl Attributes) -> bool {
        eval::holds(self, AttributeOwner::Resource(resource_type), resource)
    }

    /// Whether one element of the complex attribute `attribute` satisfies this filter of sub-attributes.
    pub(crate) fn matches_element(&self, attribute: &Attribute, element: &Value) -> bool {
        eval::holds(self, AttributeOwner::Element(attribute), element)
    }

    /// The most comparisons that its evaluation takes.
    pub fn comparisons(&self) -> usize {
        match self {
            Self::And(members) | Self::Or(members) => members.iter().map(Self::comparisons).sum(),
            Self::Not(inner) => inner.comparisons(),
            Self::ValuePath { filter, then, .. } => filter.comparisons() + usize::from(then.is_some()),
            Self::Compare { .. } | Self::Present(_) => 1,
        }
    }

    /// The parts that must all hold: those of the outermost `and`s, or this filter itself.
    pub fn conjuncts(&self) -> Vec<&Self> {
        match self {
            Self::And(members) => members.iter().flat_map(Self::conjuncts).collect(),
            other => vec![other],
        }
    }
}

impl fmt::Display for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::String(text) => write!(f, "{}", Value::from(text.as_str())),
            Self::Number(number) => write!(f, "{number}"),
            Self::Bool(flag) => write!(f, "{flag}"),
            Self::Null => f.write_str("null"),
        }
    }
}

/// The canonical text, which parses to the same filter.
impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::And(members) => joined(f, members, " and ", |m| matches!(m, Self::And(_) | Self::Or(_))),
            Self::Or(members) => joined(f, members, " or ", |m| matches!(m, Self::Or(_))),
            Self::Not(inner) => write!(f, "not ({inner})"),
            Self::Compare { path, op, value } => write!(f, "{path} {op} {value}"),
            Self::Present(path) => write!(f, "{path} pr"),
            Self::ValuePath {
                path,
                filter,
                then: None,
            } => write!(f, "{path}[{filter}]"),
            Self::ValuePath {
                path,
                filter,
                then: Some((sub, op, value)),
            } => {
                write!(f, "{path}[{filter}].{sub} {op} {value}")
            }
        }
    }
}

fn joined(
    f: &mut fmt::Formatter<'_>,
    members: &[Filter],
    word: &str,
    grouped: fn(&Filter) -> bool,
) -> fmt::Result {
    for (index, member) in members.iter().enumerate() {
        if index > 0 {
            f.write_str(word)?;
        }
        if grouped(member) {
            write!(f, "({member})")?;
        } else {
            write!(f, "{member}")?;
        }
    }
    Ok(())
}
