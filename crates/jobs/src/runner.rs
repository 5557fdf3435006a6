//! Claims what is due and gives it to its handler, until the process ends.
//!
//! Must not know: what a kind of job does ([`Handler`]), and what an attempt comes to (`decide`).

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use domain::clock::Ids;
use serde_json::json;
use store::{Job, JobEnd, NewJob, Store, StoreError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use crate::decide;
use crate::handler::Handler;
use crate::status::{COUNTED, Status};

/// How often the database is asked what is due.
const POLL: Duration = Duration::from_secs(1);
/// How often it is asked after it did not answer.
const POLL_AFTER_TROUBLE: Duration = Duration::from_secs(5);
/// How often failed jobs are read and times are checked against the clock.
const LOOK_AROUND: Duration = Duration::from_secs(30);
/// The most jobs of one kind that an instance does at a time.
const AT_A_TIME: usize = 4;
/// How long jobs that are under way may go on when the process ends.
const GRACE: Duration = Duration::from_secs(2);

/// The handlers and the database. Cheap to clone; [`run`] does the work.
#[derive(Clone)]
pub struct Jobs {
    store: Store,
    ids: Arc<dyn Ids>,
    lanes: Arc<BTreeMap<&'static str, Lane>>,
    status: Arc<RwLock<Status>>,
}

/// A handler and its places.
struct Lane {
    handler: Arc<dyn Handler>,
    places: Arc<Semaphore>,
}

impl fmt::Debug for Jobs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Jobs").field(&self.kinds()).finish()
    }
}

impl Jobs {
    /// With one handler a kind; nothing runs before [`run`]. `ids` makes the names of claims.
    pub fn new(
        store: Store,
        ids: Arc<dyn Ids>,
        handlers: impl IntoIterator<Item = Arc<dyn Handler>>,
    ) -> Self {
        let lane = |handler: Arc<dyn Handler>| {
            let places = Arc::new(Semaphore::new(AT_A_TIME));
            (handler.kind(), Lane { handler, places })
        };
        Self {
            store,
            ids,
            lanes: Arc::new(handlers.into_iter().map(lane).collect()),
            status: Arc::default(),
        }
    }

    /// The kinds that are done here.
    pub fn kinds(&self) -> Vec<&'static str> {
        self.lanes.keys().copied().collect()
    }

    /// The failed jobs, as of the last look.
    pub fn status(&self) -> Status {
        self.status.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Adds the jobs that recur, where they are missing.
    async fn begin(&self) -> Result<(), StoreError> {
        for (&kind, lane) in self.lanes.iter() {
            if lane.handler.plan().every.is_some() {
                let recurring = NewJob {
                    kind,
                    key: String::new(),
                    payload: json!({}),
                    wait: Duration::ZERO,
                };
                self.store.add_job(&recurring).await?;
            }
        }
        Ok(())
    }

    /// Reads the failed jobs, and brings back those whose time a clock has put too far away.
    async fn look_around(&self) -> Result<(), StoreError> {
        let mended = self.store.mend_job_times().await?;
        if mended > 0 {
            tracing::warn!(
                jobs = mended,
                "the database's clock was set back: jobs wait no longer than they were to"
            );
        }
        let failed = self.store.failed_jobs(COUNTED).await?;
        *self.status.write().unwrap_or_else(PoisonError::into_inner) = Status { failed };
        Ok(())
    }

    /// Begins what is due, as far as there are places.
    async fn claim(
        &self,
        running: &mut JoinSet<JobEnd>,
        stop: &watch::Receiver<bool>,
    ) -> Result<(), StoreError> {
        for kind in self.store.due_job_kinds().await? {
            // A kind of another version is left to its instances.
            let Some(lane) = self.lanes.get(kind.as_str()) else {
                continue;
            };
            let free = lane.places.available_permits();
            if free == 0 {
                continue;
            }
            let (owner, lease) = (
                self.ids.next().simple().to_string(),
                decide::lease(&lane.handler.plan()),
            );
            for job in self.store.claim_jobs(&kind, &owner, lease, free).await? {
                let Ok(place) = Arc::clone(&lane.places).try_acquire_owned() else {
                    break;
                };
                let (store, handler) = (self.store.clone(), Arc::clone(&lane.handler));
                running.spawn(attempt(store, handler, job, place, stop.clone()));
            }
        }
        Ok(())
    }
}

/// Does what is due until `stop` becomes true. Jobs that are under way then get a moment, and are given back.
pub async fn run(jobs: Jobs, mut stop: watch::Receiver<bool>) {
    let mut running = JoinSet::new();
    let (mut has_begun, mut in_trouble) = (false, false);
    let mut look_at = Instant::now();
    while !*stop.borrow() {
        let round = async {
            if !has_begun {
                jobs.begin().await?;
                has_begun = true;
            }
            if Instant::now() >= look_at {
                jobs.look_around().await?;
                look_at = Instant::now() + LOOK_AROUND;
            }
            jobs.claim(&mut running, &stop).await
        };
        let pause = match round.await {
            Ok(()) => {
                if std::mem::take(&mut in_trouble) {
                    tracing::info!("background jobs are done again");
                }
                POLL
            }
            Err(error) => {
                if !std::mem::replace(&mut in_trouble, true) {
                    tracing::warn!(%error, "background jobs wait for the database");
                }
                POLL_AFTER_TROUBLE
            }
        };
        let wake_at = Instant::now() + pause;
        loop {
            tokio::select! {
                () = tokio::time::sleep_until(wake_at) => break,
                Some(ended) = running.join_next() => {
                    let is_usual = matches!(ended, Ok(JobEnd::Done | JobEnd::Again(_) | JobEnd::Retry(..)));
                    if !is_usual || !jobs.status().failed.is_empty() {
                        look_at = Instant::now();
                    }
                }
                _ = stop.wait_for(|stop| *stop) => break,
            }
        }
    }
    while running.join_next().await.is_some() {}
}

/// One attempt, and what it came to.
async fn attempt(
    store: Store,
    handler: Arc<dyn Handler>,
    job: Job,
    _place: OwnedSemaphorePermit,
    mut stop: watch::Receiver<bool>,
) -> JobEnd {
    let plan = handler.plan();
    let end = if let Some(end) = decide::refused(&plan, job.attempts) {
        end
    } else {
        tokio::select! {
            outcome = timeout(plan.time_limit, handler.run(&job)) => {
                let too_long = || Err(format!("it was not done within {} s", plan.time_limit.as_secs()).into());
                decide::end(&plan, job.attempts, outcome.unwrap_or_else(|_| too_long()))
            }
            () = over(&mut stop) => JobEnd::GivenBack,
        }
    };
    log(&job, &end);
    match store.end_job(&job, &end).await {
        Ok(true) => {}
        Ok(false) => tracing::warn!(
            kind = job.kind,
            key = job.key,
            "a job took longer than its lease, and another instance has taken it over"
        ),
        Err(error) => tracing::warn!(
            kind = job.kind,
            key = job.key,
            %error,
            "what a job came to could not be written: it is done again when its lease ends"
        ),
    }
    end
}

/// Some time after the process was asked to end.
async fn over(stop: &mut watch::Receiver<bool>) {
    // An error means that nobody can ask any more.
    let _ = stop.wait_for(|stop| *stop).await;
    sleep(GRACE).await;
}

fn log(job: &Job, end: &JobEnd) {
    let Job {
        kind, key, attempts, ..
    } = job;
    match end {
        JobEnd::Done | JobEnd::Again(_) => tracing::debug!(kind, key, "a job is done"),
        JobEnd::Retry(wait, error) => {
            tracing::warn!(
                kind,
                key,
                attempts,
                error,
                again_in_s = wait.as_secs(),
                "a job failed"
            );
        }
        JobEnd::Failing(_, error) => tracing::error!(kind, key, attempts, error, "a job goes on failing"),
        JobEnd::Dead(error) => tracing::error!(
            kind,
            key,
            attempts,
            error,
            "a job has used all its attempts: mend the cause, then `usher job retry`"
        ),
        JobEnd::GivenBack => tracing::info!(kind, key, "a job is left to another instance or the next start"),
    }
}
