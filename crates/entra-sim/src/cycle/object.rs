//! Carries out one task and returns its outcome. The order of calls is Entra's: match query, then POST, or
//! PATCH of the differences to the list answer's body (no GET by id in between); an object with a known id is
//! PATCHed without a query.

use std::time::Instant;

use serde_json::Value;

use super::Job;
use super::plan::Task;
use crate::clock;
use crate::compare::{self, Difference};
use crate::dialect;
use crate::directory::SourceObject;
use crate::log::{Action, ErrorInformation, Identity, LogEntry, ModifiedProperty, Status, StatusInfo};
use crate::mapping::{Kind, Values};
use crate::problem::{ErrorCode, Problem};
use crate::state::{JobState, Known};
use crate::wire::client::Collection;

/// The job's part of a log entry.
#[derive(Clone, Debug)]
pub struct Stamp {
    /// The job's id, `scim.<32 hex>.<guid>`.
    pub job_id: String,
    /// The number of the cycle, from 1; 0 for provisioning on demand.
    pub cycle: u64,
}

impl Stamp {
    /// The stamp of the job's present cycle.
    #[must_use]
    pub fn of(state: &JobState) -> Self {
        Self {
            job_id: state.job_id.clone(),
            cycle: state.cycles,
        }
    }
}

/// The outcome of one task.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The directory's object id.
    pub object_id: String,
    /// The key in escrow: the object id, or that of its references.
    pub key: String,
    /// The change of the job's state.
    pub effect: Effect,
    /// The log entry to write.
    pub entry: LogEntry,
}

/// How a task changes the job's state.
#[derive(Clone, Debug)]
pub enum Effect {
    /// The target has the object, with these values.
    Exported(Known),
    /// The target no longer has the object.
    Removed,
    /// The state stays as it is.
    Nothing,
    /// The object goes into escrow.
    Failed(Problem),
}

/// The results collected while a task runs, whether or not it succeeds.
#[derive(Debug)]
pub(crate) struct Draft {
    pub(crate) action: Action,
    pub(crate) modified: Vec<ModifiedProperty>,
    pub(crate) target_id: String,
    pub(crate) skipped: Option<Problem>,
}

impl Draft {
    pub(crate) fn new(action: Action) -> Self {
        Self {
            action,
            modified: Vec::new(),
            target_id: String::new(),
            skipped: None,
        }
    }

    fn skip(&mut self, code: ErrorCode, reason: &str) {
        self.action = Action::Other;
        self.skipped = Some(Problem::new(code, reason));
    }
}

/// Carries out a task. Failures are part of the outcome.
pub async fn perform(job: &Job, stamp: &Stamp, task: Task<'_>) -> Outcome {
    let started = Instant::now();
    let mut draft = Draft::new(Action::Other);
    let (object_id, object, result) = match task {
        Task::Match(object) => (
            object.object_id.clone(),
            Some(object),
            matched(job, object, &mut draft).await,
        ),
        Task::Update(object, known) => (
            object.object_id.clone(),
            Some(object),
            update(job, object, known, &mut draft).await,
        ),
        Task::Remove(key, object, known) => (key, object, remove(job, &known, &mut draft).await),
        Task::Refuse(object, problem) => (object.object_id.clone(), Some(object), Err(problem)),
        Task::Stage(key, object, known) => {
            draft.target_id.clone_from(&known.id);
            draft.skip(
                ErrorCode::StagedDelete,
                "held back by accidental-deletion prevention",
            );
            (key, object, Ok(Effect::Exported(known)))
        }
    };
    let effect = result.unwrap_or_else(Effect::Failed);
    let entry = entry(stamp, draft, &object_id, object, &effect, started);
    Outcome {
        key: object_id.clone(),
        object_id,
        effect,
        entry,
    }
}

/// Matches by precedence; creates if nothing is found, otherwise adopts and compares.
async fn matched(job: &Job, object: &SourceObject, draft: &mut Draft) -> Result<Effect, Problem> {
    let values = job.mapping.values(object)?;
    for line in job.mapping.matching() {
        let Some(value) = values.get(&line.name) else {
            continue;
        };
        let mut found = job.client.find(Collection::Users, &line.name, value).await?;
        if found.len() > 1 {
            let reason = format!("the query for {} found {} objects", line.name, found.len());
            return Err(Problem::new(ErrorCode::DuplicateTargetEntries, reason));
        }
        if let Some(resource) = found.pop() {
            return adopt(job, object, &values, &resource, draft).await;
        }
    }
    if object.soft_deleted() {
        draft.skip(
            ErrorCode::EntrySynchronizationSkipped,
            "disabled, and never provisioned: it is not created",
        );
        return Ok(Effect::Nothing);
    }
    create(job, object, &values, draft).await
}

async fn create(
    job: &Job,
    object: &SourceObject,
    values: &Values,
    draft: &mut Draft,
) -> Result<Effect, Problem> {
    let values = job.mapping.with_defaults(values);
    draft.action = Action::Create;
    draft.modified = values
        .iter()
        .map(|(name, value)| ModifiedProperty {
            display_name: name.clone(),
            old_value: None,
            new_value: Some(value.clone()),
        })
        .collect();
    let created = job
        .client
        .create(
            Collection::Users,
            &dialect::create_document(&job.mapping, &values, job.dialect),
        )
        .await?;
    draft.target_id = id_of(&created)?;
    Ok(Effect::Exported(Known {
        id: draft.target_id.clone(),
        managed: object.assigned,
        values,
        references: Values::new(),
    }))
}

async fn adopt(
    job: &Job,
    object: &SourceObject,
    values: &Values,
    resource: &Value,
    draft: &mut Draft,
) -> Result<Effect, Problem> {
    draft.target_id = id_of(resource)?;
    let differences = compare::with_resource(&job.mapping, values, resource);
    export(job, &differences, draft).await?;
    let read = |line: &crate::mapping::Line| {
        line.target
            .read(resource)
            .and_then(compare::text)
            .map(|value| (line.name.clone(), value))
    };
    let lines = || job.mapping.lines.iter();
    let mut shown: Values = lines()
        .filter(|line| line.kind != Kind::Reference)
        .filter_map(read)
        .collect();
    shown.extend(values.clone());
    let references = job.mapping.references().filter_map(read).collect();
    Ok(Effect::Exported(Known {
        id: draft.target_id.clone(),
        managed: object.assigned,
        values: shown,
        references,
    }))
}

async fn update(
    job: &Job,
    object: &SourceObject,
    known: Known,
    draft: &mut Draft,
) -> Result<Effect, Problem> {
    let values = job.mapping.values(object)?;
    draft.target_id.clone_from(&known.id);
    let differences = compare::with_exported(&job.mapping, &values, &known.values);
    export(job, &differences, draft).await?;
    let mut known = Known {
        managed: object.assigned,
        ..known
    };
    known.values.extend(values);
    Ok(Effect::Exported(known))
}

async fn remove(job: &Job, known: &Known, draft: &mut Draft) -> Result<Effect, Problem> {
    draft.action = Action::Delete;
    draft.target_id.clone_from(&known.id);
    job.client.delete(Collection::Users, &known.id).await?;
    Ok(Effect::Removed)
}

/// PATCHes the differences, if there are any, and sets the action accordingly.
pub(crate) async fn export(
    job: &Job,
    differences: &[Difference<'_>],
    draft: &mut Draft,
) -> Result<(), Problem> {
    if differences.is_empty() {
        draft.skip(ErrorCode::RedundantExport, "the target has these values already");
        return Ok(());
    }
    let disables = |difference: &Difference<'_>| {
        difference.line.name.eq_ignore_ascii_case("active")
            && difference
                .new
                .as_deref()
                .is_some_and(|new| new.eq_ignore_ascii_case("false"))
    };
    draft.action = if differences.iter().any(disables) {
        Action::Disable
    } else {
        Action::Update
    };
    draft.modified = differences.iter().map(ModifiedProperty::from).collect();
    job.client
        .update(
            Collection::Users,
            &draft.target_id,
            &dialect::patch_document(differences, job.dialect),
        )
        .await
}

pub(crate) fn id_of(resource: &Value) -> Result<String, Problem> {
    match resource.get("id").and_then(Value::as_str) {
        Some(id) if !id.is_empty() => Ok(id.to_owned()),
        _ => Err(Problem::new(ErrorCode::ServiceIncompatible, "a resource without an id").stops_job()),
    }
}

/// The log entry of a finished task.
pub(crate) fn entry(
    stamp: &Stamp,
    draft: Draft,
    object_id: &str,
    object: Option<&SourceObject>,
    effect: &Effect,
    started: Instant,
) -> LogEntry {
    let (status, problem) = match (effect, &draft.skipped) {
        (Effect::Failed(problem), _) => (Status::Failure, Some(problem)),
        (_, Some(problem)) => (Status::Skipped, Some(problem)),
        (_, None) => (Status::Success, None),
    };
    let name = |pick: fn(&SourceObject) -> &str| object.map(pick).unwrap_or_default().to_owned();
    let source_identity = Identity {
        id: object_id.to_owned(),
        display_name: name(SourceObject::display_name),
        user_principal_name: name(SourceObject::user_principal_name),
    };
    LogEntry {
        activity_date_time: clock::now(),
        job_id: stamp.job_id.clone(),
        cycle: stamp.cycle,
        provisioning_action: draft.action,
        provisioning_status_info: StatusInfo {
            status,
            error_information: problem.map(ErrorInformation::from),
        },
        target_identity: Identity {
            id: draft.target_id,
            ..source_identity.clone()
        },
        source_identity,
        modified_properties: draft.modified,
        duration_in_milliseconds: clock::millis(started.elapsed()),
    }
}
