//! The shape of a PATCH body.
//!
//! Must not know: schemas. Keys are read in any case; other keys that clients send (`id`, `name`, `schemas`) are ignored.
//! Read `normalize` next.

use serde_json::{Map, Value};

use super::{MAX_OPERATIONS, PatchOperation, PatchRequest};
use crate::error::Error;
use crate::name;
use crate::patch::PatchOp;
use crate::quirk::entra::operation_word;
use crate::resource::check_nul;

/// Reads the body.
pub(super) fn parse(body: Value) -> Result<PatchRequest, Error> {
    let Value::Object(body) = body else {
        return Err(Error::invalid_syntax(format!(
            "The PATCH body must be a JSON object. {EXAMPLE}"
        )));
    };
    let mut lists = body.into_iter().filter(|(key, _)| name::eq(key, "Operations"));
    let (first, second) = (lists.next(), lists.next());
    let Some((_, list)) = first else {
        return Err(Error::invalid_syntax(format!(
            "The PATCH body has no \"Operations\", so nothing would change. {EXAMPLE} To replace a whole resource, use PUT."
        )));
    };
    if second.is_some() {
        return Err(Error::invalid_syntax(format!(
            "The PATCH body has \"Operations\" twice; send it once. {EXAMPLE}"
        )));
    }
    let Value::Array(items) = list else {
        return Err(Error::invalid_syntax(format!(
            "\"Operations\" must be a list. {EXAMPLE}"
        )));
    };
    if items.len() > MAX_OPERATIONS {
        return Err(Error::invalid_syntax(format!(
            "The PATCH has {} operations and at most {MAX_OPERATIONS} are done in one request; send them in several requests.",
            items.len()
        )));
    }
    let operations = items
        .into_iter()
        .enumerate()
        .map(|(index, item)| operation(index + 1, item));
    Ok(PatchRequest {
        operations: operations.collect::<Result<_, _>>()?,
    })
}

const EXAMPLE: &str = "Send {\"schemas\":[\"urn:ietf:params:scim:api:messages:2.0:PatchOp\"],\"Operations\":\
    [{\"op\":\"replace\",\"path\":\"displayName\",\"value\":\"…\"}]}.";

fn operation(number: usize, item: Value) -> Result<PatchOperation, Error> {
    let Value::Object(mut item) = item else {
        return Err(Error::invalid_syntax(format!(
            "Operation {number} must be a JSON object. {EXAMPLE}"
        )));
    };
    let op = match take(&mut item, "op") {
        Some(Value::String(word)) => operation_word(word.trim()).ok_or(()),
        _ => Err(()),
    };
    let op = op.map_err(|()| {
        Error::invalid_syntax(format!(
            "Operation {number} has no usable \"op\"; it must be add, replace or remove."
        ))
    })?;
    let path = match take(&mut item, "path") {
        None | Some(Value::Null) => None,
        Some(Value::String(path)) if path.trim().is_empty() => None,
        Some(Value::String(path)) => Some(path.trim().to_owned()),
        Some(_) => {
            return Err(Error::new(
                crate::ScimType::InvalidPath,
                format!("Operation {number}: \"path\" must be a text such as \"name.givenName\"."),
            ));
        }
    };
    let value = take(&mut item, "value");
    if let Some(value) = &value {
        let name = path.as_deref().map(super::target::shown).unwrap_or_default();
        check_nul(&name, value).map_err(|error| Error {
            detail: format!("Operation {number} ({op}): {}", error.detail),
            ..error
        })?;
    }
    check(number, op, path.as_deref(), value.as_ref())?;
    Ok(PatchOperation { op, path, value })
}

/// Checks that an operation has the path and value that it needs (RFC 7644 §3.5.2.1–3).
fn check(number: usize, op: PatchOp, path: Option<&str>, value: Option<&Value>) -> Result<(), Error> {
    match (op, path, value) {
        (PatchOp::Remove, None, _) => Err(Error::new(
            crate::ScimType::NoTarget,
            format!(
                "Operation {number} (remove) has no \"path\", so it does not say what to remove. Name the attribute, such as \
                 \"path\":\"title\"; to remove the whole resource, use DELETE."
            ),
        )),
        (PatchOp::Add | PatchOp::Replace, Some(path), None) => Err(Error::invalid_value(
            path,
            format!(
                "Operation {number} ({op} {}) has no \"value\". Send the new value, or a remove to clear the attribute.",
                super::target::shown(path)
            ),
        )),
        (PatchOp::Add | PatchOp::Replace, None, value) if !matches!(value, Some(Value::Object(_))) => {
            Err(Error::new(
                crate::ScimType::InvalidValue,
                format!(
                    "Operation {number} ({op}) has no \"path\", so its \"value\" must be a JSON object of attributes, such as \
                     {{\"displayName\":\"…\"}}."
                ),
            ))
        }
        _ => Ok(()),
    }
}

fn take(item: &mut Map<String, Value>, key: &str) -> Option<Value> {
    let spelled = item.keys().find(|found| name::eq(found, key))?.clone();
    item.shift_remove(&spelled)
}
