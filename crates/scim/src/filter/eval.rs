//! Evaluation of a filter on a SCIM document, typed by the schema (RFC 7644 §3.4.2.2).
//!
//! A multi-valued attribute satisfies a comparison when any of its values does. An attribute without a value satisfies
//! `ne` and `eq null` and nothing else. Text is compared after NFC, without case ([`resource::fold`]) unless the schema says
//! `caseExact` ([`resource::nfc`]). The translation to SQL must mean exactly this. Must not know: SQL, grammar.

use std::borrow::Cow;
use std::cmp::Ordering;

use serde_json::{Number, Value};

use super::typing::instant;
use super::{CompareOp, Filter, Literal};
use crate::path::AttrPath;
use crate::quirk::entra;
use crate::resource::{self, Attributes, get, map_found};
use crate::schema::{AttrType, Attribute, ResourceType};

/// The holder of the attributes that a filter names.
#[derive(Clone, Copy)]
pub(super) enum AttributeOwner<'a> {
    /// A whole resource.
    Resource(&'a ResourceType),
    /// One element of a complex attribute.
    Element(&'a Attribute),
}

impl<'a> AttributeOwner<'a> {
    fn find(self, path: &AttrPath) -> Option<&'a Attribute> {
        match self {
            Self::Resource(resource_type) => resource_type.find(path),
            Self::Element(attribute) => attribute.sub(&path.name),
        }
    }
}

/// Whether a resource or an element satisfies a filter.
pub(super) fn holds(filter: &Filter, owner: AttributeOwner<'_>, node: &impl Attributes) -> bool {
    match filter {
        Filter::And(members) => members.iter().all(|member| holds(member, owner, node)),
        Filter::Or(members) => members.iter().any(|member| holds(member, owner, node)),
        Filter::Not(inner) => !holds(inner, owner, node),
        Filter::Present(path) => {
            owner.find(path).is_some() && values(path, node).iter().any(|value| !entra::unassigns(value))
        }
        Filter::Compare { path, op, value } => match owner.find(path) {
            Some(attribute) => compare(attribute, *op, value, &values(path, node)),
            // Another type's attribute, in a list of several types: it has no value here.
            None => without_value(*op, value),
        },
        Filter::ValuePath { path, filter, then } => {
            let Some(attribute) = owner.find(path) else {
                return false;
            };
            values(path, node).iter().any(|element| {
                holds(filter, AttributeOwner::Element(attribute), &**element)
                    && then
                        .as_ref()
                        .is_none_or(|(sub, op, value)| compare_part(attribute, element, sub, *op, value))
            })
        }
    }
}

fn compare_part(attribute: &Attribute, element: &Value, sub: &str, op: CompareOp, literal: &Literal) -> bool {
    let path = AttrPath::core(sub);
    let leaf = AttributeOwner::Element(attribute).find(&path);
    leaf.is_some_and(|leaf| compare(leaf, op, literal, &values(&path, element)))
}

/// The values at `path`, elements of lists one by one, nulls left out.
fn values<'v>(path: &AttrPath, node: &'v impl Attributes) -> Vec<Cow<'v, Value>> {
    let attribute = match path.schema.as_ref().and_then(|urn| node.attribute(urn)) {
        Some(holder) => map_found(holder, |holder| get(holder.as_object()?, &path.name)),
        None => node.attribute(&path.name),
    };
    match attribute {
        Some(Cow::Borrowed(value)) => leaves(path, value).map(Cow::Borrowed).collect(),
        Some(Cow::Owned(value)) => leaves(path, &value).cloned().map(Cow::Owned).collect(),
        None => Vec::new(),
    }
}

fn leaves<'v>(path: &AttrPath, attribute: &'v Value) -> impl Iterator<Item = &'v Value> {
    let heads: &[Value] = match attribute {
        Value::Array(items) => items,
        one => std::slice::from_ref(one),
    };
    let leaves = heads.iter().filter_map(|head| match &path.sub {
        None => Some(head),
        Some(sub) => get(head.as_object()?, sub),
    });
    leaves.filter(|leaf| !leaf.is_null())
}

/// The result of a comparison with an attribute that has no value.
fn without_value(op: CompareOp, literal: &Literal) -> bool {
    match literal {
        Literal::Null => op == CompareOp::Eq,
        _ => op == CompareOp::Ne,
    }
}

fn compare(attribute: &Attribute, op: CompareOp, literal: &Literal, values: &[Cow<'_, Value>]) -> bool {
    let assigned = values.iter().filter(|value| !entra::unassigns(value));
    if assigned.clone().next().is_none() {
        return without_value(op, literal);
    }
    match literal {
        Literal::Null => op == CompareOp::Ne,
        _ => assigned
            .into_iter()
            .any(|value| satisfies(attribute, op, literal, value)),
    }
}

fn satisfies(attribute: &Attribute, op: CompareOp, literal: &Literal, value: &Value) -> bool {
    match (literal, value) {
        (Literal::Bool(wanted), Value::Bool(found)) => by_order(op, found.cmp(wanted)),
        (Literal::Bool(wanted), Value::String(text)) => {
            entra::boolean_text(text).is_some_and(|found| by_order(op, found.cmp(wanted)))
        }
        (Literal::Number(wanted), Value::Number(found)) => {
            number_order(found, wanted).is_some_and(|o| by_order(op, o))
        }
        (Literal::String(wanted), Value::String(found)) => text(attribute, op, wanted, found),
        (Literal::String(wanted), Value::Number(found)) => text(attribute, op, wanted, &found.to_string()),
        _ => op == CompareOp::Ne,
    }
}

fn text(attribute: &Attribute, op: CompareOp, wanted: &str, found: &str) -> bool {
    let dated = attribute.attr_type == AttrType::DateTime
        && !matches!(op, CompareOp::Co | CompareOp::Sw | CompareOp::Ew);
    if dated && let (Some(found), Some(wanted)) = (instant(found), instant(wanted)) {
        return by_order(op, found.cmp(&wanted));
    }
    let (found, wanted) = (key(attribute, found), key(attribute, wanted));
    match op {
        CompareOp::Co => found.contains(wanted.as_ref()),
        CompareOp::Sw => found.starts_with(wanted.as_ref()),
        CompareOp::Ew => found.ends_with(wanted.as_ref()),
        _ => by_order(op, found.cmp(&wanted)),
    }
}

/// The key that a text of the attribute is compared by.
fn key<'t>(attribute: &Attribute, text: &'t str) -> Cow<'t, str> {
    match attribute.attr_type {
        AttrType::Binary | AttrType::DateTime => Cow::Borrowed(text),
        _ if attribute.case_exact => resource::nfc(text),
        _ => Cow::Owned(resource::fold(text)),
    }
}

fn by_order(op: CompareOp, order: Ordering) -> bool {
    match op {
        CompareOp::Eq => order.is_eq(),
        CompareOp::Ne => order.is_ne(),
        CompareOp::Gt => order.is_gt(),
        CompareOp::Ge => order.is_ge(),
        CompareOp::Lt => order.is_lt(),
        CompareOp::Le => order.is_le(),
        CompareOp::Co | CompareOp::Sw | CompareOp::Ew => false,
    }
}

fn number_order(a: &Number, b: &Number) -> Option<Ordering> {
    match (whole(a), whole(b)) {
        (Some(a), Some(b)) => Some(a.cmp(&b)),
        _ => a.as_f64()?.partial_cmp(&b.as_f64()?),
    }
}

/// A whole number; JSON numbers are parsed into `i64` or `u64`.
fn whole(number: &Number) -> Option<i128> {
    number
        .as_i64()
        .map(i128::from)
        .or_else(|| number.as_u64().map(i128::from))
}

/// The text that two values of `attribute` share exactly when its rule of comparison makes them equal.
pub(crate) fn comparison_key(attribute: &Attribute, value: &Value) -> String {
    match value {
        Value::String(text) if attribute.attr_type == AttrType::DateTime => match instant(text) {
            Some(instant) => instant.to_utc().to_rfc3339(),
            None => text.clone(),
        },
        Value::String(text) => key(attribute, text).into_owned(),
        Value::Number(number) => match (whole(number), number.as_f64()) {
            // 1.0 is 1.
            (None, Some(decimal)) if decimal.fract() == 0.0 => format!("{decimal:.0}"),
            _ => number.to_string(),
        },
        other => other.to_string(),
    }
}
