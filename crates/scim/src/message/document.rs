//! A whole resource for responses, filters and sorting: the client's attributes and those of the server.
//!
//! Nothing is copied: filters and sorting borrow values, and responses are written from them. Must not know: how a resource
//! was found, where the response goes.

use std::borrow::Cow;

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Map, Value};

use super::{JsonWriter, Meta};
use crate::name;
use crate::query::ResolvedProjection;
use crate::resource::{Attributes, Resource, json_bytes};
use crate::schema::{ResourceType, Schema};

/// About the length of `schemas`, `id` and `meta`, in bytes.
const OWN_BYTES: usize = 512;

/// A whole resource (RFC 7643 §3): `schemas`, `id`, its attributes in their order, `meta`, and what is computed.
#[derive(Debug)]
pub struct Document<'a> {
    resource_type: &'a ResourceType,
    id: Cow<'a, str>,
    resource: &'a Resource,
    meta: Meta,
    tag: Option<&'a str>,
    computed: Option<(&'static str, &'a Value)>,
}

impl<'a> Document<'a> {
    /// A resource with its id and `meta`.
    pub fn new(
        resource_type: &'a ResourceType,
        id: impl Into<Cow<'a, str>>,
        resource: &'a Resource,
        meta: Meta,
    ) -> Self {
        Self {
            resource_type,
            id: id.into(),
            resource,
            meta,
            tag: None,
            computed: None,
        }
    }

    /// The same with another `meta.version` than the revision's, the response's `ETag` (RFC 7643 §3.1).
    #[must_use]
    pub fn with_tag(self, tag: &'a str) -> Self {
        Self {
            tag: Some(tag),
            ..self
        }
    }

    /// The same with a computed attribute, such as `groups` of a User; at most one.
    #[must_use]
    pub fn with_computed(self, name: &'static str, value: &'a Value) -> Self {
        Self {
            computed: Some((name, value)),
            ..self
        }
    }

    /// Its size in bytes of JSON, without `schemas`, `id` and `meta`.
    pub fn bytes(&self) -> usize {
        self.resource.bytes() + self.computed.map_or(0, |(_, value)| json_bytes(value))
    }

    /// The requested part of the document, as JSON text.
    pub fn to_json(&self, wanted: &ResolvedProjection) -> Vec<u8> {
        let mut out = JsonWriter::with_capacity(self.resource.bytes() + OWN_BYTES);
        self.write(&mut out, wanted);
        out.take()
    }

    /// Writes the requested part of the document.
    pub fn write(&self, out: &mut JsonWriter, wanted: &ResolvedProjection) {
        out.begin_object();
        self.write_members(out, wanted);
        out.end_object();
    }

    /// As [`Self::write`], without the braces, for an object that has more members.
    pub fn write_members(&self, out: &mut JsonWriter, wanted: &ResolvedProjection) {
        out.key("schemas");
        out.begin_array();
        schemas_of(self.resource_type, self.resource).for_each(|urn| out.value(urn));
        out.end_array();
        out.member("id", &self.id);
        if let Some(text) = self.resource.as_text().filter(|_| wanted.is_everything()) {
            out.members(text);
        } else {
            let attributes = self.resource.as_map().iter();
            attributes.for_each(|(name, value)| self.write_some(out, wanted, name, value));
        }
        if wanted.is_everything() {
            out.key("meta");
            out.begin_object();
            for (name, text) in self.meta() {
                out.member(name, &text);
            }
            out.end_object();
        } else {
            self.write_some(out, wanted, "meta", &self.meta_value());
        }
        if let Some((name, value)) = self.computed {
            self.write_some(out, wanted, name, value);
        }
    }

    fn write_some(&self, out: &mut JsonWriter, wanted: &ResolvedProjection, name: &str, value: &Value) {
        if let Some(value) = wanted.pick(self.resource_type, name, value) {
            out.member(name, &value);
        }
    }

    fn meta(&self) -> [(&'static str, Cow<'_, str>); 5] {
        let tag = self.tag.map_or_else(|| self.meta.etag().into(), Cow::from);
        [
            ("resourceType", Cow::from(&self.resource_type.name)),
            ("created", instant(self.meta.created).into()),
            ("lastModified", instant(self.meta.last_modified).into()),
            ("location", Cow::from(&self.meta.location)),
            ("version", tag),
        ]
    }

    fn meta_value(&self) -> Value {
        let members = self.meta().into_iter();
        members
            .map(|(name, text)| (name.to_owned(), Value::from(text)))
            .collect::<Map<_, _>>()
            .into()
    }
}

impl Attributes for Document<'_> {
    fn attribute(&self, name: &str) -> Option<Cow<'_, Value>> {
        let is = |own: &str| name::eq(own, name);
        if is("id") {
            return Some(Cow::Owned(Value::from(&*self.id)));
        }
        if is("meta") {
            return Some(Cow::Owned(self.meta_value()));
        }
        if is("schemas") {
            let urns = schemas_of(self.resource_type, self.resource);
            return Some(Cow::Owned(urns.map(Value::from).collect()));
        }
        match self.computed {
            Some((own, value)) if is(own) => Some(Cow::Borrowed(value)),
            _ => self.resource.attribute(name),
        }
    }
}

/// The core schema and each extension present (RFC 7643 §3).
pub(crate) fn schemas_of<'a>(rt: &'a ResourceType, resource: &Resource) -> impl Iterator<Item = &'a str> {
    let present = |extension: &&Schema| resource.has_schema(&extension.id);
    let schemas = std::iter::once(&rt.core).chain(rt.extensions.iter().filter(present));
    schemas.map(|schema| schema.id.as_str())
}

fn instant(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Millis, true)
}
