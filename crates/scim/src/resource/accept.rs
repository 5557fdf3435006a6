//! Conversion of the body of a POST or PUT to a [`Resource`].
//!
//! Must not know: bytes (the caller parses JSON and removes a byte order mark) or policies such as required attributes,
//! which differ by directory. `coerce` converts the values.

use serde_json::{Map, Value};

use super::Resource;
use super::coerce::{coerce, insert_once, kind, wrong_type};
use super::mutability::holder_mut;
use super::nul::check_nul;
use crate::error::Error;
use crate::name;
use crate::path::AttrPath;
use crate::quirk::entra::unassigns;
use crate::quirk::onelogin::modern_urn;
use crate::schema::{Attribute, ResourceType, Schema};

/// The result of [`Resource::accept`].
#[derive(Debug, Clone, PartialEq)]
pub struct Accepted {
    /// The document.
    pub resource: Resource,
    /// Paths of the body that this directory does not have, as `name.givenName` or `urn:…:User:badge`.
    pub ignored: Vec<String>,
}

impl Resource {
    /// Converts a POST or PUT body to canonical shape.
    ///
    /// Read-only attributes, `schemas`, nulls, empty texts and empty lists are left out; unknown attributes are left
    /// out and named in [`Accepted::ignored`]; names get the schema's spelling; values are coerced by the schema and
    /// otherwise byte-exact.
    ///
    /// # Errors
    /// [`crate::ScimType::InvalidSyntax`] when the body is no object; [`crate::ScimType::InvalidValue`] when a known
    /// attribute has the wrong type, or was sent twice with different values, or for U+0000 anywhere.
    pub fn accept(rt: &ResourceType, body: Value) -> Result<Accepted, Error> {
        let Value::Object(body) = body else {
            return Err(Error::invalid_syntax(format!(
                "The request body must be a JSON object describing one {}, but {} was sent. Check the provisioning \
                 client.",
                rt.name,
                kind(&body)
            )));
        };
        let mut reader = Reader {
            rt,
            kept: Map::new(),
            ignored: Vec::new(),
        };
        for (key, value) in body {
            check_nul(&key, &value)?;
            reader.top(&key, value)?;
        }
        Ok(Accepted {
            resource: Self::from_stored(reader.kept),
            ignored: reader.ignored,
        })
    }
}

struct Reader<'a> {
    rt: &'a ResourceType,
    kept: Map<String, Value>,
    ignored: Vec<String>,
}

impl Reader<'_> {
    /// One member of the body: a core attribute, an extension object, or one of the flattened spellings.
    fn top(&mut self, key: &str, value: Value) -> Result<(), Error> {
        if unassigns(&value) {
            return Ok(());
        }
        let key = modern_urn(key).unwrap_or(key);
        if let Some(extension) = self.rt.extension(key) {
            return self.object(Some(extension), value);
        }
        if name::eq(key, &self.rt.core.id) {
            return self.object(None, value);
        }
        match self.rt.parse_path(key) {
            Ok(path) if self.rt.find(&path).is_some() => self.attribute(&path, value),
            _ => {
                self.ignore(key, &value);
                Ok(())
            }
        }
    }

    /// The members of an extension's object, or of one under the core URN.
    fn object(&mut self, extension: Option<&Schema>, value: Value) -> Result<(), Error> {
        let urn = extension.map_or(&self.rt.core.id, |schema| &schema.id).clone();
        let Value::Object(members) = value else {
            return Err(wrong_type(&AttrPath::new(Some(&urn), ""), "an object", &value));
        };
        for (key, value) in members {
            let schema = extension.map(|schema| schema.id.clone());
            let known = AttrPath::parse(&key, &[])
                .map(|path| self.rt.canonical(AttrPath { schema, ..path }))
                .ok()
                .filter(|path| self.rt.find(path).is_some());
            match known {
                Some(path) => self.attribute(&path, value)?,
                None if unassigns(&value) => {}
                None => self.ignored.push(format!("{urn}:{key}")),
            }
        }
        Ok(())
    }

    /// A known attribute or, for a dotted key, sub-attribute.
    fn attribute(&mut self, path: &AttrPath, value: Value) -> Result<(), Error> {
        let Some(attribute) = self.rt.attribute(path) else {
            return Ok(());
        };
        if path.schema.is_none() && attribute.name == "schemas" {
            return check_schemas(&value);
        }
        let value = match &path.sub {
            Some(sub) => wrap(attribute, sub, value),
            None => value,
        };
        let coerced = coerce(attribute, &path.parent(), value)?;
        self.ignored.extend(coerced.ignored);
        let Some(value) = coerced.value else { return Ok(()) };
        let Some(holder) = holder_mut(&mut self.kept, path.schema.as_deref()) else {
            return Ok(());
        };
        match (holder.get_mut(&attribute.name), value) {
            // `name.givenName` beside `name`: the parts are merged, unless they contradict each other.
            (Some(Value::Object(present)), Value::Object(parts)) => {
                for (part, value) in parts {
                    insert_once(present, &part, value, &path.with_sub(&part))?;
                }
                Ok(())
            }
            (_, value) => insert_once(holder, &attribute.name, value, path),
        }
    }

    /// Reports what is dropped: an object's members one by one, as mappings target them.
    fn ignore(&mut self, key: &str, value: &Value) {
        let separator = if key.contains(':') { ':' } else { '.' };
        match value {
            Value::Object(members) => self.ignored.extend(
                members
                    .iter()
                    .filter(|(_, value)| !unassigns(value))
                    .map(|(member, _)| format!("{key}{separator}{member}")),
            ),
            _ => self.ignored.push(key.to_owned()),
        }
    }
}

/// `name.givenName: x` is `name: {givenName: x}`.
fn wrap(attribute: &Attribute, sub: &str, value: Value) -> Value {
    let object = Value::Object(Map::from_iter([(sub.to_owned(), value)]));
    if attribute.multi_valued {
        Value::Array(vec![object])
    } else {
        object
    }
}

/// `schemas` is computed for responses, so any URNs are accepted; but it must be a list of texts.
fn check_schemas(value: &Value) -> Result<(), Error> {
    let fine = match value {
        Value::String(_) => true,
        Value::Array(items) => items.iter().all(Value::is_string),
        _ => false,
    };
    if fine {
        return Ok(());
    }
    Err(wrong_type(&AttrPath::core("schemas"), "a list of URNs", value))
}
