//! Every dialect becomes one list of steps: a target the directory has, and what to do there with a value of its type.
//!
//! Path-less objects are flattened in order (plain keys, dotted keys, `URN:attribute` keys, nested objects, whole URN
//! objects, all in one), a single complex value becomes steps on its parts, empties become clearing, values are coerced
//! by the schema. Must not know: the resource that will be changed. Read `apply` next.

use std::collections::HashSet;

use serde_json::Value;

use super::target::{Place, Target, locate, shown};
use super::{Operation, PatchRequest};
use crate::error::Error;
use crate::name;
use crate::quirk::entra::{self, Verb};
use crate::resource::coerce;
use crate::schema::{AttrType, Attribute, Mutability, ResourceType, Schema};

/// One thing to do.
#[derive(Debug)]
pub(super) struct Step<'a> {
    /// The operation it came from, counted from 1, and its words for an error: `replace emails[type eq "work"].value`.
    pub(super) origin: Origin,
    pub(super) target: Target<'a>,
    pub(super) action: Action,
}

/// What to do at a target; values are coerced.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Action {
    /// Set a single value, append to or merge into a list.
    Add(Value),
    /// Set a single value or a whole list.
    Replace(Value),
    /// Unassign.
    Clear,
    /// Take these values away, and nothing else.
    Take(Vec<Value>),
}

/// Where a step came from.
#[derive(Debug, Clone)]
pub(super) struct Origin {
    number: usize,
    words: String,
}

impl Origin {
    /// The error, saying which operation it is about.
    pub(super) fn blame(&self, error: Error) -> Error {
        Error {
            detail: format!("Operation {} ({}): {}", self.number, self.words, error.detail),
            ..error
        }
    }
}

/// The steps of a request.
#[derive(Debug)]
pub(super) struct Plan<'a> {
    pub(super) steps: Vec<Step<'a>>,
    pub(super) ignored: Vec<String>,
}

/// Turns the operations into steps.
pub(super) fn normalize<'a>(rt: &'a ResourceType, request: &PatchRequest) -> Result<Plan<'a>, Error> {
    let mut planner = Planner {
        rt,
        plan: Plan {
            steps: Vec::new(),
            ignored: Vec::new(),
        },
        reported: HashSet::new(),
    };
    for (index, operation) in request.operations.iter().enumerate() {
        planner.operation(index + 1, operation)?;
    }
    Ok(planner.plan)
}

struct Planner<'a> {
    rt: &'a ResourceType,
    plan: Plan<'a>,
    reported: HashSet<String>,
}

impl<'a> Planner<'a> {
    fn operation(&mut self, number: usize, operation: &Operation) -> Result<(), Error> {
        let origin = |path: &str| Origin {
            number,
            words: format!("{} {}", operation.verb.as_str(), shown(path))
                .trim_end()
                .to_owned(),
        };
        match (&operation.path, &operation.value) {
            (Some(path), value) => {
                let origin = origin(path);
                let place = locate(self.rt, path).map_err(|error| origin.blame(error))?;
                self.place(&origin, operation.verb, path, place, value.clone())
            }
            (None, Some(Value::Object(members))) => members
                .iter()
                .try_for_each(|(key, value)| self.member(&origin(key), operation.verb, key, value)),
            (None, _) => Ok(()),
        }
    }

    /// One key of a path-less object. A key that is no path at all is not this directory's, and is reported as ignored.
    fn member(&mut self, origin: &Origin, verb: Verb, key: &str, value: &Value) -> Result<(), Error> {
        match locate(self.rt, key.trim()) {
            Ok(place) => self.place(origin, verb, key, place, Some(value.clone())),
            Err(_) if !key.contains('[') && !self.known_head(key) => {
                self.ignore(shown(key));
                Ok(())
            }
            Err(error) => Err(origin.blame(error)),
        }
    }

    fn known_head(&self, key: &str) -> bool {
        let head = key.split('.').next().unwrap_or_default();
        self.rt.core.attribute(head.trim()).is_some()
    }

    fn place(
        &mut self,
        origin: &Origin,
        verb: Verb,
        text: &str,
        place: Place<'a>,
        value: Option<Value>,
    ) -> Result<(), Error> {
        match place {
            Place::ReadOnly => Ok(()),
            Place::Unknown(path) => {
                self.unknown(text, path, value.as_ref());
                Ok(())
            }
            Place::Schema(schema) => self.schema(origin, verb, schema, value),
            Place::Attribute(target) => self
                .attribute(origin, verb, target, value)
                .map_err(|error| origin.blame(error)),
        }
    }

    /// The whole object of a schema: its members one by one; without an object, every attribute is cleared.
    fn schema(
        &mut self,
        origin: &Origin,
        verb: Verb,
        schema: &'a Schema,
        value: Option<Value>,
    ) -> Result<(), Error> {
        match value {
            Some(Value::Object(members)) if verb != Verb::Remove => members.iter().try_for_each(|(key, value)| {
                let path = if key.contains(':') { key.clone() } else { format!("{}:{key}", schema.id) };
                self.member(origin, verb, &path, value)
            }),
            None | Some(Value::Null | Value::Object(_)) => {
                for attribute in &schema.attributes {
                    let place = locate(self.rt, &format!("{}:{}", schema.id, attribute.name)).map_err(|e| origin.blame(e))?;
                    if let Place::Attribute(target) = place {
                        self.push(origin, target, Action::Clear);
                    }
                }
                Ok(())
            }
            Some(_) => Err(origin.blame(Error::invalid_value(
                schema.id.clone(),
                "the value of a whole schema must be a JSON object of its attributes. Send one, or name a single attribute in the path.",
            ))),
        }
    }

    fn attribute(
        &mut self,
        origin: &Origin,
        verb: Verb,
        target: Target<'a>,
        value: Option<Value>,
    ) -> Result<(), Error> {
        if verb == Verb::Remove {
            return self.removal(origin, target, value.as_ref());
        }
        let value = value.unwrap_or_default();
        match (target.leaf(), target.filter.is_some()) {
            (Some(leaf), _) => self.set(origin, verb, target, leaf, value),
            (None, true) => self.elements(origin, verb, target, value),
            (None, false) if target.attribute.multi_valued => self.list(origin, verb, target, value),
            (None, false) if target.attribute.attr_type == AttrType::Complex => {
                self.complex(origin, verb, target, value)
            }
            (None, false) => {
                let attribute = target.attribute;
                self.set(origin, verb, target, attribute, value)
            }
        }
    }

    /// A single value, or the same part of the selected elements.
    fn set(
        &mut self,
        origin: &Origin,
        verb: Verb,
        target: Target<'a>,
        leaf: &Attribute,
        value: Value,
    ) -> Result<(), Error> {
        let value = entra::bare_value(entra::only_element(leaf, value));
        if entra::unassigns(&value) {
            self.push(origin, target, Action::Clear);
            return Ok(());
        }
        if let Some(value) = self.coerced(leaf, &target, value)? {
            let action = if verb == Verb::Add {
                Action::Add(value)
            } else {
                Action::Replace(value)
            };
            self.push(origin, target, action);
        }
        Ok(())
    }

    /// Whole elements behind a filter: an object, merged (`add`) or set (`replace`).
    fn elements(
        &mut self,
        origin: &Origin,
        verb: Verb,
        target: Target<'a>,
        value: Value,
    ) -> Result<(), Error> {
        let one = Attribute {
            multi_valued: false,
            ..target.attribute.clone()
        };
        self.set_as(origin, verb, target, &one, value)
    }

    fn set_as(
        &mut self,
        origin: &Origin,
        verb: Verb,
        target: Target<'a>,
        one: &Attribute,
        value: Value,
    ) -> Result<(), Error> {
        let value = entra::wrapped_value(one, entra::only_element(one, value));
        if entra::unassigns(&value) {
            self.push(origin, target, Action::Clear);
            return Ok(());
        }
        if let Some(value) = self.coerced(one, &target, roles(one, value))? {
            let action = if verb == Verb::Add {
                Action::Add(value)
            } else {
                Action::Replace(value)
            };
            self.push(origin, target, action);
        }
        Ok(())
    }

    /// A whole list. Adding nothing changes nothing; replacing by nothing clears.
    fn list(&mut self, origin: &Origin, verb: Verb, target: Target<'a>, value: Value) -> Result<(), Error> {
        if entra::unassigns(&value) {
            if verb == Verb::Replace {
                self.push(origin, target, Action::Clear);
            }
            return Ok(());
        }
        let attribute = target.attribute;
        if let Some(value) = self.coerced(attribute, &target, roles(attribute, value))? {
            let action = if verb == Verb::Add {
                Action::Add(value)
            } else {
                Action::Replace(value)
            };
            self.push(origin, target, action);
        }
        Ok(())
    }

    /// A single complex value: RFC 7644 §3.5.2.3 leaves parts that are not named as they are, so each part is a step.
    fn complex(
        &mut self,
        origin: &Origin,
        verb: Verb,
        target: Target<'a>,
        value: Value,
    ) -> Result<(), Error> {
        let value = entra::wrapped_value(target.attribute, entra::only_element(target.attribute, value));
        match value {
            Value::Object(members) if !members.is_empty() => {
                members.into_iter().try_for_each(|(key, value)| {
                    let Some(part) = target.attribute.sub(&key) else {
                        if !entra::unassigns(&value) {
                            self.ignore(target.path.with_sub(&key).to_string());
                        }
                        return Ok(());
                    };
                    if part.mutability == Mutability::ReadOnly {
                        return Ok(());
                    }
                    self.set(origin, verb, target.part(part), part, value)
                })
            }
            empty if entra::unassigns(&empty) => {
                self.push(origin, target, Action::Clear);
                Ok(())
            }
            other => {
                let attribute = target.attribute;
                self.coerced(attribute, &target, other).map(|_| ())
            }
        }
    }

    /// A removal: the whole target, or only the values it names.
    fn removal(&mut self, origin: &Origin, target: Target<'a>, value: Option<&Value>) -> Result<(), Error> {
        let named = if target.filter.is_some() && target.leaf().is_none() {
            None
        } else {
            entra::values_to_remove(value)
        };
        let Some(named) = named else {
            self.push(origin, target, Action::Clear);
            return Ok(());
        };
        let leaf = target.leaf().unwrap_or(target.attribute);
        if !leaf.multi_valued && named.iter().all(entra::unassigns) {
            self.push(origin, target, Action::Clear);
            return Ok(());
        }
        let mut taken = Vec::with_capacity(named.len());
        for value in named {
            let value = if leaf.attr_type == AttrType::Complex {
                value
            } else {
                entra::bare_value(value)
            };
            let value = coerce(leaf, &target.path, roles(leaf, value))?.value;
            match value {
                Some(Value::Array(items)) if leaf.multi_valued => taken.extend(items),
                Some(one) => taken.push(one),
                None => {}
            }
        }
        self.push(origin, target, Action::Take(taken));
        Ok(())
    }

    fn coerced(
        &mut self,
        attribute: &Attribute,
        target: &Target<'_>,
        value: Value,
    ) -> Result<Option<Value>, Error> {
        let coerced = coerce(attribute, &target.path, value)?;
        coerced.ignored.into_iter().for_each(|path| self.ignore(path));
        Ok(coerced.value)
    }

    fn push(&mut self, origin: &Origin, target: Target<'a>, action: Action) {
        self.plan.steps.push(Step {
            origin: origin.clone(),
            target,
            action,
        });
    }

    fn ignore(&mut self, path: String) {
        if self.reported.insert(path.clone()) {
            self.plan.ignored.push(path);
        }
    }

    /// Reports what this directory does not have: the members of an object one by one, as mappings target them.
    fn unknown(&mut self, text: &str, path: String, value: Option<&Value>) {
        let separator = if text.contains(':') && !text.contains('[') {
            ':'
        } else {
            '.'
        };
        match value {
            Some(Value::Object(members)) if !members.is_empty() => {
                members
                    .keys()
                    .for_each(|key| self.ignore(format!("{path}{separator}{key}")));
            }
            _ => self.ignore(path),
        }
    }
}

/// Reads JSON text in app roles.
fn roles(attribute: &Attribute, value: Value) -> Value {
    if !name::eq(&attribute.name, "roles") {
        return value;
    }
    let read = |item: Value| match entra::wrapped_value(attribute, item) {
        Value::Object(map) => Value::Object(entra::role_from_json_text(map)),
        other => other,
    };
    match value {
        Value::Array(items) => Value::Array(items.into_iter().map(read).collect()),
        other => read(other),
    }
}
