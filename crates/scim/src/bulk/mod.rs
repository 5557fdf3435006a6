//! Bulk requests (RFC 7644 §3.7): their operations, and the order in which they can be done.
//!
//! Must not know: how an operation is done. [`BulkPlan`] returns one step after the other and receives its result; it replaces
//! each `bulkId:` reference by the id of the created resource, also when the reference comes before the creation or is part
//! of a circle (ADR 0023).
//!
//! Reading order: [`BulkRequest`], `parse`, `refs` (references), [`BulkPlan`].

mod defer;
mod parse;
mod plan;
mod refs;

pub use plan::{BulkFault, BulkPlan, BulkStep, Work, in_a_circle};

use serde_json::{Map, Value, json};

use crate::error::Error;

/// The most operations of one request.
pub const MAX_OPERATIONS: usize = 1_000;
/// The largest body of a request, in bytes.
pub const MAX_PAYLOAD: usize = 2 * 1024 * 1024;
/// The schema of a bulk body.
pub const BULK_REQUEST: &str = "urn:ietf:params:scim:api:messages:2.0:BulkRequest";
/// The schema of its response.
pub const BULK_RESPONSE: &str = "urn:ietf:params:scim:api:messages:2.0:BulkResponse";

/// A bulk request.
#[derive(Debug, Clone, PartialEq)]
pub struct BulkRequest {
    /// After this number of failed operations, at least 1, the rest is not done; `None` does all.
    pub fail_on_errors: Option<usize>,
    /// The operations, as sent.
    pub items: Vec<Item>,
}

/// One operation as sent; an invalid one is answered with its error while the others are done.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// The method as sent, which the response repeats.
    pub method: String,
    /// The client's name for the operation.
    pub bulk_id: Option<String>,
    /// The parsed operation.
    pub operation: Result<BulkOperation, Error>,
}

/// A valid operation.
#[derive(Debug, Clone, PartialEq)]
pub struct BulkOperation {
    /// The action; references are not resolved yet.
    pub action: BulkAction,
    /// The endpoint.
    pub kind: UserOrGroup,
    /// The version the resource must have: an `If-Match`.
    pub version: Option<String>,
}

/// The action of an operation.
#[derive(Debug, Clone, PartialEq)]
pub enum BulkAction {
    /// POST of a document.
    Create(Value),
    /// PUT of a document at an id.
    Replace(String, Value),
    /// PATCH of an id with a body.
    Patch(String, Value),
    /// DELETE of an id.
    Delete(String),
}

/// The meaning of an operation's `path`: an endpoint, and the id of one of its resources.
pub type Target = (UserOrGroup, Option<String>);

/// The kind of resource that an endpoint serves; `Display` gives the endpoint's path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, strum::Display)]
pub enum UserOrGroup {
    /// `/Users`
    #[strum(to_string = "/Users")]
    User,
    /// `/Groups`
    #[strum(to_string = "/Groups")]
    Group,
}

/// Why a whole request is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// This number of operations is more than [`MAX_OPERATIONS`].
    TooMany(usize),
    /// The body has another shape.
    Invalid(Error),
}

impl BulkRequest {
    /// Parses the body. `target` parses the `path` of an operation: `None` when it names nothing that can be changed here.
    ///
    /// # Errors
    /// [`Refusal::TooMany`] beyond [`MAX_OPERATIONS`]; [`Refusal::Invalid`] for a body of another shape and for a
    /// `bulkId` that two operations have. An error of one operation is stored in its [`Item`].
    pub fn parse(body: Value, target: &dyn Fn(&str) -> Option<Target>) -> Result<Self, Refusal> {
        parse::request(body, target)
    }
}

/// One operation of the response (RFC 7644 §3.7.3).
#[derive(Debug, Clone, PartialEq)]
pub struct BulkResultLine<'a> {
    /// The operation it answers.
    pub item: &'a Item,
    /// The HTTP status.
    pub status: u16,
    /// The resource's URL; `None` for a creation that failed.
    pub location: Option<String>,
    /// The resource's version after it.
    pub version: Option<String>,
    /// The error body of a failure.
    pub response: Option<Value>,
}

/// The response body: one line for each operation that was tried, in the order of the request.
pub fn response(lines: &[BulkResultLine<'_>]) -> Value {
    let line = |line: &BulkResultLine<'_>| {
        let mut body = Map::new();
        let mut put = |key: &str, value: Option<Value>| {
            if let Some(value) = value {
                body.insert(key.to_owned(), value);
            }
        };
        put("method", Some(line.item.method.as_str().into()));
        put("bulkId", line.item.bulk_id.as_deref().map(Value::from));
        put("version", line.version.as_deref().map(Value::from));
        put("location", line.location.as_deref().map(Value::from));
        put("status", Some(line.status.to_string().into()));
        put("response", line.response.clone());
        Value::Object(body)
    };
    json!({"schemas": [BULK_RESPONSE], "Operations": lines.iter().map(line).collect::<Vec<_>>()})
}
