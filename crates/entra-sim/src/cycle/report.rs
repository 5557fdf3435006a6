//! Counts for people and machines: what a cycle and a run did. Serialised as the `--json` summary.

use std::time::Duration;

use serde::Serialize;

use crate::log::{Action, LogEntry, Status};
use crate::state::{JobState, Quarantine};
use crate::wire::client::Traffic;

/// Which cycle it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum CycleKind {
    /// Everything in scope.
    Initial,
    /// Only what changed.
    Incremental,
}

impl CycleKind {
    /// The word for people.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            CycleKind::Initial => "initial",
            CycleKind::Incremental => "incremental",
        }
    }
}

/// Objects by what was done to them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// POSTed.
    pub created: u64,
    /// PATCHed.
    pub updated: u64,
    /// PATCHed to inactive.
    pub disabled: u64,
    /// DELETEd.
    pub deleted: u64,
    /// Nothing to do.
    pub skipped: u64,
    /// Failed, now in escrow.
    pub failed: u64,
}

/// One cycle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CycleReport {
    /// Its number, from 1.
    pub cycle: u64,
    /// Initial or incremental.
    pub kind: CycleKind,
    /// What was done.
    #[serde(flatten)]
    pub counts: Counts,
    /// Why the cycle ended early, if it did.
    pub stopped_by: Option<String>,
    /// How long it took.
    pub duration_ms: u64,
}

impl CycleReport {
    /// An empty report.
    #[must_use]
    pub fn new(cycle: u64, kind: CycleKind) -> Self {
        CycleReport {
            cycle,
            kind,
            counts: Counts::default(),
            stopped_by: None,
            duration_ms: 0,
        }
    }

    /// Counts a log entry.
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

/// A whole run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RunReport {
    /// The application.
    pub app: &'static str,
    /// The job.
    pub job_id: String,
    /// Sums over all cycles.
    #[serde(flatten)]
    pub counts: Counts,
    /// Objects (and references) still waiting to be tried again.
    pub escrow: usize,
    /// Objects known in the target.
    pub known: usize,
    /// Set when the job is in quarantine.
    pub quarantine: Option<Quarantine>,
    /// True when everything is done: nothing in escrow, no quarantine, the last cycle went through.
    pub done: bool,
    /// Requests and answers.
    #[serde(flatten)]
    pub traffic: Traffic,
    /// How long it took.
    pub duration_ms: u64,
    /// Each cycle.
    pub cycles: Vec<CycleReport>,
}

impl RunReport {
    /// Sums the cycles up.
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
        RunReport {
            app: state.app.as_str(),
            job_id: state.job_id.clone(),
            counts,
            escrow: state.escrow.len(),
            known: state.objects.len(),
            quarantine: state.quarantine.clone(),
            done: through && state.settled(),
            traffic,
            duration_ms: took.as_millis() as u64,
            cycles,
        }
    }
}
