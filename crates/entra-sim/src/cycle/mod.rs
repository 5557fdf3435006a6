//! What a provisioning job does: one cycle after another, initial until the watermark is set, incremental
//! from then on.
//!
//! A cycle is: probe, objects (match, create, compare, PATCH, delete), references, groups, quarantine check,
//! watermark. Time between cycles is simulated. Next: [`plan`] decides (pure), [`object`], [`references`] and
//! [`groups`] send requests, [`quarantine`] checks the thresholds.

pub mod groups;
pub mod object;
pub mod plan;
pub mod quarantine;
pub mod references;
pub mod report;

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use rand::rngs::StdRng;

use crate::clock;
use crate::dialect::Dialect;
use crate::directory::{App, SourceDirectory};
use crate::log::LogEntry;
use crate::mapping::Mapping;
use crate::problem::{ErrorCode, Problem, Severity};
use crate::state::{CYCLE_SECONDS, JobState, QuarantineReason};
use crate::wire::client::Client;
use object::{Effect, Outcome, Stamp};
use plan::Task;
use quarantine::Rules;
use report::{CycleKind, CycleReport, RunReport};

/// A configured provisioning job.
#[derive(Debug)]
pub struct Job {
    /// The application: it decides the objects in scope.
    pub app: App,
    /// The attribute mapping: a shipped one, or a file.
    pub mapping: Mapping,
    /// The dialect of the documents.
    pub dialect: Dialect,
    /// The client of the tenant URL.
    pub client: Client,
    /// The thresholds of the quarantine.
    pub rules: Rules,
    /// Objects in flight at once; at least 1.
    pub concurrency: usize,
    /// Accidental-deletion prevention: if one cycle has more disables and deletes than this, all of them are
    /// held back.
    pub deletion_threshold: Option<usize>,
}

/// The number of cycles, and the real wait between them.
#[derive(Clone, Copy, Debug)]
pub struct Schedule {
    /// The most cycles; `None` goes on until the process ends.
    pub cycles: Option<u64>,
    /// The condition for an earlier end.
    pub until: Until,
    /// Real seconds for each simulated one: 0 never waits, 1 is Entra's own pace.
    pub time_scale: f64,
}

/// When a run may stop before its last cycle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// Only after the last cycle.
    AllCycles,
    /// As soon as a cycle completed and nothing waits in escrow; the clock jumps to the next object that is
    /// due.
    Settled,
}

/// A step of a run, as reported to the [`Watcher`].
#[derive(Debug)]
pub enum Event<'a> {
    /// A cycle begins.
    Started {
        /// The number of the cycle, from 1.
        cycle: u64,
        /// Initial or incremental.
        kind: CycleKind,
        /// The number of objects to handle.
        objects: usize,
    },
    /// One object is done.
    Entry(&'a LogEntry),
    /// A cycle has ended.
    Finished(&'a CycleReport),
}

/// The callback that receives a run's events.
pub type Watcher<'a> = &'a mut (dyn FnMut(Event<'_>) + Send);

/// Runs the schedule. `directory` is called before each cycle, `save` after each one.
///
/// # Errors
/// Only those of `directory` and `save`; failures at the target are in the report and the state.
pub async fn run(
    job: &Job,
    state: &mut JobState,
    schedule: Schedule,
    rng: &mut StdRng,
    mut directory: impl FnMut() -> anyhow::Result<SourceDirectory>,
    mut save: impl FnMut(&JobState) -> anyhow::Result<()>,
    watch: Watcher<'_>,
) -> anyhow::Result<RunReport> {
    let started = Instant::now();
    let mut reports: Vec<CycleReport> = Vec::new();
    while schedule.cycles.is_none_or(|most| (reports.len() as u64) < most) {
        if state
            .quarantine
            .as_ref()
            .is_some_and(|quarantine| quarantine.disabled)
        {
            break;
        }
        if state.cycles > 0 {
            pass_time(state, schedule).await;
        }
        let source = directory()?;
        let report = one(job, &source, state, rng, watch).await;
        let through = report.stopped_by.is_none();
        reports.push(report);
        save(state)?;
        if schedule.until == Until::Settled && through && state.settled() {
            break;
        }
    }
    Ok(RunReport::new(
        reports,
        state,
        job.client.traffic(),
        started.elapsed(),
    ))
}

/// Advances the simulated clock to the next cycle: by 40 minutes, or to the end of the quarantine's wait.
async fn pass_time(state: &mut JobState, schedule: Schedule) {
    let regular = state.clock + CYCLE_SECONDS;
    let due = match (&state.quarantine, schedule.until) {
        (Some(quarantine), _) => quarantine.next_try,
        (None, Until::Settled) => state
            .escrow
            .values()
            .map(|escrow| escrow.next_try)
            .min()
            .unwrap_or(regular),
        (None, Until::AllCycles) => regular,
    };
    let next = due.max(regular);
    let wait =
        Duration::try_from_secs_f64((next - state.clock) as f64 * schedule.time_scale).unwrap_or_default();
    if !wait.is_zero() {
        tokio::time::sleep(wait).await;
    }
    state.clock = next;
}

/// Runs one cycle.
async fn one(
    job: &Job,
    source: &SourceDirectory,
    state: &mut JobState,
    rng: &mut StdRng,
    watch: Watcher<'_>,
) -> CycleReport {
    let started = Instant::now();
    state.cycles += 1;
    let kind = if state.watermark.is_none() {
        CycleKind::Initial
    } else {
        CycleKind::Incremental
    };
    let mut report = CycleReport::new(state.cycles, kind);
    if let Err(problem) = probe(job, rng).await {
        report.stopped_by = Some(stop(job, state, &problem));
    } else {
        let objects = source.objects(job.app);
        let plan = plan::make(&job.mapping, objects, state, job.deletion_threshold);
        watch(Event::Started {
            cycle: state.cycles,
            kind,
            objects: plan.tasks.len(),
        });
        for key in &plan.forget {
            state.objects.remove(key);
            state.escrow.remove(key);
        }
        objects_pass(job, plan.tasks, objects.len(), state, &mut report, watch).await;
        if report.stopped_by.is_none() {
            references::pass(job, objects, state, &mut report, watch).await;
        }
        if report.stopped_by.is_none() {
            groups::pass(job, source, state, &mut report, watch).await;
        }
        conclude(job, plan.staged, state, &mut report);
    }
    report.duration_ms = clock::millis(started.elapsed());
    watch(Event::Finished(&report));
    report
}

/// The probe at the begin of each cycle: a query for a random matching value.
async fn probe(job: &Job, rng: &mut StdRng) -> Result<(), Problem> {
    job.client
        .probe("Users", matching_name(&job.mapping), &clock::guid(rng))
        .await
}

/// The name of the first matching attribute.
pub(crate) fn matching_name(mapping: &Mapping) -> &str {
    mapping
        .matching()
        .first()
        .map_or("userName", |line| line.name.as_str())
}

async fn objects_pass(
    job: &Job,
    tasks: Vec<Task<'_>>,
    in_scope: usize,
    state: &mut JobState,
    report: &mut CycleReport,
    watch: Watcher<'_>,
) {
    let stamp = Stamp::of(state);
    let stopped = AtomicBool::new(false);
    let work = tasks.into_iter().map(|task| {
        let (stamp, stopped) = (&stamp, &stopped);
        async move {
            if stopped.load(Ordering::Relaxed) {
                None
            } else {
                Some(object::perform(job, stamp, task).await)
            }
        }
    });
    let mut done = futures_util::stream::iter(work).buffer_unordered(job.concurrency.max(1));
    while let Some(outcome) = done.next().await {
        let Some(outcome) = outcome else { continue };
        record(state, &outcome, report, watch);
        // Only the first stop of a cycle counts: requests in flight fail for the same reason, and must not
        // lengthen the quarantine.
        if report.stopped_by.is_none()
            && let Some(reason) = verdict(job, state, &outcome, in_scope)
        {
            stopped.store(true, Ordering::Relaxed);
            report.stopped_by = Some(reason);
        }
    }
}

/// Writes an outcome to the state, the report and the log.
pub(crate) fn record(state: &mut JobState, outcome: &Outcome, report: &mut CycleReport, watch: Watcher<'_>) {
    match &outcome.effect {
        Effect::Exported(known) => {
            state.escrow.remove(&outcome.key);
            state.objects.insert(outcome.object_id.clone(), known.clone());
        }
        Effect::Removed => {
            state.escrow.remove(&outcome.key);
            state.objects.remove(&outcome.object_id);
        }
        Effect::Nothing => {
            state.escrow.remove(&outcome.key);
        }
        Effect::Failed(problem) => state.escrow(&outcome.key, problem),
    }
    report.count(&outcome.entry);
    watch(Event::Entry(&outcome.entry));
}

/// Puts the job into quarantine if the outcome demands it; returns the reason, or `None` if it does not.
pub(crate) fn verdict(job: &Job, state: &mut JobState, outcome: &Outcome, in_scope: usize) -> Option<String> {
    let Effect::Failed(problem) = &outcome.effect else {
        return None;
    };
    if problem.severity == Severity::Job {
        return Some(stop(job, state, problem));
    }
    let (failures, references) = state.failures();
    let reason = job.rules.verdict(failures, references, in_scope)?;
    let detail = format!(
        "{failures} of {in_scope} objects and {references} references are failing; last: {}",
        problem.reason
    );
    quarantine::enter(&job.rules, state, reason, detail.clone());
    Some(detail)
}

/// Handles a problem of the whole job: quarantine, unless the target is only unavailable (5xx, no answer).
fn stop(job: &Job, state: &mut JobState, problem: &Problem) -> String {
    if problem.severity == Severity::Job {
        quarantine::enter(
            &job.rules,
            state,
            QuarantineReason::EncounteredQuarantineException,
            problem.reason.clone(),
        );
    }
    format!("{}: {}", problem.code.as_str(), problem.reason)
}

/// Ends a cycle: accidental deletions put the job into quarantine, otherwise a completed cycle lifts it.
fn conclude(job: &Job, staged: usize, state: &mut JobState, report: &mut CycleReport) {
    if report.stopped_by.is_some() {
        return;
    }
    if staged > 0 {
        let detail = format!(
            "{}: {staged} disables and deletes were held back",
            ErrorCode::StagedDelete.as_str()
        );
        quarantine::enter(
            &job.rules,
            state,
            QuarantineReason::TooManyDeletes,
            detail.clone(),
        );
        report.stopped_by = Some(detail);
    } else {
        state.quarantine = None;
    }
    state.watermark = Some(clock::now());
}
