//! `job`: work that is due at a time and done by one of several instances (ADR 0047).
//!
//! All times are the database's, so that instances need not agree on theirs. A claim is a lease: it moves `due_at` to the end of
//! the lease, and only its owner may end the job. Must not know: what a kind of job does, and when a job is tried again
//! (`crates/jobs`).

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::names::{JobKey, Kind, Limit, Millis, Owner, Payload, Why};
use crate::admin_tx::AdminTx;
use crate::engine::executor::Executor;
use crate::engine::read::{columns, record};
use crate::engine::statement::Statement;
use crate::error::{Result, StoreError};
use crate::settings::Backend;
use crate::store::Store;

/// A job to be done.
#[derive(Debug, Clone, PartialEq)]
pub struct NewJob {
    /// Which handler does it.
    pub kind: &'static str,
    /// Tells the jobs of one kind apart.
    pub key: String,
    /// What the handler needs: ids and words, no secret and no personal data.
    pub payload: Value,
    /// How long from now it is due.
    pub wait: Duration,
}

/// A job that was claimed, and is done by nobody else until its lease ends.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    /// Which handler does it.
    pub kind: String,
    /// Tells the jobs of one kind apart.
    pub key: String,
    /// What the handler needs.
    pub payload: Value,
    /// How often it was claimed, this time included, since it was last done.
    pub attempts: i32,
    /// The claim: a name that no other claim has.
    pub owner: String,
}

/// A job as operators see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobRow {
    /// Which handler does it.
    pub kind: String,
    /// Tells the jobs of one kind apart.
    pub key: String,
    /// When it may be taken next, by the database's clock; `None` when it waits for an operator.
    pub due_at: Option<DateTime<Utc>>,
    /// How often it was claimed since it was last done.
    pub attempts: i32,
    /// Whether an instance has it.
    pub is_claimed: bool,
    /// Why its last attempt failed.
    pub last_error: Option<String>,
    /// Since when all of its attempts were used.
    pub failed_at: Option<DateTime<Utc>>,
}

/// What a claimed job came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JobEnd {
    /// It is done and goes.
    Done,
    /// It is done and is due again after this time; its attempts are counted anew.
    Again(Duration),
    /// Its attempt failed; it is due again after this time.
    Retry(Duration, String),
    /// As [`JobEnd::Retry`], and all its attempts were used: operators are told, and it goes on.
    Failing(Duration, String),
    /// All its attempts were used: it waits for an operator ([`Store::retry_job`]).
    Dead(String),
    /// It was not done, because its instance ends: it is due at once, and this was no attempt.
    GivenBack,
}

record!(JobRow: kind key due_at attempts is_claimed last_error failed_at);
record!(Job: kind key payload attempts owner);

columns! {
    Value = String => |text| {
        serde_json::from_str(&text).map_err(|_| StoreError::Corrupt("the payload of a job is no JSON".into()))
    };
}

/// A job.
pub(crate) type OfJob<'a> = (Kind<'a>, JobKey<'a>);
/// A job of a claim.
pub(crate) type Claimed<'a> = (OfJob<'a>, Owner<'a>);

/// The time of the statement in milliseconds since 1970. Stable within it, so that an index may be entered by it.
fn now(on: Backend) -> &'static str {
    on.either(
        "(extract(epoch FROM statement_timestamp()) * 1000)::bigint",
        "CAST(unixepoch('now', 'subsec') * 1000 AS INTEGER)",
    )
}

pub(crate) static ADD: Statement<(OfJob<'_>, Payload, Millis)> = Statement::new(|on| {
    let now = now(on);
    format!(
        "INSERT INTO job (kind, key, payload, created_at, due_at, wait_ms) \
         VALUES (:kind, :key, :payload, {now}, {now} + :millis, :millis) ON CONFLICT (kind, key) DO NOTHING"
    )
});

pub(crate) static DUE_KINDS: Statement<(), String> =
    Statement::new(|on| format!("SELECT DISTINCT kind FROM job WHERE due_at <= {}", now(on)));

/// `:millis` is the length of the lease.
pub(crate) static CLAIM: Statement<(Kind<'_>, Owner<'_>, Millis, Limit)> = Statement::new(|on| {
    let now = now(on);
    let due = format!(
        "SELECT kind, key FROM job WHERE kind = :kind AND due_at <= {now} ORDER BY due_at LIMIT :limit"
    );
    let lease =
        format!("owner = :owner, due_at = {now} + :millis, wait_ms = :millis, attempts = attempts + 1");
    on.either(
        format!(
            "WITH due AS MATERIALIZED ({due} FOR UPDATE SKIP LOCKED) UPDATE job SET {lease} FROM due \
             WHERE job.kind = due.kind AND job.key = due.key"
        ),
        format!("UPDATE job SET {lease} WHERE (kind, key) IN ({due})"),
    )
});

pub(crate) static CLAIMED: Statement<(Kind<'_>, Owner<'_>), Job> = Statement::new(|_| {
    "SELECT kind, key, payload, attempts, owner FROM job WHERE kind = :kind AND owner = :owner".into()
});

pub(crate) static DONE: Statement<Claimed<'_>> =
    Statement::new(|_| "DELETE FROM job WHERE kind = :kind AND key = :key AND owner = :owner".into());

pub(crate) static AGAIN: Statement<(Claimed<'_>, Millis)> = Statement::new(|on| {
    end(&format!(
        "{}, attempts = 0, last_error = NULL, failed_at = NULL",
        later(on)
    ))
});

pub(crate) static POSTPONE: Statement<(Claimed<'_>, Millis, Why<'_>)> =
    Statement::new(|on| end(&format!("{}, last_error = :why", later(on))));

pub(crate) static FAIL: Statement<(Claimed<'_>, Millis, Why<'_>)> = Statement::new(|on| {
    end(&format!(
        "{}, last_error = :why, failed_at = coalesce(failed_at, {})",
        later(on),
        now(on)
    ))
});

pub(crate) static BURY: Statement<(Claimed<'_>, Why<'_>)> = Statement::new(|on| {
    end(&format!(
        "due_at = NULL, last_error = :why, failed_at = {}",
        now(on)
    ))
});

pub(crate) static GIVE_BACK: Statement<Claimed<'_>> = Statement::new(|on| {
    end(&format!(
        "due_at = {}, wait_ms = 0, attempts = attempts - 1",
        now(on)
    ))
});

/// Only the claim itself ends what it claimed.
fn end(set: &str) -> String {
    format!("UPDATE job SET owner = NULL, {set} WHERE kind = :kind AND key = :key AND owner = :owner")
}

fn later(on: Backend) -> String {
    format!("due_at = {} + :millis, wait_ms = :millis", now(on))
}

/// What is due later than it ever was to wait was written before the clock was set back.
pub(crate) static MEND: Statement<()> = Statement::new(|on| {
    format!(
        "UPDATE job SET due_at = {0} + wait_ms WHERE due_at > {0} + wait_ms",
        now(on)
    )
});

const SHOWN: &str = "SELECT kind, key, due_at, attempts, owner IS NOT NULL, last_error, failed_at FROM job";

pub(crate) static ALL: Statement<Limit, JobRow> =
    Statement::new(|_| format!("{SHOWN} ORDER BY kind, key LIMIT :limit"));

pub(crate) static FAILED: Statement<Limit, JobRow> =
    Statement::new(|_| format!("{SHOWN} WHERE failed_at IS NOT NULL ORDER BY failed_at LIMIT :limit"));

pub(crate) static RETRY: Statement<OfJob<'_>> = Statement::new(|on| {
    format!(
        "UPDATE job SET due_at = {}, wait_ms = 0, attempts = 0, failed_at = NULL \
         WHERE kind = :kind AND key = :key AND failed_at IS NOT NULL",
        now(on)
    )
});

fn of<'a>(kind: &'a str, key: &'a str) -> OfJob<'a> {
    (Kind(kind), JobKey(key))
}

fn why(error: &str) -> Why<'_> {
    Why(Some(error))
}

fn millis(span: Duration) -> Millis {
    Millis(i64::try_from(span.as_millis()).unwrap_or(i64::MAX / 2))
}

impl Store {
    /// Adds a job, unless there is one of that kind and key; whether it was added.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn add_job(&self, new: &NewJob) -> Result<bool> {
        let new = new.clone();
        self.transaction(move |executor| {
            let new = new.clone();
            Box::pin(async move { add(executor, &new).await })
        })
        .await
    }

    /// The kinds of which jobs are due.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn due_job_kinds(&self) -> Result<Vec<String>> {
        self.autocommit().all(&DUE_KINDS, ()).await
    }

    /// Claims up to `limit` due jobs of a kind for `lease`; none that another instance claims at the same time. `owner` is a new
    /// name for each claim.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]; what was claimed is due again when the lease ends.
    pub async fn claim_jobs(
        &self,
        kind: &str,
        owner: &str,
        lease: Duration,
        limit: usize,
    ) -> Result<Vec<Job>> {
        let claim = (Kind(kind), Owner(owner), millis(lease), Limit(limit));
        if self.change(&CLAIM, claim).await? == 0 {
            return Ok(Vec::new());
        }
        self.autocommit().all(&CLAIMED, (Kind(kind), Owner(owner))).await
    }

    /// Ends a claim; `false` when the claim had ended before, and the job is another's or gone.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]; the job is due again when the lease ends.
    pub async fn end_job(&self, job: &Job, end: &JobEnd) -> Result<bool> {
        let claimed = (of(&job.kind, &job.key), Owner(&job.owner));
        let changed = match end {
            JobEnd::Done => self.change(&DONE, claimed).await,
            JobEnd::Again(wait) => self.change(&AGAIN, (claimed, millis(*wait))).await,
            JobEnd::Retry(wait, error) => self.change(&POSTPONE, (claimed, millis(*wait), why(error))).await,
            JobEnd::Failing(wait, error) => self.change(&FAIL, (claimed, millis(*wait), why(error))).await,
            JobEnd::Dead(error) => self.change(&BURY, (claimed, why(error))).await,
            JobEnd::GivenBack => self.change(&GIVE_BACK, claimed).await,
        };
        Ok(changed? > 0)
    }

    /// Brings back jobs whose time was written before the database's clock was set back: each waits no longer than it was to
    /// wait then. How many there were.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn mend_job_times(&self) -> Result<u64> {
        self.change(&MEND, ()).await
    }

    /// The first `limit` jobs, by kind and key.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn jobs(&self, limit: usize) -> Result<Vec<JobRow>> {
        self.autocommit().all(&ALL, Limit(limit)).await
    }

    /// The first `limit` jobs that have used all their attempts, by the time since when.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn failed_jobs(&self, limit: usize) -> Result<Vec<JobRow>> {
        self.autocommit().all(&FAILED, Limit(limit)).await
    }

    /// Makes a job due that has used all its attempts; `false` when there is none such.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn retry_job(&self, kind: &str, key: &str) -> Result<bool> {
        Ok(self.change(&RETRY, of(kind, key)).await? > 0)
    }
}

impl AdminTx {
    /// As [`Store::retry_job`], together with what the job is about.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn retry_job(&mut self, kind: &str, key: &str) -> Result<bool> {
        Ok(self.executor.change(&RETRY, of(kind, key)).await? > 0)
    }
}

/// Adds a job in a transaction.
pub(crate) async fn add(executor: &mut Executor, new: &NewJob) -> Result<bool> {
    let parameters = (
        of(new.kind, &new.key),
        Payload(new.payload.to_string()),
        millis(new.wait),
    );
    Ok(executor.change(&ADD, parameters).await? > 0)
}
