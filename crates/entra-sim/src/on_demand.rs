//! "Provision on demand": one object at once, in the steps the portal shows. Always the legacy dialect,
//! whatever the tenant URL asks for. Ignores escrow and quarantine: an administrator wants to see what
//! happens now.

use rand::rngs::StdRng;
use serde::Serialize;

use crate::cycle::object::{self, Effect, Outcome, Stamp};
use crate::cycle::{Job, matching_name, plan::Task};
use crate::directory::SourceObject;
use crate::log::{ErrorInformation, LogEntry};
use crate::problem::Problem;
use crate::state::JobState;

/// The result of provisioning on demand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DemandReport {
    /// True if the object in the target is as it should be.
    pub ok: bool,
    /// The step that failed, or the last one: `test connection`, `import`, `scope`, `match`, `action`.
    pub step: &'static str,
    /// The failed step's error; `None` on success.
    pub error: Option<ErrorInformation>,
    /// The log entry; `None` if no step reached the action.
    pub entry: Option<LogEntry>,
}

impl DemandReport {
    fn failed(step: &'static str, problem: &Problem) -> Self {
        Self {
            ok: false,
            step,
            error: Some(ErrorInformation::from(problem)),
            entry: None,
        }
    }
}

/// Provisions one object and writes the outcome to the job's state.
pub async fn run(job: &Job, object: &SourceObject, state: &mut JobState, rng: &mut StdRng) -> DemandReport {
    let matching = matching_name(&job.mapping);
    if let Err(problem) = job
        .client
        .probe("Users", matching, &crate::clock::guid(rng))
        .await
    {
        return DemandReport::failed("test connection", &problem);
    }
    if let Err(problem) = job.mapping.values(object) {
        return DemandReport::failed("import", &problem);
    }
    let stamp = Stamp {
        job_id: state.job_id.clone(),
        cycle: 0,
    };
    let Outcome {
        object_id,
        effect,
        entry,
        ..
    } = object::perform(job, &stamp, Task::Match(object)).await;
    let (ok, step) = match effect {
        Effect::Exported(known) => {
            state.escrow.remove(&object_id);
            state.objects.insert(object_id, known);
            (true, "action")
        }
        Effect::Nothing | Effect::Removed => (true, "scope"),
        Effect::Failed(_) if entry.modified_properties.is_empty() => (false, "match"),
        Effect::Failed(_) => (false, "action"),
    };
    let error = entry.provisioning_status_info.error_information.clone();
    DemandReport {
        ok,
        step,
        error,
        entry: Some(entry),
    }
}
