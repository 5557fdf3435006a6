//! What the next state of a resource keeps of the present one: immutable values, and what a PUT leaves out.
//!
//! Must not know: the request that made the next state; PATCH and PUT both use this.

use serde_json::{Map, Value};

use super::Resource;
use super::read::get;
use crate::error::Error;
use crate::path::AttrPath;
use crate::schema::{Attribute, Mutability, ResourceType, Schema};

/// Checks that no immutable attribute that had a value has another one, or none (RFC 7643 §7, RFC 7644 §3.5.1). This
/// includes the parts of single-valued complex attributes; elements of a list may be added and removed whole.
///
/// # Errors
/// `mutability`, naming the attribute and the next step.
pub fn check_immutable(rt: &ResourceType, before: &Resource, after: &Resource) -> Result<(), Error> {
    for (schema, old, new) in holders(rt, before, after) {
        for attribute in &schema.attributes {
            let urn = (schema.id != rt.core.id).then_some(schema.id.as_str());
            let path = AttrPath::new(urn, &attribute.name);
            let (old, new) = (get(old, &attribute.name), get(new, &attribute.name));
            unchanged(attribute, &path, old, new)?;
            let parts = attribute.sub_attributes.iter();
            for part in parts.filter(|_| !attribute.multi_valued) {
                let (old, new) = (part_of(old, &part.name), part_of(new, &part.name));
                unchanged(part, &path.with_sub(&part.name), old, new)?;
            }
        }
    }
    Ok(())
}

fn part_of<'v>(whole: Option<&'v Value>, name: &str) -> Option<&'v Value> {
    get(whole?.as_object()?, name)
}

fn unchanged(
    attribute: &Attribute,
    path: &AttrPath,
    old: Option<&Value>,
    new: Option<&Value>,
) -> Result<(), Error> {
    if attribute.mutability != Mutability::Immutable || old.is_none() || old == new {
        return Ok(());
    }
    Err(Error::mutability(
        path.to_string(),
        format!(
            "{path} can be set once and neither changed nor removed afterwards. Take {path} out of the mapping or apply it \
             only during object creation; to give it another value, delete the resource and create it anew."
        ),
    ))
}

impl Resource {
    /// This document as the body of a PUT that replaces `before` (RFC 7644 §3.5.1): attributes that it does not have are
    /// cleared, except immutable ones and `active`, because a missing `active` must not activate an account (ADR 0026).
    #[must_use]
    pub fn replacing(self, rt: &ResourceType, before: &Self) -> Self {
        let mut map = self.into_map();
        for schema in rt.schemas() {
            let is_core = schema.id == rt.core.id;
            let kept = schema.attributes.iter().filter(|attribute| {
                attribute.mutability == Mutability::Immutable || is_core && attribute.name == "active"
            });
            for attribute in kept {
                let old = holder(rt, schema, before).and_then(|map| get(map, &attribute.name));
                if let Some(old) = old.cloned()
                    && let Some(holder) = holder_mut(&mut map, (!is_core).then_some(schema.id.as_str()))
                {
                    holder.entry(attribute.name.clone()).or_insert(old);
                }
            }
        }
        Self::from_stored(map)
    }
}

/// The object that holds the attributes of an extension, made when absent; without a URN the document itself.
pub(super) fn holder_mut<'m>(
    document: &'m mut Map<String, Value>,
    urn: Option<&str>,
) -> Option<&'m mut Map<String, Value>> {
    let Some(urn) = urn else { return Some(document) };
    let slot = document.entry(urn);
    slot.or_insert_with(|| Value::Object(Map::new())).as_object_mut()
}

fn holder<'a>(rt: &ResourceType, schema: &Schema, resource: &'a Resource) -> Option<&'a Map<String, Value>> {
    if schema.id == rt.core.id {
        return Some(resource.as_map());
    }
    get(resource.as_map(), &schema.id).and_then(Value::as_object)
}

/// Each schema that the state before has attributes of, with its object in both states.
fn holders<'a>(
    rt: &'a ResourceType,
    before: &'a Resource,
    after: &'a Resource,
) -> impl Iterator<Item = (&'a Schema, &'a Map<String, Value>, &'a Map<String, Value>)> {
    static NONE: std::sync::LazyLock<Map<String, Value>> = std::sync::LazyLock::new(Map::new);
    rt.schemas().filter_map(move |schema| {
        let old = holder(rt, schema, before)?;
        Some((schema, old, holder(rt, schema, after).unwrap_or(&NONE)))
    })
}
