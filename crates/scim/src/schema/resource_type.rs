//! A resource type: a core schema with its extensions, at an endpoint (RFC 7643 §6).
//!
//! Must not know: documents.

use super::common::COMMON;
use super::model::{Attribute, Schema};
use crate::error::Error;
use crate::name;
use crate::path::{AttrPath, ValuePath};
use crate::quirk::entra::home_of;
use crate::quirk::onelogin::modern_urn;

/// A resource type (RFC 7643 §6): what one endpoint serves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceType {
    /// `User`, `Group`.
    pub name: String,
    /// `/Users`, `/Groups`.
    pub endpoint: String,
    /// Its description in `/ResourceTypes`.
    pub description: String,
    /// The core schema.
    pub core: Schema,
    /// The extensions a resource may carry, all optional.
    pub extensions: Vec<Schema>,
}

impl ResourceType {
    /// The core schema, then the extensions.
    pub fn schemas(&self) -> impl Iterator<Item = &Schema> {
        std::iter::once(&self.core).chain(&self.extensions)
    }

    /// The URNs a path may begin with: the core schema's first.
    pub fn urns(&self) -> Vec<&str> {
        self.schemas().map(|schema| schema.id.as_str()).collect()
    }

    /// Reads a path and brings it into the spelling of the schemas.
    ///
    /// The core URN is removed (`schema` is `None`), and an attribute named with the wrong URN, or none, gets the URN of the
    /// schema that has it ([`home_of`]). An unknown name stays as written; [`Self::find`] tests whether a path is known.
    ///
    /// # Errors
    /// [`crate::ScimType::InvalidPath`] when it is malformed.
    pub fn parse_path(&self, text: &str) -> Result<AttrPath, Error> {
        let path = AttrPath::parse(text, &self.urns())?;
        Ok(self.canonical(path))
    }

    /// Reads a path as mappings write it (`displayName`, `addresses[type eq "work"].formatted`,
    /// `urn:…:User:department`), as [`Self::parse_path`] does.
    ///
    /// # Errors
    /// [`crate::ScimType::InvalidPath`] when it is malformed.
    pub fn parse_value_path(&self, text: &str) -> Result<ValuePath, Error> {
        let ValuePath { attr, selector } = ValuePath::parse(text, &self.urns())?;
        Ok(ValuePath {
            attr: self.canonical(attr),
            selector,
        })
    }

    /// The path in the spelling of the schemas; see [`Self::parse_path`].
    pub fn canonical(&self, mut path: AttrPath) -> AttrPath {
        if path.is_whole_schema() {
            return path;
        }
        if let Some(urn) = path.schema.as_deref().and_then(modern_urn) {
            path.schema = Some(urn.to_owned());
        }
        path.schema = path.schema.filter(|urn| !name::eq(urn, &self.core.id));
        let mut path = home_of(self, &path).unwrap_or(path);
        if let Some(attribute) = self.attribute(&path) {
            path.name.clone_from(&attribute.name);
            let part = path.sub.as_deref().and_then(|sub| attribute.sub(sub));
            path.sub = part.map(|part| part.name.clone()).or(path.sub);
        }
        path
    }

    /// The attribute at a path, without regard to its sub-attribute. The common attributes `schemas`, `id`,
    /// `externalId` and `meta` are always there.
    pub fn attribute(&self, path: &AttrPath) -> Option<&Attribute> {
        match path.schema.as_deref() {
            Some(urn) if !name::eq(urn, &self.core.id) => self.extension(urn)?.attribute(&path.name),
            _ => self
                .core
                .attribute(&path.name)
                .or_else(|| COMMON.iter().find(|common| name::eq(&common.name, &path.name))),
        }
    }

    /// The attribute or sub-attribute a path ends at; `None` when this directory does not have it, or the path is a
    /// URN alone.
    pub fn find(&self, path: &AttrPath) -> Option<&Attribute> {
        let attribute = self.attribute(path)?;
        match &path.sub {
            Some(sub) => attribute.sub(sub),
            None => Some(attribute),
        }
    }

    /// All attributes, the common ones and those of extensions too.
    pub(crate) fn attributes(&self) -> impl Iterator<Item = &Attribute> {
        let attributes = self.schemas().flat_map(|schema| &schema.attributes);
        attributes.chain(COMMON.iter())
    }

    /// The extension with this URN, in any case.
    pub fn extension(&self, urn: &str) -> Option<&Schema> {
        self.extensions.iter().find(|schema| name::eq(&schema.id, urn))
    }
}
