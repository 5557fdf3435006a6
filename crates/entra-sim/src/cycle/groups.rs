//! Groups: matched by name, created without members, then members are added and removed by separate PATCHes.
//!
//! Runs after the users, because a member must have its id in the target first; a user without an id joins in
//! a later cycle. The target's member lists are never read back: the job's state remembers what was sent.
//! Next: [`crate::dialect`] for the documents.

use std::collections::BTreeMap;
use std::time::Instant;

use futures_util::StreamExt as _;
use serde_json::Value;

use super::object::{self, Draft, Effect, Outcome, Stamp};
use super::report::CycleReport;
use super::{Job, Watcher, record, verdict};

use crate::dialect;
use crate::directory::{SourceDirectory, SourceGroup};
use crate::log::{Action, ModifiedProperty};
use crate::problem::{ErrorCode, Problem};
use crate::state::{JobState, KnownGroup, group_key};
use crate::wire::client::Collection;

/// The most members in one PATCH.
pub const BATCH: usize = 500;

struct Task<'a> {
    object_id: String,
    /// `None` for a group that was deleted or unassigned.
    group: Option<&'a SourceGroup>,
    known: Option<KnownGroup>,
    /// The members it should have: object id → id in the target.
    members: BTreeMap<String, String>,
}

/// Provisions every group that differs from what was exported.
pub async fn pass(
    job: &Job,
    source: &SourceDirectory,
    state: &mut JobState,
    report: &mut CycleReport,
    watch: Watcher<'_>,
) {
    if !job.app.has_groups() {
        return;
    }
    let stamp = Stamp::of(state);
    // Two passes: a nested group has its id only after the first.
    for _ in 0..2 {
        let tasks = tasks(source, state);
        let work = tasks.into_iter().map(|task| perform(job, &stamp, task));
        let mut done = futures_util::stream::iter(work).buffer_unordered(job.concurrency.max(1));
        while let Some((outcome, known)) = done.next().await {
            match known {
                Some(known) => state.groups.insert(outcome.object_id.clone(), known),
                None => state.groups.remove(&outcome.object_id),
            };
            record(state, &outcome, report, watch);
            if let Some(reason) = verdict(job, state, &outcome, source.groups.len()) {
                report.stopped_by.get_or_insert(reason);
                return;
            }
        }
    }
}

/// The groups to compare: all in the initial cycle, later those that differ from the state or failed before.
fn tasks<'a>(source: &'a SourceDirectory, state: &JobState) -> Vec<Task<'a>> {
    let in_scope = || source.groups.iter().filter(|group| group.assigned);
    let due = |id: &str| state.is_due(&group_key(id));
    let mut tasks: Vec<Task<'a>> = in_scope()
        .filter(|group| due(&group.object_id))
        .filter_map(|group| {
            let known = state.groups.get(&group.object_id).cloned();
            let members = members(group, state);
            let same = known
                .as_ref()
                .is_some_and(|known| known.display_name == group.display_name && known.members == members);
            (!same).then(|| Task {
                object_id: group.object_id.clone(),
                group: Some(group),
                known,
                members,
            })
        })
        .collect();
    let gone = state
        .groups
        .iter()
        .filter(|(id, _)| due(id) && !in_scope().any(|group| group.object_id == **id));
    tasks.extend(gone.map(|(id, known)| Task {
        object_id: id.clone(),
        group: None,
        known: Some(known.clone()),
        members: BTreeMap::new(),
    }));
    tasks
}

/// The group's members that have an id in the target.
fn members(group: &SourceGroup, state: &JobState) -> BTreeMap<String, String> {
    let id = |member: &String| {
        let person = state.objects.get(member).map(|known| known.id.clone());
        let nested = || state.groups.get(member).map(|known| known.id.clone());
        Some((member.clone(), person.or_else(nested)?))
    };
    group.members.iter().filter_map(id).collect()
}

async fn perform(job: &Job, stamp: &Stamp, task: Task<'_>) -> (Outcome, Option<KnownGroup>) {
    let started = Instant::now();
    let mut draft = Draft::new(Action::Update);
    let mut known = task.known.clone();
    let result = match task.group {
        Some(group) => bring(job, group, task.members, &mut known, &mut draft).await,
        None => remove(job, &mut known, &mut draft).await,
    };
    let effect = result.map_or_else(Effect::Failed, |()| Effect::Nothing);
    let mut entry = object::entry(stamp, draft, &task.object_id, None, &effect, started);
    let name = task.group.map(|group| group.display_name.clone());
    entry.source_identity.display_name = name.unwrap_or_default();
    let outcome = Outcome {
        key: group_key(&task.object_id),
        object_id: task.object_id,
        effect,
        entry,
    };
    (outcome, known)
}

/// Sets a group's name and members; `known` keeps what was reached if a request fails.
async fn bring(
    job: &Job,
    group: &SourceGroup,
    wanted: BTreeMap<String, String>,
    known: &mut Option<KnownGroup>,
    draft: &mut Draft,
) -> Result<(), Problem> {
    let mut told = match known.clone() {
        Some(told) => told,
        None => matched(job, group, draft).await?,
    };
    draft.target_id.clone_from(&told.id);
    *known = Some(told.clone());
    if told.display_name != group.display_name {
        let document = dialect::group_name(&group.display_name, job.dialect);
        job.client.update(Collection::Groups, &told.id, &document).await?;
        told.display_name.clone_from(&group.display_name);
        draft
            .modified
            .push(modified("displayName", Some(group.display_name.clone())));
        *known = Some(told.clone());
    }
    let is_in = |members: &BTreeMap<String, String>, of: &BTreeMap<String, String>| {
        let new = members.iter().filter(|(key, id)| of.get(*key) != Some(id));
        new.map(|(key, id)| (key.clone(), id.clone())).collect::<Vec<_>>()
    };
    let (leaving, joining) = (is_in(&told.members, &wanted), is_in(&wanted, &told.members));
    for some in leaving.chunks(BATCH) {
        let ids: Vec<&str> = some.iter().map(|(_, id)| id.as_str()).collect();
        let document = dialect::members_leave(&ids, job.dialect);
        job.client.update(Collection::Groups, &told.id, &document).await?;
        for (key, _) in some {
            told.members.remove(key);
        }
        *known = Some(told.clone());
    }
    for some in joining.chunks(BATCH) {
        let ids: Vec<&str> = some.iter().map(|(_, id)| id.as_str()).collect();
        let document = dialect::members_join(&ids, job.dialect);
        job.client.update(Collection::Groups, &told.id, &document).await?;
        told.members.extend(some.iter().cloned());
        *known = Some(told.clone());
    }
    let changed = leaving.into_iter().chain(joining);
    draft
        .modified
        .extend(changed.map(|(_, id)| modified("members", Some(id))));
    Ok(())
}

/// Finds the group by its name, or creates it without members.
async fn matched(job: &Job, group: &SourceGroup, draft: &mut Draft) -> Result<KnownGroup, Problem> {
    let mut found = job
        .client
        .find(Collection::Groups, "displayName", &group.display_name)
        .await?;
    if found.len() > 1 {
        let reason = format!("the query for displayName found {} groups", found.len());
        return Err(Problem::new(ErrorCode::DuplicateTargetEntries, reason));
    }
    let known = |id: String| KnownGroup {
        id,
        display_name: group.display_name.clone(),
        members: BTreeMap::new(),
    };
    if let Some(resource) = found.pop() {
        let id = object::id_of(&resource)?;
        if resource.get("externalId").and_then(Value::as_str) != Some(&group.object_id) {
            let document = dialect::group_external_id(&group.object_id, job.dialect);
            job.client.update(Collection::Groups, &id, &document).await?;
            draft
                .modified
                .push(modified("externalId", Some(group.object_id.clone())));
        }
        return Ok(known(id));
    }
    draft.action = Action::Create;
    draft
        .modified
        .push(modified("displayName", Some(group.display_name.clone())));
    draft
        .modified
        .push(modified("externalId", Some(group.object_id.clone())));
    let document = dialect::group_document(&group.object_id, &group.display_name);
    let created = job.client.create(Collection::Groups, &document).await?;
    Ok(known(object::id_of(&created)?))
}

/// DELETE of a group that was deleted from the directory, or is out of scope.
async fn remove(job: &Job, known: &mut Option<KnownGroup>, draft: &mut Draft) -> Result<(), Problem> {
    draft.action = Action::Delete;
    if let Some(told) = known {
        draft.target_id.clone_from(&told.id);
        job.client.delete(Collection::Groups, &told.id).await?;
    }
    *known = None;
    Ok(())
}

fn modified(name: &str, new_value: Option<String>) -> ModifiedProperty {
    ModifiedProperty {
        display_name: name.to_owned(),
        old_value: None,
        new_value,
    }
}
