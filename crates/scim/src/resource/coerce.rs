//! One value, brought into the type its schema says.
//!
//! Must not know: where in a request the value came from; POST, PUT and PATCH all pass here.
//! Lenient in what Entra is known to do (text for booleans and whole numbers, one object for a list of one), strict in
//! everything else: a wrong type is refused, never guessed. Each leniency is a named function of [`crate::quirk::entra`].

use serde_json::{Map, Number, Value};

use crate::error::Error;
use crate::filter::instant;
use crate::path::AttrPath;
use crate::quirk::entra as quirk;
use crate::schema::{AttrType, Attribute, Mutability};

/// What became of a value.
#[derive(Debug, Default, PartialEq)]
pub struct Coerced {
    /// The canonical value; `None` when nothing is left to keep: null, empty text, empty list, read-only.
    pub value: Option<Value>,
    /// Paths of parts that the schema does not have, and that are not kept for it.
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

/// Brings `value` into the type of `attribute`, which lives at `path`.
///
/// Kept values are byte-exact: nothing is trimmed, re-cased or reordered. Names of parts get the schema's spelling. A
/// write-only attribute (a password) is reported as ignored: this library keeps no secrets.
///
/// # Errors
/// [`crate::ScimType::InvalidValue`] naming path, expected type, found type and next step, never the value.
pub fn coerce(attribute: &Attribute, path: &AttrPath, value: Value) -> Result<Coerced, Error> {
    if attribute.mutability == Mutability::ReadOnly || quirk::unassigns(&value) {
        return Ok(Coerced::default());
    }
    if attribute.mutability == Mutability::WriteOnly {
        return Ok(Coerced::ignored(path));
    }
    match (attribute.multi_valued, value) {
        (true, Value::Array(items)) => list(attribute, path, items),
        (true, single) => list(attribute, path, vec![single]),
        (false, single) => one(attribute, path, single),
    }
}

fn list(attribute: &Attribute, path: &AttrPath, items: Vec<Value>) -> Result<Coerced, Error> {
    let mut kept = Vec::with_capacity(items.len());
    let mut ignored: Vec<String> = Vec::new();
    for item in items {
        if quirk::unassigns(&item) {
            continue;
        }
        let coerced = one(attribute, path, item)?;
        for part in coerced.ignored {
            if !ignored.contains(&part) {
                ignored.push(part);
            }
        }
        kept.extend(
            coerced
                .value
                .filter(|value| !value.as_object().is_some_and(quirk::is_hollow)),
        );
    }
    quirk::last_primary_wins(&mut kept, None);
    let value = (!kept.is_empty()).then_some(Value::Array(kept));
    Ok(Coerced { value, ignored })
}

fn one(attribute: &Attribute, path: &AttrPath, value: Value) -> Result<Coerced, Error> {
    if attribute.attr_type == AttrType::Complex {
        return complex(attribute, path, value);
    }
    scalar(attribute.attr_type, path, value).map(Coerced::kept)
}

fn complex(attribute: &Attribute, path: &AttrPath, value: Value) -> Result<Coerced, Error> {
    match quirk::wrapped_value(attribute, quirk::only_element(attribute, value)) {
        Value::Object(map) => object(attribute, path, map),
        other => Err(wrong_type(path, "an object", &other)),
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

/// Puts a value under its canonical name; a second spelling of the same name must say the same.
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
                 are the same in any case: send it once. In Entra, look for two mappings to this target attribute."
            ),
        )),
        _ => {
            map.insert(name.to_owned(), value);
            Ok(())
        }
    }
}

fn scalar(attr_type: AttrType, path: &AttrPath, value: Value) -> Result<Value, Error> {
    match (attr_type, value) {
        (AttrType::Boolean, Value::Bool(flag)) => Ok(Value::Bool(flag)),
        (AttrType::Boolean, Value::String(text)) => match quirk::boolean_text(&text) {
            Some(flag) => Ok(Value::Bool(flag)),
            None => Err(wrong_type(path, expected(attr_type), &Value::String(text))),
        },
        (AttrType::Integer, Value::Number(number)) if number.is_i64() || number.is_u64() => {
            Ok(Value::Number(number))
        }
        (AttrType::Integer, Value::String(text)) => match quirk::integer_text(&text) {
            Some(number) => Ok(Value::Number(number)),
            None => Err(wrong_type(path, expected(attr_type), &Value::String(text))),
        },
        (AttrType::Decimal, Value::Number(number)) => Ok(Value::Number(number)),
        (AttrType::Decimal, Value::String(text)) => match serde_json::from_str::<Number>(&text) {
            Ok(number) => Ok(Value::Number(number)),
            Err(_) => Err(wrong_type(path, expected(attr_type), &Value::String(text))),
        },
        (AttrType::DateTime, Value::String(text)) if instant(&text).is_none() => {
            Err(wrong_type(path, expected(attr_type), &Value::String(text)))
        }
        (AttrType::Binary, Value::String(text)) if !is_base64(&text) => {
            Err(wrong_type(path, expected(attr_type), &Value::String(text)))
        }
        (
            AttrType::String | AttrType::DateTime | AttrType::Binary | AttrType::Reference,
            text @ Value::String(_),
        ) => Ok(text),
        (_, other) => Err(wrong_type(path, expected(attr_type), &other)),
    }
}

/// Base64 of either alphabet, padded or not (RFC 7643 §2.3.6, RFC 4648 §4, §5); blanks and line breaks are none.
fn is_base64(text: &str) -> bool {
    let digits = text.trim_end_matches('=');
    let padding = text.len() - digits.len();
    let alphabet = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_');
    digits.bytes().all(alphabet)
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
            "Attribute '{path}' must be {expected}, but {found} was sent. In Entra, check under Provisioning > Attribute \
             mapping what is mapped to '{path}'."
        ),
    )
}
