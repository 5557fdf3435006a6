//! The steps of a PATCH in any dialect, each a target and an action.
//!
//! Must not know: how a step was written, or how it is done.

use serde_json::Value;

use super::schemas::SchemasOperation;
use super::target::Target;
use crate::error::Error;

/// One change.
#[derive(Debug)]
pub(super) struct Step<'a> {
    /// The operation that it is part of.
    pub(super) label: OperationLabel,
    pub(super) target: Target<'a>,
    pub(super) action: StepAction,
}

/// The change of a target; values are coerced.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum StepAction {
    /// Set a single value, append to or merge into a list.
    Add(Value),
    /// Set a single value or a whole list.
    Replace(Value),
    /// Unassign.
    Clear,
    /// Remove these values only.
    Remove(Vec<Value>),
}

/// An operation as errors name it.
#[derive(Debug, Clone)]
pub(super) struct OperationLabel {
    /// Its number, from 1.
    pub(super) number: usize,
    /// Its words for an error: `replace emails[type eq "work"].value`.
    pub(super) words: String,
}

impl OperationLabel {
    /// The error with the operation's number and words.
    pub(super) fn blame(&self, error: Error) -> Error {
        Error {
            detail: format!("Operation {} ({}): {}", self.number, self.words, error.detail),
            ..error
        }
    }
}

/// The steps of a request.
#[derive(Debug)]
pub(super) struct PatchPlan<'a> {
    pub(super) steps: Vec<Step<'a>>,
    /// The operations on `schemas`, to be checked against the result.
    pub(super) schemas: Vec<SchemasOperation>,
    pub(super) ignored: Vec<String>,
}
