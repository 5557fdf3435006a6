//! A SCIM resource in its canonical shape: what [`Resource::accept`] makes of a body, and how it is read.
//!
//! Must not know: ids, versions, times (those are the server's, added by [`crate::message::Document`]), storage.
//!
//! Reading order: `accept` (body to resource), `coerce` (one value by its schema), `canonical` (the one form of a list),
//! `defaults` (what a document need not say), `mutability` (what the next state owes to the present one), `read` (looking
//! values up), `stored` (a document that nobody has read yet), `keys` (when two texts are the same), `blank` (texts that say nothing).

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
    /// Its text, where it was stored and not changed since.
    stored: Option<StoredText>,
    /// Of a stored text made when it is asked for.
    map: OnceLock<Map<String, Value>>,
}

impl Resource {
    /// A document that [`Resource::into_map`] once gave away.
    pub fn from_stored(map: Map<String, Value>) -> Self {
        Self {
            stored: None,
            map: OnceLock::from(map),
        }
    }

    /// A document as it was stored. Its values are read when one is asked for, which an answer with all of them does not.
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

    /// The members of its JSON text, without the braces, where it was stored and is unchanged.
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

    /// How large it is, in bytes of JSON.
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

/// How large a value is as JSON, in bytes, escapes not counted: what keeping, comparing and sending it costs.
pub fn json_bytes(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len() + 2,
        Value::Array(items) => 2 + items.iter().map(|item| json_bytes(item) + 1).sum::<usize>(),
        Value::Object(parts) => 2 + members_bytes(parts),
        Value::Null | Value::Bool(_) | Value::Number(_) => SCALAR_BYTES,
    }
}

/// About as long as numbers are.
const SCALAR_BYTES: usize = 8;

/// The same of the members of an object.
fn members_bytes(parts: &Map<String, Value>) -> usize {
    parts
        .iter()
        .map(|(name, value)| name.len() + 4 + json_bytes(value))
        .sum()
}
