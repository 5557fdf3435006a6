//! The bodies of responses: resources, lists, errors (RFC 7644 §3.4.2, §3.12) and discovery (§4).
//!
//! Must not know: HTTP, how a resource was found. No body has a null.

mod discovery;
mod document;
mod json_writer;

pub use discovery::{
    DEFAULT_RESULTS, MAX_RESULTS, resource_type_document, resource_types, schema_document, schemas,
    service_provider_config,
};
pub use document::Document;
pub(crate) use document::schemas_of;
pub use json_writer::JsonWriter;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use crate::error::ScimType;
use crate::etag::{self, Revision};

/// The schema of a list response.
pub const LIST_RESPONSE: &str = "urn:ietf:params:scim:api:messages:2.0:ListResponse";
/// The schema of an error response.
pub const ERROR: &str = "urn:ietf:params:scim:api:messages:2.0:Error";
/// The media type of every response (RFC 7644 §8.1), without parameters.
pub const MEDIA_TYPE: &str = "application/scim+json";

/// The `meta` of a resource (RFC 7643 §3.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meta {
    /// When it was created.
    pub created: DateTime<Utc>,
    /// When it last changed.
    pub last_modified: DateTime<Utc>,
    /// Its revision.
    pub version: Revision,
    /// Its full URL.
    pub location: String,
}

impl Meta {
    /// The weak entity tag: `W/"3"`.
    pub fn etag(&self) -> String {
        etag::of(self.version)
    }
}

/// An error response; `status` is a string by RFC 7644 §3.12.
pub fn error_body(status: u16, scim_type: Option<ScimType>, detail: &str) -> Value {
    let mut body = Map::new();
    body.insert("schemas".to_owned(), json!([ERROR]));
    body.insert("status".to_owned(), status.to_string().into());
    if let Some(scim_type) = scim_type {
        body.insert("scimType".to_owned(), scim_type.as_str().into());
    }
    body.insert("detail".to_owned(), detail.into());
    Value::Object(body)
}

/// The head of a list response (RFC 7644 §3.4.2, RFC 9865 §2).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ListHead {
    /// The number of matches; absent in a list that is read by cursors.
    pub total: Option<usize>,
    /// The number of the page's first resource, from 1; absent in a list that is read by cursors.
    pub start_index: Option<usize>,
    /// The cursor of the next page; none after the last page.
    pub next_cursor: Option<String>,
}

impl ListHead {
    /// Begins a list response; the caller writes the resources, then ends the array and the object.
    pub fn begin(&self, out: &mut JsonWriter, items_per_page: usize) {
        out.begin_object();
        out.member("schemas", &[LIST_RESPONSE]);
        for (name, number) in [
            ("totalResults", self.total),
            ("startIndex", self.start_index),
            ("itemsPerPage", Some(items_per_page)),
        ] {
            if let Some(number) = number {
                out.member(name, &number);
            }
        }
        if let Some(cursor) = &self.next_cursor {
            out.member("nextCursor", cursor);
        }
        out.key("Resources");
        out.begin_array();
    }
}

/// A list response by index: `total` matches, of which `resources` are the page that begins at `start_index` (from 1).
pub fn list_response(total: usize, start_index: usize, resources: Vec<Value>) -> Value {
    let (per_page, resources) = (resources.len(), Value::Array(resources));
    json!({
        "schemas": [LIST_RESPONSE],
        "totalResults": total,
        "startIndex": start_index,
        "itemsPerPage": per_page,
        "Resources": resources,
    })
}
