//! The shape of a bulk body.
//!
//! Must not know: schemas, how operations are done, the form of paths. Keys are read in any case, unknown ones are ignored.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::{BULK_REQUEST, BulkAction, BulkOperation, BulkRequest, Item, MAX_OPERATIONS, Refusal, Target};
use crate::error::Error;
use crate::name;
use crate::resource::get;

const EXAMPLE: &str = "Send {\"schemas\":[\"urn:ietf:params:scim:api:messages:2.0:BulkRequest\"],\"Operations\":\
    [{\"method\":\"POST\",\"path\":\"/Users\",\"bulkId\":\"1\",\"data\":{…}}]}.";

/// The parser of an operation's `path`.
type Reader<'a> = &'a dyn Fn(&str) -> Option<Target>;

pub(super) fn request(body: Value, target: Reader<'_>) -> Result<BulkRequest, Refusal> {
    let invalid = |detail: &str| Refusal::Invalid(Error::invalid_syntax(format!("{detail} {EXAMPLE}")));
    let Value::Object(body) = body else {
        return Err(invalid("A bulk request is a JSON object."));
    };
    let named = |schema: &Value| schema.as_str().is_some_and(|urn| name::eq(urn, BULK_REQUEST));
    match get(&body, "schemas") {
        None | Some(Value::Null) => {}
        Some(Value::Array(list)) if list.is_empty() || list.iter().any(named) => {}
        Some(_) => {
            return Err(invalid(
                "The \"schemas\" of the body are not those of a bulk request.",
            ));
        }
    }
    let fail_on_errors = match get(&body, "failOnErrors") {
        None | Some(Value::Null) => None,
        // The smallest limit is one error.
        Some(Value::Number(number)) if number.is_i64() || number.is_u64() => {
            let errors = number.as_i64().map_or(usize::MAX, |errors| {
                usize::try_from(errors.max(1)).unwrap_or(usize::MAX)
            });
            Some(errors)
        }
        Some(_) => return Err(invalid("\"failOnErrors\" is a whole number.")),
    };
    let operations = body
        .into_iter()
        .find(|(key, _)| name::eq(key, "Operations"))
        .map(|(_, value)| value);
    let Some(Value::Array(operations)) = operations else {
        return Err(invalid("A bulk request has a list of \"Operations\"."));
    };
    if operations.len() > MAX_OPERATIONS {
        return Err(Refusal::TooMany(operations.len()));
    }
    let items: Vec<Item> = operations.into_iter().map(|value| item(value, target)).collect();
    let mut seen = HashSet::new();
    if !items
        .iter()
        .filter_map(|item| item.bulk_id.as_deref())
        .all(|id| seen.insert(id))
    {
        return Err(invalid("Two operations have the same bulkId; give each its own."));
    }
    Ok(BulkRequest {
        fail_on_errors,
        items,
    })
}

fn item(value: Value, target: Reader<'_>) -> Item {
    let Value::Object(fields) = value else {
        return Item {
            method: String::new(),
            bulk_id: None,
            operation: Err(Error::invalid_syntax(format!(
                "An operation of a bulk request is a JSON object. {EXAMPLE}"
            ))),
        };
    };
    let text = |key: &str| get(&fields, key).and_then(Value::as_str).map(str::to_owned);
    Item {
        method: text("method").unwrap_or_default().chars().take(16).collect(),
        bulk_id: text("bulkId").filter(|id| !id.is_empty()),
        operation: operation(fields, target),
    }
}

fn operation(mut fields: Map<String, Value>, target: Reader<'_>) -> Result<BulkOperation, Error> {
    let invalid = |key: &str, detail: &str| Error::invalid_syntax(format!("{detail} {EXAMPLE}")).on(key);
    let text = |key: &str| match get(&fields, key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(invalid(key, &format!("\"{key}\" of a bulk operation is a text."))),
    };
    let method = text("method")?.unwrap_or_default().to_ascii_uppercase();
    let path = text("path")?.ok_or_else(|| invalid("path", "A bulk operation has a \"path\"."))?;
    let version = text("version")?.filter(|version| !version.trim().is_empty());
    let bulk_id = text("bulkId")?.filter(|id| !id.is_empty());
    let (kind, id) = target(&path).ok_or_else(|| {
        Error::invalid_path(
            "path",
            "The \"path\" of a bulk operation is /Users, /Users/{id}, /Groups or /Groups/{id} below the Tenant URL that the \
             bulk request went to; an address of another host, tenant or profile names nothing here. Write it relative to the \
             Tenant URL.",
        )
    })?;
    let key = fields
        .keys()
        .find(|key| name::eq(key, "data"))
        .cloned()
        .unwrap_or_default();
    let data = match fields.shift_remove(&key) {
        Some(data @ Value::Object(_)) => Ok(data),
        _ => Err(invalid(
            "data",
            "A bulk operation other than DELETE has \"data\", which is what the body of the single request would be.",
        )),
    };
    let action = match (method.as_str(), id) {
        ("POST", None) if bulk_id.is_none() => {
            return Err(invalid(
                "bulkId",
                "A POST in a bulk request has a \"bulkId\" to be answered by.",
            ));
        }
        ("POST", None) => BulkAction::Create(data?),
        ("PUT", Some(id)) => BulkAction::Replace(id, data?),
        ("PATCH", Some(id)) => BulkAction::Patch(id, data?),
        ("DELETE", Some(id)) => BulkAction::Delete(id),
        ("POST", Some(_)) => {
            return Err(invalid(
                "path",
                "A POST goes to /Users or /Groups, without an id.",
            ));
        }
        ("PUT" | "PATCH" | "DELETE", None) => {
            return Err(invalid(
                "path",
                "PUT, PATCH and DELETE go to one resource, /Users/{id} or /Groups/{id}; a whole collection is never changed.",
            ));
        }
        _ => {
            return Err(invalid(
                "method",
                "The \"method\" of a bulk operation is POST, PUT, PATCH or DELETE.",
            ));
        }
    };
    Ok(BulkOperation {
        action,
        kind,
        version,
    })
}
