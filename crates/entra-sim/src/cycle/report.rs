//! The counts of a cycle and of a run. Serialised as the `--json` summary.

use std::time::Duration;

use serde::Serialize;

use crate::clock;
use crate::log::{Action, LogEntry, Status};
use crate::state::{JobState, Quarantine};
use crate::wire::client::Traffic;

/// Initial or incremental.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum CycleKind {
    /// All objects in scope.
    Initial,
    /// Only objects that changed.
    Incremental,
}

impl CycleKind {
    /// The word in texts for people.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Initial => "initial",
            Self::Incremental => "incremental",
        }
    }
}

/// The number of objects by outcome.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Objects created by POST.
    pub created: u64,
    /// Objects changed by PATCH.
    pub updated: u64,
    /// Objects disabled by a PATCH of `active`.
    pub disabled: u64,
    /// Objects removed by DELETE.
    pub deleted: u64,
    /// Objects without a request that changes the target.
    pub skipped: u64,
    /// Objects whose operation failed; they are in escrow now.
    pub failed: u64,
}

/// The report of one cycle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CycleReport {
    /// The number of the cycle, from 1.
    pub cycle: u64,
    /// Initial or incremental.
    pub kind: CycleKind,
    /// The number of objects by outcome.
    #[serde(flatten)]
    pub counts: Counts,
    /// The reason of an early end; `None` if the cycle completed.
    pub stopped_by: Option<String>,
    /// Milliseconds of real time.
    pub duration_ms: u64,
}

impl CycleReport {
    /// A report without counts.
    #[must_use]
    pub fn new(cycle: u64, kind: CycleKind) -> Self {
        Self {
            cycle,
            kind,
            counts: Counts::default(),
            stopped_by: None,
            duration_ms: 0,
        }
    }

    /// Adds a log entry to the counts.
    pub fn count(&mut self, entry: &LogEntry) {
        let counts = &mut self.counts;
        let counter = match (entry.provisioning_status_info.status, entry.provisioning_action) {
            (Status::Failure, _) => &mut counts.failed,
            (Status::Skipped, _) | (Status::Success, Action::Other) => &mut counts.skipped,
            (Status::Success, Action::Create) => &mut counts.created,
            (Status::Success, Action::Update) => &mut counts.updated,
            (Status::Success, Action::Disable) => &mut counts.disabled,
            (Status::Success, Action::Delete) => &mut counts.deleted,
        };
        *counter += 1;
    }
}

/// The report of a whole run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RunReport {
    /// The application's word on the command line.
    pub app: &'static str,
    /// The job's id, `scim.<32 hex>.<guid>`.
    pub job_id: String,
    /// Sums over all cycles.
    #[serde(flatten)]
    pub counts: Counts,
    /// The number of objects and references that wait for a retry.
    pub escrow: usize,
    /// The number of objects known in the target.
    pub known: usize,
    /// The quarantine the job is in, if any.
    pub quarantine: Option<Quarantine>,
    /// True if nothing is in escrow, there is no quarantine, and the last cycle completed.
    pub done: bool,
    /// Requests sent and answers received by the run.
    #[serde(flatten)]
    pub traffic: Traffic,
    /// Milliseconds of real time, waits included.
    pub duration_ms: u64,
    /// The cycles, in order.
    pub cycles: Vec<CycleReport>,
}

impl RunReport {
    /// Sums up the cycles.
    #[must_use]
    pub fn new(cycles: Vec<CycleReport>, state: &JobState, traffic: Traffic, took: Duration) -> Self {
        let mut counts = Counts::default();
        for report in &cycles {
            counts.created += report.counts.created;
            counts.updated += report.counts.updated;
            counts.disabled += report.counts.disabled;
            counts.deleted += report.counts.deleted;
            counts.skipped += report.counts.skipped;
            counts.failed += report.counts.failed;
        }
        let through = cycles.last().is_some_and(|report| report.stopped_by.is_none());
        Self {
            app: state.app.as_str(),
            job_id: state.job_id.clone(),
            counts,
            escrow: state.escrow.len(),
            known: state.objects.len(),
            quarantine: state.quarantine.clone(),
            done: through && state.settled(),
            traffic,
            duration_ms: clock::millis(took),
            cycles,
        }
    }
}
