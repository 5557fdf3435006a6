//! SQLite's group commit: one task owns the one writing connection, and whatever is queued when it begins a transaction
//! shares that transaction's `fsync`.
//!
//! Each job has a savepoint, so that a job that fails takes back its own rows only; answers go out after the commit. A job
//! runs to its end though its caller is gone. After any trouble the connection is closed (ADR 0030).

use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant};

use domain::id::TenantId;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::engine::connect::writing::{Writing, give_up};
use crate::engine::executor::{Executor, Grouped, Written};
use crate::engine::fair_queue::{Receiver, Sender, fair_queue};
use crate::engine::run::TransactionHandle;
use crate::engine::writes::Writes;
use crate::error::{Result, StoreError};

/// Jobs that may share one commit: bounds how long the first one waits for its answer.
const GROUP: usize = 128;
/// No job joins a group that has been at work for longer: one tenant's heavy jobs do not hold up the answers to the others.
const GROUP_TIME: Duration = Duration::from_millis(10);

/// Jobs by tenant, taken in turn.
type Jobs = Receiver<Option<TenantId>, Box<dyn Job>>;

/// The handle to the writing task.
pub(crate) struct Writer {
    queue: Sender<Option<TenantId>, Box<dyn Job>>,
    task: tokio::sync::Mutex<Option<JoinHandle<()>>>,
}

/// The end of a job, before the commit.
struct Outcome {
    executor: Executor,
    keep: bool,
}

/// One caller's work, whatever its types.
trait Job: Send {
    /// Does the work.
    fn run(&mut self, executor: Executor) -> BoxFuture<'_, Outcome>;
    /// Answers the caller, after the commit or with the reason why there was none.
    fn finish(self: Box<Self>, committed: Result<()>);
}

struct Work<H: TransactionHandle, T, E, F> {
    key: H::Key,
    work: F,
    answer: Option<Result<T, E>>,
    caller: oneshot::Sender<Result<T, E>>,
}

impl<H, T, E, F> Job for Work<H, T, E, F>
where
    H: TransactionHandle + 'static,
    F: for<'t> Fn(&'t mut H) -> BoxFuture<'t, Result<T, E>> + Send + Sync,
    T: Send,
    E: From<StoreError> + Send,
{
    fn run(&mut self, executor: Executor) -> BoxFuture<'_, Outcome> {
        Box::pin(async move {
            let mut handle = H::open(executor, self.key);
            // A panic in one job must not end the writer for the others; its caller sees a closed channel.
            let answer = AssertUnwindSafe((self.work)(&mut handle))
                .catch_unwind()
                .await
                .ok();
            let keep = matches!(answer, Some(Ok(_)));
            self.answer = answer;
            Outcome {
                executor: handle.close(),
                keep,
            }
        })
    }

    fn finish(self: Box<Self>, committed: Result<()>) {
        let answer = match (committed, self.answer) {
            (Ok(()), Some(answer)) => answer,
            // The job's own error, about a transaction that is gone as well, is more precise.
            (Err(_), Some(Err(error))) => Err(error),
            (Err(error), _) => Err(error.into()),
            (Ok(()), None) => Err(StoreError::Refused("the work panicked".to_owned()).into()),
        };
        // If the caller's future was dropped, nobody reads the answer.
        let _ = self.caller.send(answer);
    }
}

impl Writer {
    /// Starts the task.
    pub(crate) fn start(writing: Writing, writes: Writes) -> Self {
        let (queue, jobs) = fair_queue();
        let task = tokio::spawn(run(writing, jobs, writes));
        Self {
            queue,
            task: tokio::sync::Mutex::new(Some(task)),
        }
    }

    /// Queues a piece of work and waits for its commit.
    pub(crate) async fn submit<H, T, E, F>(&self, key: H::Key, work: F) -> Result<T, E>
    where
        H: TransactionHandle + 'static,
        F: for<'t> Fn(&'t mut H) -> BoxFuture<'t, Result<T, E>> + Send + Sync + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let closed = || StoreError::Unavailable("the store is closed".into());
        let (caller, answer) = oneshot::channel();
        let job: Box<dyn Job> = Box::new(Work::<H, T, E, F> {
            key,
            work,
            answer: None,
            caller,
        });
        if !self.queue.send(H::tenant(key), job) {
            return Err(closed().into());
        }
        answer.await.map_err(|_| closed())?
    }

    /// Takes no more jobs, finishes those that wait, and closes the connection.
    pub(crate) async fn close(&self) {
        self.queue.close();
        if let Some(task) = self.task.lock().await.take() {
            // An error means that the task was ended with the runtime.
            let _ = task.await;
        }
    }
}

async fn run(mut writing: Writing, mut jobs: Jobs, writes: Writes) {
    while let Some(first) = jobs.recv().await {
        let mut done: Vec<Box<dyn Job>> = Vec::new();
        let ended = commit_group(&mut writing, first, &mut jobs, &mut done).await;
        match &ended {
            Ok(written) => writes.committed(*written),
            Err(error) => writes.failed(error),
        }
        for job in done {
            job.finish(ended.clone().map(|_| ()));
        }
    }
    writing.close().await;
}

/// Runs `first` and whatever waits behind it in one transaction; every job taken is in `done`. An error is the answer to all of them:
/// nothing of the transaction is written.
async fn commit_group(
    writing: &mut Writing,
    first: Box<dyn Job>,
    jobs: &mut Jobs,
    done: &mut Vec<Box<dyn Job>>,
) -> Result<Written> {
    let begun = Instant::now();
    let mut next = Some(first);
    let mut grouped = match writing.begin().await {
        Ok(connection) => Grouped::new(connection),
        Err(error) => {
            done.extend(next);
            return Err(error);
        }
    };
    let mut written = Written::default();
    let mut trouble = None;
    while let Some(mut job) = next.take() {
        let outcome = job.run(Executor::Grouped(grouped)).await;
        done.push(job);
        let Executor::Grouped(back) = outcome.executor else {
            return Err(StoreError::Unavailable("the writing connection was lost".into()));
        };
        grouped = back;
        match grouped.end_job(outcome.keep).await {
            Ok(of_job) => {
                written.outbox_written |= of_job.outbox_written;
                written.changed |= of_job.changed;
            }
            Err(error) => {
                trouble = Some(error);
                break;
            }
        }
        if done.len() < GROUP && begun.elapsed() < GROUP_TIME {
            next = jobs.try_recv();
        }
    }
    match trouble {
        None => writing.commit(grouped.connection).await?,
        Some(error) => {
            give_up(grouped.connection, &error).await;
            return Err(error);
        }
    }
    Ok(written)
}

#[cfg(test)]
mod tests;
