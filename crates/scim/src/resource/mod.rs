//! A SCIM resource in its canonical shape: [`Resource::accept`] makes it of a body.
//!
//! Must not know: ids, versions, times (the server adds them by [`crate::message::Document`]), storage.
//!
//! Reading order: `accept` (body to resource), `coerce` (one value by its schema), `canonical` (the form of a list),
//! `defaults` (values of absent attributes), `mutability` (what the next state keeps of the present one), `read` (lookup of
//! values), `stored` (a document that is not parsed yet), `keys` (equality of texts), `blank` (invisible texts), `nul` (U+0000).

mod accept;
mod blank;
mod canonical;
mod coerce;
mod defaults;
mod keys;
mod mutability;
mod nul;
mod read;
mod stored;

pub use accept::Accepted;
pub use blank::is_blank;
pub(crate) use canonical::part_key;
pub use coerce::{Coerced, coerce};
pub(crate) use coerce::{coerce_element, opened};
pub use keys::{fold, nfc};
pub use mutability::check_immutable;
pub(crate) use nul::check_nul;
pub use read::Attributes;
pub(crate) use read::{get, map_found};

use std::sync::OnceLock;

use serde_json::{Map, Value};

use self::stored::StoredText;

/// A document: canonical spelling of names, values byte-exact as sent, no nulls, nothing read-only, neither `id` nor
/// `meta` nor `schemas`. Extension attributes are in objects under their URN.
#[derive(Clone, Debug, Default)]
pub struct Resource {
    /// Its JSON text, if it was stored and not changed since.
    stored: Option<StoredText>,
    /// The parsed document; of a stored text made at the first access.
    map: OnceLock<Map<String, Value>>,
}

impl Resource {
    /// A document from the map that [`Resource::into_map`] returned.
    pub fn from_stored(map: Map<String, Value>) -> Self {
        Self {
            stored: None,
            map: OnceLock::from(map),
        }
    }

    /// A document as it was stored. It is parsed at the first access to a value, which a full response does not need.
    ///
    /// # Errors
    /// The text is no JSON object.
    pub fn from_text(text: String) -> Result<Self, serde_json::Error> {
        Ok(match StoredText::check(text)? {
            Ok(stored) => Self {
                stored: Some(stored),
                map: OnceLock::new(),
            },
            Err(text) => Self::from_stored(serde_json::from_str(&text)?),
        })
    }

    /// The document.
    pub fn as_map(&self) -> &Map<String, Value> {
        self.map.get_or_init(|| self.parsed())
    }

    /// The document, for storage.
    pub fn into_map(mut self) -> Map<String, Value> {
        self.map.take().unwrap_or_else(|| self.parsed())
    }

    fn parsed(&self) -> Map<String, Value> {
        self.stored.as_ref().map_or_else(Map::new, StoredText::parsed)
    }

    /// The members of its JSON text, without the braces, if it was stored and is unchanged.
    pub(crate) fn as_text(&self) -> Option<&str> {
        self.stored.as_ref().map(StoredText::members)
    }

    /// Whether it has attributes of an extension.
    pub(crate) fn has_schema(&self, urn: &str) -> bool {
        match &self.stored {
            Some(stored) => stored.has_schema(urn),
            None => self.as_map().contains_key(urn),
        }
    }

    /// Its size in bytes of JSON.
    pub fn bytes(&self) -> usize {
        match &self.stored {
            Some(stored) => stored.members().len(),
            None => members_bytes(self.as_map()),
        }
    }
}

impl PartialEq for Resource {
    fn eq(&self, other: &Self) -> bool {
        self.as_map() == other.as_map()
    }
}

/// The size of a value in bytes of JSON, escapes not counted: a measure of the cost to store, compare and send it.
pub fn json_bytes(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len() + 2,
        Value::Array(items) => 2 + items.iter().map(|item| json_bytes(item) + 1).sum::<usize>(),
        Value::Object(parts) => 2 + members_bytes(parts),
        Value::Null | Value::Bool(_) | Value::Number(_) => SCALAR_BYTES,
    }
}

/// About the length of a number, in bytes.
const SCALAR_BYTES: usize = 8;

/// [`json_bytes`] of the members of an object.
fn members_bytes(parts: &Map<String, Value>) -> usize {
    parts
        .iter()
        .map(|(name, value)| name.len() + 4 + json_bytes(value))
        .sum()
}
