//! Conversion of one value to the type that its schema requires.
//!
//! Must not know: the request that the value came from; POST, PUT and PATCH all use this. Known spellings of clients are
//! accepted (text for booleans and numbers, numbers for text, a list or an object around a single value); any other wrong
//! type is an error. Each accepted spelling is a named function of [`crate::quirk::entra`] and belongs to the type: it holds
//! for every request and every way to name the attribute.

use serde_json::{Map, Value};

use super::canonical;
use crate::error::Error;
use crate::filter::instant;
use crate::path::AttrPath;
use crate::quirk::entra as quirk;
use crate::schema::{AttrType, Attribute, Mutability};

/// A value after its conversion.
#[derive(Debug, Default, PartialEq)]
pub struct Coerced {
    /// The canonical value; `None` for null, an empty text, an empty list and a read-only attribute.
    pub value: Option<Value>,
    /// Paths of sub-attributes that the schema does not have; their values are dropped.
    pub ignored: Vec<String>,
}

impl Coerced {
    fn kept(value: Value) -> Self {
        Self {
            value: Some(value),
            ignored: Vec::new(),
        }
    }

    fn ignored(path: &AttrPath) -> Self {
        Self {
            value: None,
            ignored: vec![path.to_string()],
        }
    }
}

/// Converts `value` to the type of `attribute`; `path` is for errors and reports.
///
/// Values stay byte-exact: nothing is trimmed, re-cased or reordered. Names of sub-attributes get the schema's spelling. A
/// write-only attribute (a password) is reported as ignored: this library stores no secrets.
///
/// # Errors
/// [`crate::ScimType::InvalidValue`] naming path, expected type, found type and next step, never the value.
pub fn coerce(attribute: &Attribute, path: &AttrPath, value: Value) -> Result<Coerced, Error> {
    if let Some(nothing) = nothing_kept(attribute, path, &value) {
        return Ok(nothing);
    }
    match (attribute.multi_valued, value) {
        (true, Value::Array(items)) => list(attribute, path, items),
        (true, single) => list(attribute, path, vec![single]),
        (false, single) => one(attribute, path, single),
    }
}

/// As [`coerce`], for one element of a multi-valued attribute.
pub(crate) fn coerce_element(attribute: &Attribute, path: &AttrPath, value: Value) -> Result<Coerced, Error> {
    nothing_kept(attribute, path, &value).map_or_else(|| one(attribute, path, value), Ok)
}

fn nothing_kept(attribute: &Attribute, path: &AttrPath, value: &Value) -> Option<Coerced> {
    match attribute.mutability {
        _ if quirk::unassigns(value) => Some(Coerced::default()),
        Mutability::ReadOnly => Some(Coerced::default()),
        Mutability::WriteOnly => Some(Coerced::ignored(path)),
        Mutability::ReadWrite | Mutability::Immutable => None,
    }
}

/// A single value or an element of a list, without what clients wrap around it: a list of one, an object that has `value`.
/// A reference that is sent as a text becomes an object. Idempotent.
pub(crate) fn opened(attribute: &Attribute, value: Value) -> Value {
    let complex = attribute.attr_type == AttrType::Complex;
    let mut value = value;
    loop {
        value = match value {
            Value::Array(items) if items.len() <= 1 => quirk::only_element(Value::Array(items)),
            Value::Object(_) if !complex && quirk::is_wrapped(&value) => quirk::bare_value(value),
            opened => return quirk::wrapped_value(attribute, opened),
        };
    }
}

fn list(attribute: &Attribute, path: &AttrPath, items: Vec<Value>) -> Result<Coerced, Error> {
    let mut kept = Vec::with_capacity(items.len());
    let mut ignored: Vec<String> = Vec::new();
    for item in items.into_iter().flat_map(|item| spread(attribute, item)) {
        let coerced = one(attribute, path, item)?;
        for part in coerced.ignored {
            if !ignored.contains(&part) {
                ignored.push(part);
            }
        }
        kept.extend(coerced.value);
    }
    canonical::list(attribute, &mut kept);
    let value = (!kept.is_empty()).then_some(Value::Array(kept));
    Ok(Coerced { value, ignored })
}

/// `{"value": ["10", "20"]}` in a list of simple values is two values.
fn spread(element: &Attribute, item: Value) -> Vec<Value> {
    if element.attr_type == AttrType::Complex {
        return vec![item];
    }
    match quirk::bare_value(item) {
        Value::Array(items) => items,
        one => vec![one],
    }
}

/// A single value, or one element of a list.
fn one(attribute: &Attribute, path: &AttrPath, value: Value) -> Result<Coerced, Error> {
    match opened(attribute, value) {
        nothing if quirk::unassigns(&nothing) => Ok(Coerced::default()),
        Value::Object(map) if attribute.attr_type == AttrType::Complex => object(attribute, path, map),
        value => scalar(attribute.attr_type, path, value).map(Coerced::kept),
    }
}

fn object(attribute: &Attribute, path: &AttrPath, map: Map<String, Value>) -> Result<Coerced, Error> {
    let mut kept = Map::new();
    let mut ignored = Vec::new();
    for (key, value) in map {
        let part_path = path.with_sub(&key);
        let Some(part) = attribute.sub(&key) else {
            if !quirk::unassigns(&value) {
                ignored.push(part_path.to_string());
            }
            continue;
        };
        let coerced = coerce(part, &path.with_sub(&part.name), value)?;
        ignored.extend(coerced.ignored);
        if let Some(value) = coerced.value {
            insert_once(&mut kept, &part.name, value, &part_path)?;
        }
    }
    Ok(Coerced {
        value: (!kept.is_empty()).then_some(Value::Object(kept)),
        ignored,
    })
}

/// Inserts a value under its canonical name; a second spelling of the same name must have the same value.
pub(super) fn insert_once(
    map: &mut Map<String, Value>,
    name: &str,
    value: Value,
    path: &AttrPath,
) -> Result<(), Error> {
    match map.get(name) {
        Some(present) if *present != value => Err(Error::invalid_value(
            path.to_string(),
            format!(
                "Attribute '{path}' was sent twice, in different spelling and with different values. Attribute names \
                 are the same in any case: send it once. Look for two mappings to this target attribute."
            ),
        )),
        _ => {
            map.insert(name.to_owned(), value);
            Ok(())
        }
    }
}

fn scalar(attr_type: AttrType, path: &AttrPath, value: Value) -> Result<Value, Error> {
    let fits = match (attr_type, &value) {
        (AttrType::String | AttrType::Reference, Value::String(_))
        | (AttrType::Boolean, Value::Bool(_))
        | (AttrType::Decimal, Value::Number(_)) => true,
        (AttrType::Integer, Value::Number(number)) => number.is_i64() || number.is_u64(),
        (AttrType::DateTime, Value::String(text)) => instant(text).is_some(),
        (AttrType::Binary, Value::String(text)) => is_base64(text),
        _ => false,
    };
    if fits {
        return Ok(value);
    }
    let read = match (attr_type, &value) {
        (AttrType::String | AttrType::Reference, Value::Number(number)) => Some(quirk::number_text(number)),
        (AttrType::Boolean, Value::String(text)) => quirk::boolean_text(text).map(Value::Bool),
        (AttrType::Integer, Value::String(text)) => quirk::integer_text(text).map(Value::Number),
        (AttrType::Decimal, Value::String(text)) => serde_json::from_str(text).ok().map(Value::Number),
        _ => None,
    };
    read.ok_or_else(|| wrong_type(path, expected(attr_type), &value))
}

/// Whether a text is base64 (RFC 7643 §2.3.6, RFC 4648 §4) or base64url (§5), padded or not, without blanks and line breaks.
fn is_base64(text: &str) -> bool {
    let digits = text.trim_end_matches('=');
    let padding = text.len() - digits.len();
    let of = |extra: [u8; 2]| {
        digits
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || extra.contains(&byte))
    };
    (of(*b"+/") || of(*b"-_"))
        && digits.len() % 4 != 1
        && (padding == 0 || padding <= 2 && text.len().is_multiple_of(4))
}

const fn expected(attr_type: AttrType) -> &'static str {
    match attr_type {
        AttrType::String => "text",
        AttrType::Boolean => "a boolean (true or false)",
        AttrType::Decimal => "a number",
        AttrType::Integer => "a whole number",
        AttrType::DateTime => "text holding a date and time, such as \"2024-05-13T04:42:34Z\"",
        AttrType::Binary => "text in base64",
        AttrType::Reference => "text holding a URI or an id",
        AttrType::Complex => "an object",
    }
}

pub(super) const fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

pub(super) fn wrong_type(path: &AttrPath, expected: &str, found: &Value) -> Error {
    let found = match found {
        Value::String(_) => "text that does not read as one",
        other => kind(other),
    };
    Error::invalid_value(
        path.to_string(),
        format!(
            "Attribute '{path}' must be {expected}, but {found} was sent. Check in the attribute mapping what is mapped to '{path}'."
        ),
    )
}
