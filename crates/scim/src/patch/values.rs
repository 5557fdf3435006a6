//! The action of an operation at its target: one method for each kind of target.
//!
//! A single complex value becomes steps on its parts, an empty value clears, every value is coerced by the schema. Must not
//! know: paths as text, the resource that will be changed. Read `apply` next.

use serde_json::Value;

use super::normalize::Planner;
use super::steps::{OperationLabel, StepAction};
use super::target::Target;
use crate::error::Error;
use crate::name;
use crate::patch::PatchOp;
use crate::quirk::entra;
use crate::quirk::rules::RoleText;
use crate::resource::{Coerced, coerce, coerce_element, opened};
use crate::schema::{AttrType, Attribute, Mutability};

impl<'a> Planner<'a> {
    /// The steps of one operation on a target.
    pub(super) fn attribute(
        &mut self,
        label: &OperationLabel,
        op: PatchOp,
        target: Target<'a>,
        value: Option<Value>,
    ) -> Result<(), Error> {
        if op == PatchOp::Remove {
            return self.removal(label, target, value.as_ref());
        }
        let value = value.unwrap_or_default();
        let attribute = target.attribute;
        match target.leaf() {
            Some(leaf) => self.set(label, op, target, leaf, value),
            None if target.filter.is_some() => self.elements(label, op, target, value),
            None if attribute.multi_valued => self.list(label, op, target, value),
            None if attribute.attr_type == AttrType::Complex => self.complex(label, op, target, value),
            None => self.set(label, op, target, attribute, value),
        }
    }

    /// A single value, or the same part of the selected elements.
    fn set(
        &mut self,
        label: &OperationLabel,
        op: PatchOp,
        target: Target<'a>,
        leaf: &Attribute,
        value: Value,
    ) -> Result<(), Error> {
        let value = opened(leaf, value);
        if entra::unassigns(&value) {
            if is_active(&target) {
                return Err(no_activity());
            }
            self.push(label, target, StepAction::Clear);
            return Ok(());
        }
        let coerced = coerce(leaf, &target.path, value)?;
        if let Some(value) = self.kept(coerced)? {
            self.push(label, target, writing(op, value));
        }
        Ok(())
    }

    /// Whole elements that a filter selects: an object, merged (`add`) or set (`replace`).
    fn elements(
        &mut self,
        label: &OperationLabel,
        op: PatchOp,
        target: Target<'a>,
        value: Value,
    ) -> Result<(), Error> {
        let attribute = target.attribute;
        let value = opened(attribute, value);
        if entra::unassigns(&value) {
            self.push(label, target, StepAction::Clear);
            return Ok(());
        }
        let value = self.roles(attribute, value);
        let coerced = coerce_element(attribute, &target.path, value)?;
        if let Some(value) = self.kept(coerced)? {
            self.push(label, target, writing(op, value));
        }
        Ok(())
    }

    /// A whole list. Adding nothing changes nothing; replacing by nothing clears.
    fn list(
        &mut self,
        label: &OperationLabel,
        op: PatchOp,
        target: Target<'a>,
        value: Value,
    ) -> Result<(), Error> {
        if entra::unassigns(&value) {
            if op == PatchOp::Replace {
                self.push(label, target, StepAction::Clear);
            }
            return Ok(());
        }
        let attribute = target.attribute;
        let coerced = coerce(attribute, &target.path, self.roles(attribute, value))?;
        match coerced.value {
            Some(value) => self.push(label, target, writing(op, value)),
            None if op == PatchOp::Replace && coerced.ignored.is_empty() => {
                self.push(label, target, StepAction::Clear);
            }
            None => {}
        }
        coerced.ignored.into_iter().try_for_each(|path| self.ignore(path))
    }

    /// A single complex value: RFC 7644 §3.5.2.3 leaves parts that are not named as they are, so each part is a step.
    fn complex(
        &mut self,
        label: &OperationLabel,
        op: PatchOp,
        target: Target<'a>,
        value: Value,
    ) -> Result<(), Error> {
        match opened(target.attribute, value) {
            Value::Object(members) if !members.is_empty() => {
                members.into_iter().try_for_each(|(key, value)| {
                    let Some(part) = target.attribute.sub(&key) else {
                        return if entra::unassigns(&value) {
                            Ok(())
                        } else {
                            self.ignore(target.path.with_sub(&key).to_string())
                        };
                    };
                    if part.mutability == Mutability::ReadOnly {
                        return Ok(());
                    }
                    self.set(label, op, target.part(part), part, value)
                })
            }
            empty if entra::unassigns(&empty) => {
                self.push(label, target, StepAction::Clear);
                Ok(())
            }
            other => {
                let coerced = coerce(target.attribute, &target.path, other)?;
                self.kept(coerced).map(|_| ())
            }
        }
    }

    /// A removal: the whole target, or only the values it names.
    fn removal(
        &mut self,
        label: &OperationLabel,
        target: Target<'a>,
        value: Option<&Value>,
    ) -> Result<(), Error> {
        if is_active(&target) {
            return Err(no_removal());
        }
        let named = if target.filter.is_some() && target.leaf().is_none() {
            None
        } else {
            entra::values_to_remove(value)
        };
        let Some(named) = named else {
            self.push(label, target, StepAction::Clear);
            return Ok(());
        };
        let leaf = target.leaf().unwrap_or(target.attribute);
        if !leaf.multi_valued && named.iter().all(entra::unassigns) {
            self.push(label, target, StepAction::Clear);
            return Ok(());
        }
        let mut taken = Vec::with_capacity(named.len());
        for value in named {
            let names_something = !entra::unassigns(&value);
            let value = coerce(leaf, &target.path, self.roles(leaf, value))?.value;
            match value {
                Some(Value::Array(items)) if leaf.multi_valued => taken.extend(items),
                Some(one) => taken.push(one),
                None if leaf.multi_valued && names_something => return Err(no_element(&target)),
                None => {}
            }
        }
        self.push(label, target, StepAction::Remove(taken));
        Ok(())
    }

    /// Decodes JSON text in app roles where the provider sends it.
    fn roles(&self, attribute: &Attribute, value: Value) -> Value {
        if self.rules.role_text == RoleText::AsSent || !name::eq(&attribute.name, "roles") {
            return value;
        }
        let read = |item: Value| entra::role(entra::wrapped_value(attribute, item));
        match value {
            Value::Array(items) => Value::Array(items.into_iter().map(read).collect()),
            other => read(other),
        }
    }

    /// The value, after its parts that the schema does not have are reported.
    fn kept(&mut self, coerced: Coerced) -> Result<Option<Value>, Error> {
        let mut ignored = coerced.ignored.into_iter();
        ignored.try_for_each(|path| self.ignore(path))?;
        Ok(coerced.value)
    }
}

fn writing(op: PatchOp, value: Value) -> StepAction {
    if op == PatchOp::Add {
        StepAction::Add(value)
    } else {
        StepAction::Replace(value)
    }
}

/// Whether this is `active` of the core schema; an account without it counts as active.
pub(super) fn is_active(target: &Target<'_>) -> bool {
    target.path.schema.is_none() && name::eq(&target.path.name, "active")
}

/// A removal must not activate a disabled account (ADR 0026).
pub(super) fn no_removal() -> Error {
    Error::mutability(
        "active",
        "active cannot be removed, because an account without it counts as active. Send a replace with true or false; to \
         remove the account, send a DELETE.",
    )
}

/// An empty value clears an attribute, but an empty `active` (Entra's `Switch` expression can give an empty text, null or an
/// empty list) must not activate a disabled account (ADR 0026).
fn no_activity() -> Error {
    Error::invalid_value(
        "active",
        "active must be true or false, but nothing was sent. Check that the expression mapped to active gives True or False \
         for everybody.",
    )
}

/// The element to remove has only `type` and `primary`: the operation would succeed without removing anything.
fn no_element(target: &Target<'_>) -> Error {
    let name = &target.attribute.name;
    Error::invalid_value(
        target.path.to_string(),
        format!(
            "an element to remove from {name} says nothing but its kind. Send its value, or select it by a filter such as \
             {name}[type eq \"work\"]."
        ),
    )
}
