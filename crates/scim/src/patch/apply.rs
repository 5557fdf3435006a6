//! Application of the steps in order to a copy of the resource; when one fails, the copy is dropped.
//!
//! Must not know: dialects, paths as text, types of values (`normalize`), elements of lists (`elements`).

use serde_json::{Map, Value};

use super::elements;
use super::steps::{Step, StepAction};
use super::target::Target;
use crate::error::Error;
use crate::filter::Filter;
use crate::resource::{Resource, json_bytes};
use crate::schema::{Attribute, Mutability, ResourceType};

/// The most elements of lists that one request may compare, counted once for each comparison of the path's filter;
/// [`VISIT_BYTES`] of text count as one element more. 1,000 operations on lists of 200 short elements are within it; a
/// second of work is not.
const MAX_VISITS: usize = 250_000;
/// Bytes of text that count as one element, because a comparison folds the whole text.
const VISIT_BYTES: usize = 256;

/// Does all steps, or none; the result has the canonical form of POST and PUT.
pub(super) fn apply(rt: &ResourceType, current: &Resource, steps: &[Step<'_>]) -> Result<Resource, Error> {
    let mut document = current.as_map().clone();
    let mut visits = 0;
    for Step {
        label,
        target,
        action,
    } in steps
    {
        let done = match &target.path.schema {
            Some(urn) => within(&mut document, urn, |extension| {
                change(extension, target, action, &mut visits)
            }),
            None => change(&mut document, target, action, &mut visits),
        };
        done.map_err(|error| label.blame(error))?;
    }
    Ok(Resource::from_stored(document).canonical(rt))
}

fn change(
    holder: &mut Map<String, Value>,
    target: &Target<'_>,
    action: &StepAction,
    visits: &mut usize,
) -> Result<(), Error> {
    let attribute = target.attribute;
    if attribute.multi_valued || target.filter.is_some() {
        return list(holder, target, action, visits);
    }
    match target.leaf() {
        Some(leaf) => within(holder, &attribute.name, |object| single(object, leaf, action)),
        None => single(holder, attribute, action),
    }
}

/// A single value in its object.
fn single(object: &mut Map<String, Value>, attribute: &Attribute, action: &StepAction) -> Result<(), Error> {
    match action {
        StepAction::Add(value) | StepAction::Replace(value) => set(object, attribute, value.clone()),
        StepAction::Clear | StepAction::Remove(_) => {
            elements::remove_value(object, attribute, action);
            Ok(())
        }
    }
}

/// Sets a value; an immutable one only once (RFC 7643 §7).
pub(super) fn set(object: &mut Map<String, Value>, attribute: &Attribute, value: Value) -> Result<(), Error> {
    let present = object.get(&attribute.name);
    if attribute.mutability == Mutability::Immutable && present.is_some_and(|present| *present != value) {
        return Err(Error::mutability(
            attribute.name.clone(),
            format!(
                "{} can be set once and not changed. Remove the element and add a new one, or take the attribute out of the \
                 mapping.",
                attribute.name
            ),
        ));
    }
    object.insert(attribute.name.clone(), value);
    Ok(())
}

/// Changes a list, or a single complex value selected by a filter; an empty one is removed.
fn list(
    holder: &mut Map<String, Value>,
    target: &Target<'_>,
    action: &StepAction,
    visits: &mut usize,
) -> Result<(), Error> {
    let attribute = target.attribute;
    let mut items = match holder.get_mut(&attribute.name).map(Value::take) {
        Some(Value::Array(items)) => items,
        None | Some(Value::Null) => Vec::new(),
        Some(single) => vec![single],
    };
    let comparisons = target.filter.as_ref().map_or(1, Filter::comparisons);
    let looks = items.len() + 1 + items.iter().map(json_bytes).sum::<usize>() / VISIT_BYTES;
    *visits = visits.saturating_add(looks.saturating_mul(comparisons));
    if *visits > MAX_VISITS {
        return Err(Error::too_many(
            "the request looks at more than 250,000 elements of long lists (one for each comparison of a path's filter, and one \
             more for each 256 bytes of them). Send its operations in several requests.",
        ));
    }
    elements::change(&mut items, target, action)?;
    let value = if attribute.multi_valued {
        Some(Value::Array(items))
    } else {
        items.into_iter().next()
    };
    match value {
        Some(value) if !value.as_array().is_some_and(Vec::is_empty) => {
            holder.insert(attribute.name.clone(), value);
        }
        _ => {
            holder.shift_remove(&attribute.name);
        }
    }
    Ok(())
}

/// Changes the object at `key`, made when absent; an empty one is removed, the other members keep their order.
fn within(
    map: &mut Map<String, Value>,
    key: &str,
    change: impl FnOnce(&mut Map<String, Value>) -> Result<(), Error>,
) -> Result<(), Error> {
    let mut object = match map.get_mut(key).map(Value::take) {
        Some(Value::Object(object)) => object,
        _ => Map::new(),
    };
    change(&mut object)?;
    if object.is_empty() {
        map.shift_remove(key);
    } else {
        map.insert(key.to_owned(), Value::Object(object));
    }
    Ok(())
}
