//! A PATCH of a group: the change of the document and the change of the members, separate from each other.
//!
//! `normalize` reads the dialects as for any resource; here the steps on `members` are combined into one [`Membership`].
//! Must not know: the present members. Read [`crate::membership`] next.

use serde_json::Value;

use super::steps::{Step, StepAction};
use super::target::Target;
use super::{PatchRequest, StoredMembers, apply, members, normalize};
use crate::error::Error;
use crate::filter::Filter;
use crate::membership::{self, Collector, MEMBERS, Membership, id_of};
use crate::quirk::rules::Rules;
use crate::resource::Resource;
use crate::schema::ResourceType;

/// The result of [`apply_to_group`].
#[derive(Debug, Clone, PartialEq)]
pub struct PatchedGroup {
    /// The document without members, after every other operation.
    pub resource: Resource,
    /// The requested change of the members.
    pub membership: Membership,
    /// Targets that are not in this directory's schema, in dotted form, each once.
    pub ignored: Vec<String>,
}

/// A group's document after all operations of `request`, and the change of its members that they ask for.
///
/// `current` is the document without members; the present members need not be known. A member is named by its id in any of
/// the shapes that clients send: elements, texts, `members[value eq "…"]` (several joined by `or`), `members.value`. Other
/// members of an element (`type`, `display`, `$ref`) are read-only and ignored; in a filter they are compared with `stored`,
/// which has the members that [`super::described_members`] names. A `remove` of `members` with members in its value removes
/// those, one with an empty list removes none, and one without value removes all.
///
/// # Errors
/// As [`super::apply`]; `invalidFilter` for a filter on `members` that does not name them by `value`; `noTarget` for an `add`
/// or `replace` whose filter contradicts the stored member; `mutability` when one member would become another, or the ids of
/// all of them would change; `tooMany` for more than [`crate::membership::MAX_MEMBERS`].
pub fn apply_to_group(
    rt: &ResourceType,
    current: &Resource,
    request: &PatchRequest,
    rules: &Rules,
    stored: &StoredMembers,
) -> Result<PatchedGroup, Error> {
    check_named_members(rt, request)?;
    let plan = normalize::normalize(rt, request, rules)?;
    let (of_members, others): (Vec<Step<'_>>, Vec<Step<'_>>) =
        plan.steps.into_iter().partition(|step| is_members(&step.target));
    let resource = apply::apply(rt, current, &others)?;
    plan.schemas
        .iter()
        .try_for_each(|named| named.check(rt, &resource))?;
    let mut collected = Collector::default();
    for step in &of_members {
        take(&mut collected, &step.target, &step.action, stored).map_err(|error| step.label.blame(error))?;
    }
    Ok(PatchedGroup {
        resource,
        membership: collected.finish(),
        ignored: plan.ignored,
    })
}

/// Checks that each element of `members`, as sent, has an id.
fn check_named_members(rt: &ResourceType, request: &PatchRequest) -> Result<(), Error> {
    for (index, operation) in request.operations.iter().enumerate() {
        let checked = match (&operation.path, &operation.value) {
            (Some(path), Some(value)) if membership::is_members(rt, path) => membership::check_named(value),
            (None, Some(Value::Object(attributes))) => membership::mentioned(rt, attributes).map(|_| ()),
            _ => Ok(()),
        };
        checked.map_err(|error| Error {
            detail: format!("Operation {}: {}", index + 1, error.detail),
            ..error
        })?;
    }
    Ok(())
}

fn is_members(target: &Target<'_>) -> bool {
    target.path.schema.is_none() && target.attribute.name == MEMBERS
}

/// One step on `members`.
fn take(
    collected: &mut Collector,
    target: &Target<'_>,
    action: &StepAction,
    stored: &StoredMembers,
) -> Result<(), Error> {
    // A client sets only the id of a member; `type` follows from it.
    if target.leaf().is_some_and(|leaf| leaf.name != "value") {
        return Ok(());
    }
    if let Some(filter) = &target.filter {
        return selected(collected, target, filter, action, stored);
    }
    if target.leaf().is_some() && matches!(action, StepAction::Clear | StepAction::Replace(_)) {
        return Err(every_id());
    }
    match action {
        StepAction::Add(value) => collected.set_all(value, true),
        StepAction::Replace(value) => {
            collected.clear();
            collected.set_all(value, true)
        }
        StepAction::Clear => {
            collected.clear();
            Ok(())
        }
        StepAction::Remove(named) => named.iter().try_for_each(|value| collected.set_all(value, false)),
    }
}

/// The ids of all members at once, which are immutable (RFC 7643 §4.2); a client that meant one member must not empty the group.
fn every_id() -> Error {
    Error::mutability(
        "members.value",
        "without a filter it means the ids of all members, which cannot change. Name a member as in \
         members[value eq \"…\"], or use the path members to replace or remove all of them.",
    )
}

/// One step on `members[…]`, for the members that the filter selects.
fn selected(
    collected: &mut Collector,
    target: &Target<'_>,
    filter: &Filter,
    action: &StepAction,
    stored: &StoredMembers,
) -> Result<(), Error> {
    let selection = members::selected(filter, target.attribute, stored)?;
    let present = match action {
        StepAction::Clear | StepAction::Remove(_) => false,
        StepAction::Add(_) | StepAction::Replace(_) if selection.contradicted => {
            return Err(members::contradicted());
        }
        StepAction::Add(value) | StepAction::Replace(value) => {
            stays_the_same(&selection.ids, value)?;
            true
        }
    };
    selection.ids.iter().try_for_each(|id| collected.set(id, present))
}

/// Checks that `value` of a member does not change (RFC 7643 §4.2); it may be written again.
fn stays_the_same(ids: &[&str], value: &Value) -> Result<(), Error> {
    let named = match value {
        Value::Object(parts) if !parts.contains_key("value") => return Ok(()),
        other => id_of(other)?,
    };
    if ids.contains(&named) {
        return Ok(());
    }
    Err(Error::mutability(
        "members.value",
        "a member cannot become another one. Remove the one and add the other.",
    ))
}
