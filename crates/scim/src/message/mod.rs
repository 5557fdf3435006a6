//! The documents that go back over the wire: resources, lists, errors (RFC 7644 §3.4.2, §3.12) and discovery (§4).
//!
//! Must not know: HTTP, or how a resource was found. None of them holds a null.

mod discovery;

pub use discovery::{
    DEFAULT_RESULTS, MAX_RESULTS, resource_type_document, resource_types, schema_document, schemas,
    service_provider_config,
};

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Map, Value, json};

use crate::error::ScimType;
use crate::etag;
use crate::resource::Resource;
use crate::schema::{ResourceType, Schema};

/// The schema of a list answer.
pub const LIST_RESPONSE: &str = "urn:ietf:params:scim:api:messages:2.0:ListResponse";
/// The schema of an error answer.
pub const ERROR: &str = "urn:ietf:params:scim:api:messages:2.0:Error";
/// The media type of every answer (RFC 7644 §8.1); without parameters.
pub const MEDIA_TYPE: &str = "application/scim+json";

/// What the server knows about a resource (RFC 7643 §3.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meta {
    /// When it was created.
    pub created: DateTime<Utc>,
    /// When it last changed.
    pub last_modified: DateTime<Utc>,
    /// Its revision, from 1.
    pub version: i64,
    /// Its full URL.
    pub location: String,
}

impl Meta {
    /// The weak entity tag: `W/"3"`.
    pub fn etag(&self) -> String {
        etag::of(self.version)
    }
}

/// An error answer; `status` is text, as the RFC has it.
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

/// A list answer by index: `total` matches in all, of which `resources` are the page that begins at `start_index` (from 1).
pub fn list_response(total: usize, start_index: usize, resources: Vec<Value>) -> Value {
    let head = ListHead {
        total: Some(total),
        start_index: Some(start_index),
        next_cursor: None,
    };
    list_page(&head, resources.len(), resources)
}

/// What a list answer says of its page (RFC 7644 §3.4.2, RFC 9865 §2).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ListHead {
    /// How many match in all; not said of a list that is read by cursors.
    pub total: Option<usize>,
    /// The first one's number, from 1; not said of a list that is read by cursors.
    pub start_index: Option<usize>,
    /// Where the next page begins; none after the last page.
    pub next_cursor: Option<String>,
}

/// A list answer. `Resources` is its last member, so that a caller may leave it empty and write the resources themselves.
pub fn list_page(head: &ListHead, items_per_page: usize, resources: Vec<Value>) -> Value {
    let mut body = Map::new();
    body.insert("schemas".to_owned(), json!([LIST_RESPONSE]));
    if let Some(total) = head.total {
        body.insert("totalResults".to_owned(), total.into());
    }
    if let Some(start_index) = head.start_index {
        body.insert("startIndex".to_owned(), start_index.into());
    }
    body.insert("itemsPerPage".to_owned(), items_per_page.into());
    if let Some(cursor) = &head.next_cursor {
        body.insert("nextCursor".to_owned(), cursor.as_str().into());
    }
    body.insert("Resources".to_owned(), Value::Array(resources));
    Value::Object(body)
}

/// The core schema and each extension present (RFC 7643 §3).
pub(crate) fn schemas_of<'a>(rt: &'a ResourceType, resource: &Resource) -> Vec<&'a str> {
    let present = |extension: &&Schema| resource.as_map().contains_key(&extension.id);
    let extensions = rt.extensions.iter().filter(present);
    std::iter::once(&rt.core)
        .chain(extensions)
        .map(|schema| schema.id.as_str())
        .collect()
}

/// The whole document of a resource: `schemas`, `id`, its attributes in order, `meta`.
pub fn render(rt: &ResourceType, id: &str, resource: &Resource, meta: &Meta) -> Value {
    let attributes = resource.as_map();
    let schemas = schemas_of(rt, resource);
    let mut body = Map::with_capacity(attributes.len() + 3);
    body.insert("schemas".to_owned(), json!(schemas));
    body.insert("id".to_owned(), id.into());
    body.extend(attributes.iter().map(|(key, value)| (key.clone(), value.clone())));
    body.insert(
        "meta".to_owned(),
        json!({
            "resourceType": rt.name,
            "created": instant(meta.created),
            "lastModified": instant(meta.last_modified),
            "location": meta.location,
            "version": meta.etag(),
        }),
    );
    Value::Object(body)
}

fn instant(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Millis, true)
}
