//! A SCIM resource in its canonical shape: what [`Resource::accept`] makes of a body, and how it is read.
//!
//! Must not know: ids, versions, times (those are the server's, added by [`crate::message::render`]), storage.
//!
//! Reading order: `accept` (body to resource), `coerce` (one value by its schema), `canonical` (the one form of a list),
//! `defaults` (what a document need not say), `mutability` (what the next state owes to the present one), `read` (looking
//! values up), `keys` (when two texts are the same), `blank` (texts that say nothing).

mod accept;
mod blank;
mod canonical;
mod coerce;
mod defaults;
mod keys;
mod mutability;
mod nul;
mod read;

pub use accept::Accepted;
pub use blank::is_blank;
pub(crate) use canonical::part_key;
pub(crate) use coerce::opened;
pub use coerce::{Coerced, coerce};
pub use keys::{fold, nfc};
pub use mutability::check_immutable;
pub(crate) use nul::check_nul;
pub(crate) use read::get;

use serde_json::{Map, Value};

/// A document: canonical spelling of names, values byte-exact as sent, no nulls, nothing read-only, neither `id` nor
/// `meta` nor `schemas`. Extension attributes are in objects under their URN.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Resource(Map<String, Value>);

impl Resource {
    /// A document that [`Resource::into_map`] once gave away.
    pub const fn from_stored(map: Map<String, Value>) -> Self {
        Self(map)
    }

    /// The document.
    pub const fn as_map(&self) -> &Map<String, Value> {
        &self.0
    }

    /// The document, for storage.
    pub fn into_map(self) -> Map<String, Value> {
        self.0
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
pub fn members_bytes(parts: &Map<String, Value>) -> usize {
    parts
        .iter()
        .map(|(name, value)| name.len() + 4 + json_bytes(value))
        .sum()
}
