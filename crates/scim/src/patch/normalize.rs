//! Conversion of every dialect to one list of steps: a target of the directory, and an action with a value of its type.
//!
//! Objects without a path are flattened in order (plain keys, dotted keys, `URN:attribute` keys, nested objects, whole URN
//! objects, all in one). This file finds the targets; `values` makes the actions. Must not know: the resource that will be
//! changed. Read `values` next.

use std::collections::HashSet;

use serde_json::Value;

use super::schemas::SchemasOperation;
use super::steps::{OperationLabel, PatchPlan, Step, StepAction};
use super::target::{Destination, Target, locate, shown};
use super::values::{is_active, no_removal};
use super::{PatchOperation, PatchRequest};
use crate::error::Error;
use crate::patch::PatchOp;
use crate::quirk::rules::{ReadOnlyPath, Rules, UnknownPath};
use crate::schema::{ResourceType, Schema};

/// Turns the operations into steps.
pub(super) fn normalize<'a>(
    rt: &'a ResourceType,
    request: &PatchRequest,
    rules: &'a Rules,
) -> Result<PatchPlan<'a>, Error> {
    let mut planner = Planner {
        rt,
        rules,
        plan: PatchPlan {
            steps: Vec::new(),
            schemas: Vec::new(),
            ignored: Vec::new(),
        },
        reported: HashSet::new(),
    };
    for (index, operation) in request.operations.iter().enumerate() {
        planner.operation(index + 1, operation)?;
    }
    Ok(planner.plan)
}

/// Collects steps and ignored paths.
pub(super) struct Planner<'a> {
    rt: &'a ResourceType,
    pub(super) rules: &'a Rules,
    plan: PatchPlan<'a>,
    reported: HashSet<String>,
}

impl<'a> Planner<'a> {
    fn operation(&mut self, number: usize, operation: &PatchOperation) -> Result<(), Error> {
        let label = |path: &str| OperationLabel {
            number,
            words: format!("{} {}", operation.op, shown(path)).trim_end().to_owned(),
        };
        match (&operation.path, &operation.value) {
            (Some(path), value) => {
                let label = label(path);
                let done = self.path(&label, operation.op, path, value.clone());
                done.map_err(|error| label.blame(error))
            }
            (None, Some(Value::Object(members))) => members.iter().try_for_each(|(key, value)| {
                let label = label(key);
                let done = self.member(&label, operation.op, key, value);
                done.map_err(|error| label.blame(error))
            }),
            (None, _) => Ok(()),
        }
    }

    fn path(
        &mut self,
        label: &OperationLabel,
        op: PatchOp,
        path: &str,
        value: Option<Value>,
    ) -> Result<(), Error> {
        match locate(self.rt, path)? {
            Destination::ReadOnly if self.rules.read_only_path == ReadOnlyPath::Refuse => {
                Err(read_only(path))
            }
            destination => self.destination(label, op, path, destination, value),
        }
    }

    /// One key of an object without a path. A key that is no path is reported as ignored.
    fn member(&mut self, label: &OperationLabel, op: PatchOp, key: &str, value: &Value) -> Result<(), Error> {
        match locate(self.rt, key.trim()) {
            Ok(destination) => self.destination(label, op, key, destination, Some(value.clone())),
            Err(_) if !key.contains('[') && !self.known_head(key) => self.ignore(shown(key)),
            Err(error) => Err(error),
        }
    }

    fn known_head(&self, key: &str) -> bool {
        let head = key.split('.').next().unwrap_or_default();
        self.rt.core.attribute(head.trim()).is_some()
    }

    fn destination(
        &mut self,
        label: &OperationLabel,
        op: PatchOp,
        text: &str,
        destination: Destination<'a>,
        value: Option<Value>,
    ) -> Result<(), Error> {
        match destination {
            Destination::ReadOnly => Ok(()),
            Destination::Computed => {
                if self.rules.unknown_path == UnknownPath::Refuse {
                    self.plan.schemas.push(SchemasOperation::read(label, op, value)?);
                }
                Ok(())
            }
            Destination::Unknown(path) => self.unknown(text, path, value.as_ref()),
            Destination::Schema(schema) => self.schema(label, op, schema, value),
            Destination::Attribute(mut target) => {
                if op == PatchOp::Replace {
                    target.absent = self.rules.absent_element;
                }
                self.attribute(label, op, target, value)
            }
        }
    }

    /// The whole object of a schema: its members one by one; without an object, every attribute of it is cleared.
    fn schema(
        &mut self,
        label: &OperationLabel,
        op: PatchOp,
        schema: &'a Schema,
        value: Option<Value>,
    ) -> Result<(), Error> {
        match value {
            Some(Value::Object(members)) if op != PatchOp::Remove => {
                members.iter().try_for_each(|(key, value)| {
                    let path = if key.contains(':') {
                        key.clone()
                    } else {
                        format!("{}:{key}", schema.id)
                    };
                    self.member(label, op, &path, value)
                })
            }
            None | Some(Value::Null | Value::Object(_)) => {
                for attribute in &schema.attributes {
                    let path = format!("{}:{}", schema.id, attribute.name);
                    if let Destination::Attribute(target) = locate(self.rt, &path)? {
                        if is_active(&target) {
                            return Err(no_removal());
                        }
                        self.push(label, target, StepAction::Clear);
                    }
                }
                Ok(())
            }
            Some(_) => Err(Error::invalid_value(
                schema.id.clone(),
                "the value of a whole schema must be a JSON object of its attributes. Send one, or name a single attribute in the path.",
            )),
        }
    }

    pub(super) fn push(&mut self, label: &OperationLabel, target: Target<'a>, action: StepAction) {
        self.plan.steps.push(Step {
            label: label.clone(),
            target,
            action,
        });
    }

    /// Reports a path that this directory does not have, or refuses it, by the provider's rule. A path that the schema has but
    /// never returns (a password) is ignored in any case.
    pub(super) fn ignore(&mut self, path: String) -> Result<(), Error> {
        let known = |path: &str| {
            self.rt
                .parse_path(path)
                .is_ok_and(|path| self.rt.find(&path).is_some())
        };
        if self.rules.unknown_path == UnknownPath::Refuse && !known(&path) {
            return Err(no_such_attribute(path));
        }
        if self.reported.insert(path.clone()) {
            self.plan.ignored.push(path);
        }
        Ok(())
    }

    /// Reports an unknown path: the members of an object one by one, as mappings target them.
    fn unknown(&mut self, text: &str, path: String, value: Option<&Value>) -> Result<(), Error> {
        let separator = if text.contains(':') && !text.contains('[') {
            ':'
        } else {
            '.'
        };
        match value {
            Some(Value::Object(members)) if !members.is_empty() => members
                .keys()
                .try_for_each(|key| self.ignore(format!("{path}{separator}{key}"))),
            _ => self.ignore(path),
        }
    }
}

/// RFC 7644 §3.5.2: an operation that does not go with an attribute's mutability is refused.
fn read_only(path: &str) -> Error {
    let path = shown(path);
    Error::mutability(
        path.clone(),
        format!(
            "{path} is written by the server alone. Leave the operation out, or take {path} out of the mapping."
        ),
    )
}

/// RFC 7644 §3.5.2: an operation that does not go with the schema is refused.
fn no_such_attribute(path: String) -> Error {
    let shown: String = path.chars().take(160).collect();
    let detail = format!(
        "this directory has no attribute {shown}, so nothing would become of the operation. Read /Schemas for the attributes there \
         are, and take {shown} out of the request."
    );
    Error::invalid_path(path, detail)
}
