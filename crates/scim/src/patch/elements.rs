//! Changes of a list: of all elements, of those that a filter selects, or of one part of those.
//!
//! Elements are the same when their `value` is, by the schema's rule of comparison, and their `type` does not differ; an
//! element without `value` is the same as one that has all its members. Must not know: the holder of the list.

use std::collections::{BTreeMap, HashMap};

use serde_json::{Map, Value};

use super::apply::set;
use super::steps::StepAction;
use super::target::Target;
use crate::error::Error;
use crate::filter::{Filter, comparison_key};
use crate::quirk::entra;
use crate::quirk::rules::AbsentElement;
use crate::resource::part_key;
use crate::schema::Attribute;

/// Does one action on the list.
pub(super) fn change(list: &mut Vec<Value>, target: &Target<'_>, action: &StepAction) -> Result<(), Error> {
    match (&target.filter, target.leaf()) {
        (None, None) => {
            whole(list, target.attribute, action);
            Ok(())
        }
        (filter, leaf) => selected(list, target, filter.as_ref(), leaf, action),
    }
}

fn whole(list: &mut Vec<Value>, attribute: &Attribute, action: &StepAction) {
    match action {
        StepAction::Add(Value::Array(items)) => add_all(list, attribute, items),
        StepAction::Add(one) => add_all(list, attribute, std::slice::from_ref(one)),
        StepAction::Replace(Value::Array(items)) => list.clone_from(items),
        StepAction::Replace(one) => *list = vec![one.clone()],
        StepAction::Clear => list.clear(),
        StepAction::Remove(named) => remove_all(list, attribute, named),
    }
}

/// Adds new elements and merges existing ones.
fn add_all(list: &mut Vec<Value>, attribute: &Attribute, items: &[Value]) {
    let mut places: HashMap<String, Vec<usize>> = HashMap::new();
    for (index, element) in list.iter().enumerate() {
        places
            .entry(identity(attribute, element))
            .or_default()
            .push(index);
    }
    let mut last = None;
    for item in items {
        let same = places.entry(identity(attribute, item)).or_default();
        let found = same
            .iter()
            .copied()
            .find(|index| list.get(*index).is_some_and(|e| same_type(attribute, e, item)));
        let index = found.unwrap_or(list.len());
        match (list.get_mut(index), item) {
            (Some(Value::Object(present)), Value::Object(new)) => present.extend(new.clone()),
            (Some(_), _) => {}
            (None, new) => {
                list.push(new.clone());
                same.push(index);
            }
        }
        if item.get("primary") == Some(&Value::Bool(true)) {
            last = Some(index);
        }
    }
    if last.is_some() {
        entra::last_primary_wins(list, last);
    }
}

/// Removes the elements that are named and no others.
fn remove_all(list: &mut Vec<Value>, attribute: &Attribute, named: &[Value]) {
    let (valued, described): (Vec<&Value>, Vec<&Value>) = named
        .iter()
        .partition(|named| !named.is_object() || named.get("value").is_some());
    let mut by_identity: HashMap<String, Vec<&Value>> = HashMap::new();
    for named in valued {
        by_identity
            .entry(identity(attribute, named))
            .or_default()
            .push(named);
    }
    list.retain(|element| {
        let same = by_identity.get(&identity(attribute, element));
        let is_valued =
            same.is_some_and(|named| named.iter().any(|named| same_type(attribute, element, named)));
        !is_valued
            && !described
                .iter()
                .any(|named| has_all_of(attribute, element, named))
    });
}

/// Removes a value from its object, by a [`StepAction::Remove`] only one that is named; whether it was removed.
pub(super) fn remove_value(
    object: &mut Map<String, Value>,
    attribute: &Attribute,
    action: &StepAction,
) -> bool {
    let is_named = |present: &Value, named: &Value| {
        identity(attribute, present) == identity(attribute, named) && same_type(attribute, present, named)
    };
    let goes = object.get(&attribute.name).is_some_and(|present| match action {
        StepAction::Remove(named) => named.iter().any(|named| is_named(present, named)),
        _ => true,
    });
    goes && object.shift_remove(&attribute.name).is_some()
}

/// The elements a filter selects (without one: all of them), or the part `leaf` of each.
fn selected(
    list: &mut Vec<Value>,
    target: &Target<'_>,
    filter: Option<&Filter>,
    leaf: Option<&Attribute>,
    action: &StepAction,
) -> Result<(), Error> {
    let attribute = target.attribute;
    let hits: Vec<usize> = match filter {
        Some(filter) => {
            let elements = list.iter().enumerate();
            let hits = elements.filter(|(_, element)| filter.matches_element(attribute, element));
            hits.map(|(index, _)| index).collect()
        }
        None => (0..list.len()).collect(),
    };
    match action {
        StepAction::Add(value) | StepAction::Replace(value) if hits.is_empty() => {
            create(list, target, filter, leaf, value)
        }
        StepAction::Add(value) | StepAction::Replace(value) => {
            let hits = if filter.is_none() {
                only_or_primary(list, target, hits)?
            } else {
                hits
            };
            let seed = match action {
                StepAction::Replace(_) => Some(filter.and_then(entra::seed_from_filter).unwrap_or_default()),
                _ => None,
            };
            for index in &hits {
                if let Some(element) = list.get_mut(*index) {
                    write(element, leaf, value, seed.as_ref())?;
                }
            }
            make_primary(list, hits.last().copied());
            Ok(())
        }
        StepAction::Clear | StepAction::Remove(_) => {
            clear(list, &hits, leaf, action);
            Ok(())
        }
    }
}

/// Writes one part of an element, or the element: merged, or replaced by `seed` and the value.
fn write(
    element: &mut Value,
    leaf: Option<&Attribute>,
    value: &Value,
    seed: Option<&Map<String, Value>>,
) -> Result<(), Error> {
    let Value::Object(object) = element else {
        return Ok(());
    };
    match (leaf, value) {
        (Some(leaf), value) => set(object, leaf, value.clone())?,
        (None, Value::Object(parts)) => {
            if let Some(seed) = seed {
                object.clone_from(seed);
            }
            object.extend(parts.clone());
        }
        (None, _) => {}
    }
    Ok(())
}

/// Makes the element that an `add` or `replace` of Entra means when its filter selects none. When another element has all
/// its members (the operation was done before, and changed what the filter compares), nothing is made.
fn create(
    list: &mut Vec<Value>,
    target: &Target<'_>,
    filter: Option<&Filter>,
    leaf: Option<&Attribute>,
    value: &Value,
) -> Result<(), Error> {
    let seed = match (filter, target.absent) {
        (None, _) => Some(Map::new()),
        (Some(_), AbsentElement::NoTarget) => {
            return Err(Error::no_target(
                target.path.to_string(),
                format!(
                    "no element of {} is selected (RFC 7644 §3.5.2.3). Send an add to make one, or set the directory's \
                     provider if it is a product that replaces where it means to add.",
                    target.attribute.name
                ),
            ));
        }
        (Some(filter), AbsentElement::Create) => entra::seed_from_filter(filter),
    };
    let Some(mut element) = seed else {
        return Err(Error::no_target(
            target.path.to_string(),
            format!(
                "no element of {} is selected, and the filter does not say what a new one would be. Use a filter such as \
                 {}[type eq \"work\"].",
                target.attribute.name, target.attribute.name
            ),
        ));
    };
    match (leaf, value) {
        (Some(leaf), value) => {
            element.insert(leaf.name.clone(), value.clone());
        }
        (None, Value::Object(parts)) => element.extend(parts.clone()),
        (None, _) => {}
    }
    let element = Value::Object(element);
    if !list
        .iter()
        .any(|present| has_all_of(target.attribute, present, &element))
    {
        list.push(element);
        let last = list.len().checked_sub(1);
        make_primary(list, last);
    }
    Ok(())
}

/// Makes the element that was written last the primary one, if it is marked so. An element of only `type` and `primary` is
/// removed at the end of the request unless it gets other members, so it does not take `primary` from the others.
fn make_primary(list: &mut [Value], last: Option<usize>) {
    let written = last.and_then(|index| list.get(index)).and_then(Value::as_object);
    if !written.is_some_and(entra::is_hollow) {
        entra::last_primary_wins(list, last);
    }
}

/// The element that a path without a filter means: the only one, or the primary one.
fn only_or_primary(list: &[Value], target: &Target<'_>, hits: Vec<usize>) -> Result<Vec<usize>, Error> {
    if hits.len() == 1 {
        return Ok(hits);
    }
    let primary = list
        .iter()
        .position(|element| element.get("primary") == Some(&Value::Bool(true)));
    primary.map(|index| vec![index]).ok_or_else(|| {
        let name = &target.attribute.name;
        Error::no_target(
            target.path.to_string(),
            format!("there are {} {name} and none is primary, so it is not said which one is meant. Use a filter such as {name}[type eq \"work\"].", hits.len()),
        )
    })
}

/// Removes selected elements, or a part of them; an element of only `type` and `primary` is removed too.
fn clear(list: &mut Vec<Value>, hits: &[usize], leaf: Option<&Attribute>, action: &StepAction) {
    let mut index = 0;
    let mut hits = hits.iter().copied().peekable();
    list.retain_mut(|element| {
        let hit = hits.next_if_eq(&index).is_some();
        index += 1;
        match (hit, leaf, element) {
            (false, ..) => true,
            (true, Some(leaf), Value::Object(object)) => {
                !(remove_value(object, leaf, action) && entra::is_hollow(object))
            }
            (true, ..) => false,
        }
    });
}

/// The identity of an element: `value` if there is one, else all members.
fn identity(attribute: &Attribute, element: &Value) -> String {
    let Value::Object(object) = element else {
        return format!("v{}", comparison_key(attribute, element));
    };
    if let (Some(value), Some(sub)) = (object.get("value"), attribute.sub("value")) {
        format!("v{}", comparison_key(sub, value))
    } else {
        let parts: BTreeMap<&str, String> = object
            .iter()
            .map(|(key, value)| (key.as_str(), part_key(attribute, key, value)))
            .collect();
        format!("o{parts:?}")
    }
}

/// Whether two elements have no different `type`.
fn same_type(attribute: &Attribute, a: &Value, b: &Value) -> bool {
    match (a.get("type"), b.get("type")) {
        (Some(a), Some(b)) => part_key(attribute, "type", a) == part_key(attribute, "type", b),
        _ => true,
    }
}

/// Whether `element` has all members of `other`.
fn has_all_of(attribute: &Attribute, element: &Value, other: &Value) -> bool {
    match (element, other) {
        (Value::Object(element), Value::Object(other)) => other.iter().all(|(key, value)| {
            element
                .get(key)
                .is_some_and(|present| part_key(attribute, key, present) == part_key(attribute, key, value))
        }),
        _ => identity(attribute, element) == identity(attribute, other),
    }
}
