//! The text of a stored document whose values are not parsed yet.
//!
//! Must not know: the meaning of attributes. The check of the text collects what is needed without its values.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserializer as _, IgnoredAny, MapAccess, Visitor};
use serde_json::{Deserializer, Error, Map, Value};

use crate::name;

/// A JSON object as text, and the names of its members that are asked for.
#[derive(Clone, Debug)]
pub(super) struct StoredText {
    text: String,
    /// The names that are URNs.
    urns: Vec<String>,
    has_active: bool,
}

impl StoredText {
    /// Checks a text. One that a response cannot repeat as it is, because it has an empty object, is returned as `Err`.
    pub(super) fn check(text: String) -> Result<Result<Self, String>, Error> {
        if text.contains("{}") || !(text.starts_with('{') && text.ends_with('}')) {
            return Ok(Err(text));
        }
        let mut reader = Deserializer::from_str(&text);
        let Names { urns, has_active } = reader.deserialize_map(Names::default())?;
        reader.end()?;
        Ok(Ok(Self {
            text,
            urns,
            has_active,
        }))
    }

    /// The text between the braces.
    pub(super) fn members(&self) -> &str {
        self.text.get(1..self.text.len() - 1).unwrap_or_default()
    }

    pub(super) fn has_schema(&self, urn: &str) -> bool {
        self.urns.iter().any(|own| own == urn)
    }

    pub(super) const fn has_active(&self) -> bool {
        self.has_active
    }

    /// The document. Its syntax was checked; what could still fail (a number beyond a double's range) is never stored.
    pub(super) fn parsed(&self) -> Map<String, Value> {
        serde_json::from_str(&self.text).unwrap_or_default()
    }
}

/// Reads an object for the names of its members.
#[derive(Default)]
struct Names {
    urns: Vec<String>,
    has_active: bool,
}

impl<'de> Visitor<'de> for Names {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut members: A) -> Result<Self, A::Error> {
        while let Some(name) = members.next_key::<Cow<'de, str>>()? {
            members.next_value::<IgnoredAny>()?;
            self.has_active |= name::eq(&name, "active");
            if name.contains(':') {
                self.urns.push(name.into_owned());
            }
        }
        Ok(self)
    }
}
