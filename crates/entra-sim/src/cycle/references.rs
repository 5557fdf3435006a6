//! The later pass: references (a manager) are provisioned once both objects have an id in the target.
//!
//! A reference to an object that was never provisioned waits; one that was taken away is removed. Next:
//! [`super::object`].

use std::time::Instant;

use futures_util::StreamExt as _;

use super::object::{self, Draft, Effect, Outcome, Stamp};
use super::report::CycleReport;
use super::{Job, Watcher, record, verdict};
use crate::compare::Difference;
use crate::directory::SourceObject;
use crate::log::Action;
use crate::mapping::Mapping;
use crate::state::{JobState, Known, references_key};

struct Change<'a> {
    object: &'a SourceObject,
    known: Known,
    differences: Vec<Difference<'a>>,
}

/// Provisions every reference that differs from what was exported.
pub async fn pass(
    job: &Job,
    objects: &[SourceObject],
    state: &mut JobState,
    report: &mut CycleReport,
    watch: Watcher<'_>,
) {
    if job.mapping.references().next().is_none() {
        return;
    }
    let stamp = Stamp::of(state);
    let changes = changes(&job.mapping, objects, state);
    let work = changes.into_iter().map(|change| perform(job, &stamp, change));
    let mut done = futures_util::stream::iter(work).buffer_unordered(job.concurrency.max(1));
    while let Some(outcome) = done.next().await {
        record(state, &outcome, report, watch);
        if let Some(reason) = verdict(job, state, &outcome, objects.len()) {
            report.stopped_by.get_or_insert(reason);
            return;
        }
    }
}

fn changes<'a>(mapping: &'a Mapping, objects: &'a [SourceObject], state: &JobState) -> Vec<Change<'a>> {
    let managed = objects.iter().filter_map(|object| {
        let known = state
            .objects
            .get(&object.object_id)
            .filter(|known| known.managed)?;
        state
            .is_due(&references_key(&object.object_id))
            .then_some((object, known))
    });
    managed
        .filter_map(|(object, known)| {
            let differences: Vec<Difference<'a>> = mapping
                .references()
                .filter_map(|line| {
                    let old = known.references.get(&line.name).cloned();
                    let new = match line.source.evaluate(object) {
                        None => None,
                        Some(referred) => Some(state.objects.get(&referred)?.id.clone()),
                    };
                    (old != new).then_some(Difference { line, old, new })
                })
                .collect();
            (!differences.is_empty()).then(|| Change {
                object,
                known: known.clone(),
                differences,
            })
        })
        .collect()
}

async fn perform(job: &Job, stamp: &Stamp, change: Change<'_>) -> Outcome {
    let started = Instant::now();
    let mut draft = Draft::new(Action::Update);
    draft.target_id.clone_from(&change.known.id);
    let result = object::export(job, &change.differences, &mut draft).await;
    let effect = if let Err(problem) = result {
        Effect::Failed(problem)
    } else {
        let mut known = change.known;
        for difference in change.differences {
            match difference.new {
                Some(new) => known.references.insert(difference.line.name.clone(), new),
                None => known.references.remove(&difference.line.name),
            };
        }
        Effect::Exported(known)
    };
    let object_id = change.object.object_id.clone();
    let entry = object::entry(stamp, draft, &object_id, Some(change.object), &effect, started);
    Outcome {
        key: references_key(&object_id),
        object_id,
        effect,
        entry,
    }
}
