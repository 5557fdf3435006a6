//! What a PATCH comes down to, whatever its dialect: steps, each a target and an action.
//!
//! Must not know: how a step was written, or how it is done.

use serde_json::Value;

use super::schemas::Named;
use super::target::Target;
use crate::error::Error;

/// One thing to do.
#[derive(Debug)]
pub(super) struct Step<'a> {
    /// The operation it came from, counted from 1, and its words for an error: `replace emails[type eq "work"].value`.
    pub(super) origin: Origin,
    pub(super) target: Target<'a>,
    pub(super) action: StepAction,
}

/// What to do at a target; values are coerced.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum StepAction {
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
    pub(super) number: usize,
    pub(super) words: String,
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
pub(super) struct PatchPlan<'a> {
    pub(super) steps: Vec<Step<'a>>,
    /// What is said of `schemas`, to be held against the result.
    pub(super) schemas: Vec<Named>,
    pub(super) ignored: Vec<String>,
}
