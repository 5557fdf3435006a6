//! Decides what a cycle does with each object. Pure: from directory and state to tasks.
//!
//! Initial: every object in scope is matched. Incremental: only objects whose mapped values changed, and
//! those that are new, gone, or due again from escrow. Next: [`super::object`] carries tasks out.

use std::collections::{HashMap, HashSet};

use crate::compare;
use crate::directory::SourceObject;
use crate::mapping::Mapping;
use crate::problem::{ErrorCode, Problem};
use crate::state::{JobState, Known, is_group_key, references_key};

/// What to do with one object.
#[derive(Clone, Debug)]
pub enum Task<'a> {
    /// Search for it in the target, then create, update or leave it.
    Match(&'a SourceObject),
    /// Its id is known: PATCH what changed since the last export.
    Update(&'a SourceObject, Known),
    /// DELETE: purged from the directory, or disabled where the target knows no `active`.
    Remove(String, Option<&'a SourceObject>, Known),
    /// Nothing can be sent for it, for this reason.
    Refuse(&'a SourceObject, Problem),
    /// A disable or delete held back by accidental-deletion prevention.
    Stage(String, Option<&'a SourceObject>, Known),
}

/// The tasks of a cycle.
#[derive(Clone, Debug)]
pub struct Plan<'a> {
    /// In the directory's order, deletions last.
    pub tasks: Vec<Task<'a>>,
    /// Keys to drop from the state without a request: no longer managed, or gone before they were ever
    /// provisioned.
    pub forget: Vec<String>,
    /// The number of tasks that were held back.
    pub staged: usize,
}

/// Makes the plan of the next cycle.
#[must_use]
pub fn make<'a>(
    mapping: &Mapping,
    objects: &'a [SourceObject],
    state: &JobState,
    deletion_threshold: Option<usize>,
) -> Plan<'a> {
    let duplicates = duplicates(mapping, objects);
    let mut tasks: Vec<Task<'a>> = objects
        .iter()
        .filter(|object| state.is_due(&object.object_id))
        .filter_map(|object| match duplicates.get(object.object_id.as_str()) {
            Some(problem) => Some(Task::Refuse(object, problem.clone())),
            None => task(mapping, object, state),
        })
        .collect();
    let present: HashSet<&str> = objects.iter().map(|object| object.object_id.as_str()).collect();
    let mut forget = Vec::new();
    for (key, known) in state
        .objects
        .iter()
        .filter(|(key, _)| !present.contains(key.as_str()))
    {
        if !known.managed {
            forget.push(key.clone());
        } else if state.is_due(key) {
            tasks.push(Task::Remove(key.clone(), None, known.clone()));
        }
    }
    let gone = |key: &&String| {
        if is_group_key(key) {
            return false;
        }
        let id = key.split('#').next().unwrap_or_default();
        !present.contains(id) && (!state.objects.contains_key(id) || **key == references_key(id))
    };
    forget.extend(state.escrow.keys().filter(gone).cloned());
    let staged = stage(mapping, &mut tasks, deletion_threshold);
    Plan {
        tasks,
        forget,
        staged,
    }
}

fn task<'a>(mapping: &Mapping, object: &'a SourceObject, state: &JobState) -> Option<Task<'a>> {
    let initial = state.watermark.is_none();
    let retried = state.escrow.contains_key(&object.object_id);
    let Some(known) = state.objects.get(&object.object_id) else {
        // Objects out of scope are skipped; a soft-deleted one that was never provisioned is searched for
        // once, in the initial cycle.
        let wanted = object.assigned && (initial || !object.soft_deleted());
        return (wanted || retried).then_some(Task::Match(object));
    };
    if !known.managed && !object.assigned {
        return None;
    }
    if object.soft_deleted() && !mapping.maps_active() {
        return Some(Task::Remove(
            object.object_id.clone(),
            Some(object),
            known.clone(),
        ));
    }
    if initial {
        return Some(Task::Match(object));
    }
    match mapping.values(object) {
        Err(problem) => Some(Task::Refuse(object, problem)),
        Ok(values) => {
            let changed = !compare::with_exported(mapping, &values, &known.values).is_empty();
            let wanted = changed || retried || known.managed != object.assigned;
            wanted.then(|| Task::Update(object, known.clone()))
        }
    }
}

/// Objects whose first matching value is also that of an earlier object of the directory.
fn duplicates<'a>(mapping: &Mapping, objects: &'a [SourceObject]) -> HashMap<&'a str, Problem> {
    let mut seen: HashSet<String> = HashSet::new();
    let mut found = HashMap::new();
    let matching = mapping.matching();
    let Some(line) = matching.first() else {
        return found;
    };
    for object in objects.iter().filter(|object| object.assigned) {
        if let Some(value) = line.source.evaluate(object)
            && !seen.insert(value.to_lowercase())
        {
            let reason = format!("another object of the directory has the same {}", line.name);
            found.insert(
                object.object_id.as_str(),
                Problem::new(ErrorCode::DuplicateSourceEntries, reason),
            );
        }
    }
    found
}

/// Holds back disables and deletes if there are more than `threshold`; returns their number.
fn stage(mapping: &Mapping, tasks: &mut [Task<'_>], threshold: Option<usize>) -> usize {
    let Some(threshold) = threshold else { return 0 };
    let takes_away = |task: &Task<'_>| match task {
        Task::Remove(..) => true,
        Task::Update(object, known) => {
            let was_active = mapping.lines.iter().any(|line| {
                line.name.eq_ignore_ascii_case("active")
                    && known
                        .values
                        .get(&line.name)
                        .is_some_and(|value| value.eq_ignore_ascii_case("true"))
            });
            object.soft_deleted() && was_active
        }
        _ => false,
    };
    let count = tasks.iter().filter(|task| takes_away(task)).count();
    if count <= threshold {
        return 0;
    }
    for task in tasks.iter_mut().filter(|task| takes_away(task)) {
        *task = match std::mem::replace(task, Task::Stage(String::new(), None, Known::default())) {
            Task::Remove(key, object, known) => Task::Stage(key, object, known),
            Task::Update(object, known) => Task::Stage(object.object_id.clone(), Some(object), known),
            other => other,
        };
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::{App, generate};

    fn fixture() -> (Mapping, Vec<SourceObject>, JobState) {
        let mapping = Mapping::shipped(App::Advisors).unwrap();
        let objects = generate::directory(3, 0, "contoso.example", 1).users;
        let mut state = JobState::new(App::Advisors, "scim.x".to_owned());
        for object in &objects {
            let values = mapping.values(object).unwrap();
            let known = Known {
                id: format!("t-{}", object.object_id),
                managed: true,
                values,
                ..Known::default()
            };
            state.objects.insert(object.object_id.clone(), known);
        }
        state.watermark = Some("2026-01-01T00:00:00Z".to_owned());
        (mapping, objects, state)
    }

    #[test]
    fn nothing_changed_means_nothing_to_do() {
        let (mapping, objects, state) = fixture();
        let plan = make(&mapping, &objects, &state, None);
        assert!(plan.tasks.is_empty() && plan.forget.is_empty());
    }

    #[test]
    fn without_a_watermark_everything_in_scope_is_matched() {
        let (mapping, mut objects, mut state) = fixture();
        state.watermark = None;
        state.objects.clear();
        objects[0].assigned = false;
        let plan = make(&mapping, &objects, &state, None);
        assert_eq!(
            plan.tasks
                .iter()
                .filter(|task| matches!(task, Task::Match(_)))
                .count(),
            2
        );
    }

    #[test]
    fn purged_is_removed_but_unassigned_before_is_forgotten() {
        let (mapping, mut objects, mut state) = fixture();
        let purged = objects.remove(0).object_id;
        let unassigned = objects.remove(0).object_id;
        state.objects.get_mut(&unassigned).unwrap().managed = false;
        let plan = make(&mapping, &objects, &state, None);
        assert!(matches!(&plan.tasks[..], [Task::Remove(key, None, _)] if *key == purged));
        assert_eq!(plan.forget, [unassigned]);
    }

    #[test]
    fn what_waits_in_escrow_is_left_alone_until_it_is_due() {
        let (mapping, mut objects, mut state) = fixture();
        objects[0].attributes.insert("surname".to_owned(), "New".into());
        state.escrow(&objects[0].object_id, &Problem::new(ErrorCode::Timeout, "slow"));
        assert!(make(&mapping, &objects, &state, None).tasks.is_empty());
        state.clock = 40 * 60;
        assert!(matches!(
            make(&mapping, &objects, &state, None).tasks[..],
            [Task::Update(..)]
        ));
    }

    #[test]
    fn a_disabled_object_that_was_never_provisioned_is_not_created() {
        let (mapping, mut objects, mut state) = fixture();
        state.objects.remove(&objects[0].object_id);
        objects[0].account_enabled = false;
        assert!(make(&mapping, &objects, &state, None).tasks.is_empty());
    }

    #[test]
    fn an_object_that_failed_and_went_away_is_forgotten() {
        let (mapping, objects, mut state) = fixture();
        state.escrow("gone", &Problem::new(ErrorCode::Timeout, "slow"));
        assert_eq!(make(&mapping, &objects, &state, None).forget, ["gone"]);
    }

    #[test]
    fn without_active_in_the_mapping_a_leaver_is_deleted() {
        let (_, mut objects, state) = fixture();
        let mapping = Mapping::parse(
            r#"{"attributes":[{"target":"userName","source":"userPrincipalName","matching":1}]}"#,
        )
        .unwrap();
        objects[0].is_soft_deleted = true;
        assert!(matches!(
            make(&mapping, &objects, &state, None).tasks[..],
            [Task::Remove(_, Some(_), _)]
        ));
    }

    #[test]
    fn more_disables_than_the_threshold_are_held_back() {
        let (mapping, mut objects, state) = fixture();
        objects[0].is_soft_deleted = true;
        objects.remove(1);
        assert_eq!(make(&mapping, &objects, &state, Some(2)).staged, 0);
        let plan = make(&mapping, &objects, &state, Some(1));
        assert_eq!(plan.staged, 2);
        assert!(plan.tasks.iter().all(|task| matches!(task, Task::Stage(..))));
    }

    #[test]
    fn two_objects_with_one_matching_value_are_refused_before_anything_is_sent() {
        let (mapping, mut objects, mut state) = fixture();
        state.objects.clear();
        let taken = objects[0].user_principal_name().to_uppercase();
        objects[1]
            .attributes
            .insert("userPrincipalName".to_owned(), taken.into());
        let plan = make(&mapping, &objects, &state, None);
        let refused = plan
            .tasks
            .iter()
            .filter(|task| matches!(task, Task::Refuse(..)))
            .count();
        assert_eq!((refused, plan.tasks.len()), (1, 3));
    }
}
