//! Marks what a profile requires in its schema, so that `/Schemas` is right (RFC 7643 §7 `required`).
//!
//! Must not know: documents, which [`crate::policy`] checks.

use scim::path::AttrPath;
use scim::schema::{Attribute, ResourceType};

use super::ProfileAttribute;

/// Marks every required line in the type: the attribute and, where the line names one, its part. Of
/// `emails[type eq "work"].value` both are marked: there must be an e-mail, and it must have a value.
pub(super) fn mark(resource_type: &mut ResourceType, lines: &[ProfileAttribute]) {
    for line in lines.iter().filter(|line| line.required) {
        mark_one(resource_type, &line.target.attr);
    }
}

fn mark_one(resource_type: &mut ResourceType, path: &AttrPath) {
    let schema = match &path.schema {
        None => Some(&mut resource_type.core),
        Some(urn) => resource_type
            .extensions
            .iter_mut()
            .find(|schema| schema.id == *urn),
    };
    let named = |attribute: &&mut Attribute, name: &str| attribute.name == name;
    let attribute = schema.and_then(|schema| {
        let mut all = schema.attributes.iter_mut();
        all.find(|attribute| named(attribute, &path.name))
    });
    let Some(attribute) = attribute else { return };
    attribute.required = true;
    let part = path.sub.as_deref().and_then(|sub| {
        let mut all = attribute.sub_attributes.iter_mut();
        all.find(|part| named(part, sub))
    });
    if let Some(part) = part {
        part.required = true;
    }
}
