//! How a profile narrows a schema to the attributes it has.
//!
//! Must not know: profiles; it is given paths.

use super::model::{AttrType, Attribute, Schema};
use crate::name;
use crate::path::AttrPath;

/// What names an element of a multi-valued attribute; kept beside any part of it that is listed.
const COMPANIONS: [&str; 3] = ["value", "type", "primary"];

/// The schema with only the attributes in `keep`.
///
/// A path without sub-attribute keeps the attribute whole; paths with one keep just those parts, and of a multi-valued
/// attribute also `value`, `type` and `primary`, which identify an element. A path
/// without URN is the core schema's.
pub fn restrict(schema: &Schema, keep: &[AttrPath]) -> Schema {
    let is_core = !schema.id.to_ascii_lowercase().contains(":extension:");
    let mine: Vec<&AttrPath> = keep
        .iter()
        .filter(|path| {
            path.schema
                .as_deref()
                .map_or(is_core, |urn| name::eq(urn, &schema.id))
        })
        .collect();
    let attributes = if mine.iter().any(|path| path.is_whole_schema()) {
        schema.attributes.clone()
    } else {
        schema
            .attributes
            .iter()
            .filter_map(|attribute| narrow(attribute, &mine))
            .collect()
    };
    Schema {
        attributes,
        ..schema.clone()
    }
}

fn narrow(attribute: &Attribute, keep: &[&AttrPath]) -> Option<Attribute> {
    let paths: Vec<&&AttrPath> = keep
        .iter()
        .filter(|path| name::eq(&path.name, &attribute.name))
        .collect();
    if paths.is_empty() {
        return None;
    }
    let whole = attribute.attr_type != AttrType::Complex || paths.iter().any(|path| path.sub.is_none());
    if whole {
        return Some(attribute.clone());
    }
    let listed = |part: &str| {
        paths
            .iter()
            .any(|path| path.sub.as_deref().is_some_and(|sub| name::eq(sub, part)))
    };
    let companion = |part: &str| attribute.multi_valued && COMPANIONS.contains(&part);
    let sub_attributes = attribute
        .sub_attributes
        .iter()
        .filter(|part| listed(&part.name) || companion(&part.name))
        .cloned()
        .collect();
    Some(Attribute {
        sub_attributes,
        ..attribute.clone()
    })
}
