//! PATCH (RFC 7644 §3.5.2) in the RFC's dialect and in both of Entra's: pure, all operations or none.
//!
//! Reading order: `request` parses the body; `normalize` finds the `target` of every path and key in it, and `values` the
//! action there, which gives one list of `steps` for any dialect; `apply` does them in order on a copy, lists in `elements`.
//! Must not know: which attributes a directory requires, the caller, storage. [`crate::quirk::entra`] names the deviations.

use serde_json::Value;

use crate::error::Error;

use crate::quirk::rules::Rules;
use crate::resource::Resource;
use crate::schema::ResourceType;

mod apply;
mod elements;
mod group;
mod members;
mod normalize;
mod request;
mod schemas;
mod steps;
mod target;
mod values;

pub use group::{PatchedGroup, apply_to_group};
pub use members::{StoredMembers, described_members};

/// The most operations in one request.
pub const MAX_OPERATIONS: usize = 1000;

/// A PATCH body of the right shape; [`apply`] interprets it.
#[derive(Debug, Clone, PartialEq)]
pub struct PatchRequest {
    operations: Vec<PatchOperation>,
}

/// The `op` of a PATCH operation (RFC 7644 §3.5.2), read in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::Display, strum::EnumString)]
#[strum(serialize_all = "lowercase", ascii_case_insensitive)]
pub enum PatchOp {
    /// Set, append or merge (§3.5.2.1).
    Add,
    /// Set or merge, a whole multi-valued attribute at once (§3.5.2.3).
    Replace,
    /// Unassign, or take elements away (§3.5.2.2).
    Remove,
}

/// One operation as sent.
#[derive(Debug, Clone, PartialEq)]
struct PatchOperation {
    op: PatchOp,
    path: Option<String>,
    value: Option<Value>,
}

/// The result of [`apply`].
#[derive(Debug, Clone, PartialEq)]
pub struct Patched {
    /// The resource after every operation; equal to the current one when nothing changed.
    pub resource: Resource,
    /// Targets that are not in this directory's schema, in dotted form, each once.
    pub ignored: Vec<String>,
}

impl PatchRequest {
    /// Parses a PATCH body: `{"Operations":[{"op","path","value"},…]}`, keys and words in any case, other keys ignored.
    ///
    /// # Errors
    /// `invalidSyntax` for another shape or more than [`MAX_OPERATIONS`], `invalidValue` for an `add` or `replace`
    /// without value and for U+0000 anywhere in a value, `noTarget` for a `remove` without path; each names the operation, counted from 1.
    pub fn parse(body: Value) -> Result<Self, Error> {
        request::parse(body)
    }

    /// The number of operations; a request without any changes nothing.
    pub const fn len(&self) -> usize {
        self.operations.len()
    }

    /// Whether there is no operation.
    pub const fn is_empty(&self) -> bool {
        self.operations.is_empty()
    }
}

/// The resource after all operations of `request`, in order; `current` is never changed.
///
/// Where providers and the RFC disagree, `rules` decides: whether a `replace` makes the element its filter does not find,
/// and whether a path to a read-only attribute (`id`, `meta`, `groups`), or to an unknown one, is ignored or refused. Ignored
/// targets that this directory does not have are reported in [`Patched::ignored`].
/// The result has the form that POST and PUT give ([`Resource::canonical`]).
///
/// # Errors
/// `invalidPath` for a malformed path, or one that no schema has where that is refused; `invalidFilter` for a value in a
/// path's filter that holds a control character; `invalidValue` for a value of the wrong type, `mutability` for a second value of
/// an immutable attribute or a refused read-only path, `noTarget` for a filter that finds nothing and cannot be made true, `tooMany` for work beyond
/// all measure. The detail names the operation, its path, the rule and the next step.
pub fn apply(
    rt: &ResourceType,
    current: &Resource,
    request: &PatchRequest,
    rules: &Rules,
) -> Result<Patched, Error> {
    let plan = normalize::normalize(rt, request, rules)?;
    let resource = apply::apply(rt, current, &plan.steps)?;
    plan.schemas
        .iter()
        .try_for_each(|named| named.check(rt, &resource))?;
    Ok(Patched {
        resource,
        ignored: plan.ignored,
    })
}
