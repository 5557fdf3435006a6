//! The thread pool of argon2: a bounded number of blocking threads behind a fair, bounded [`crate::queue`], so that a flood
//! of wrong secrets takes neither the machine's cores nor its memory.
//!
//! Memory is at most `places × 19 MiB`. A run that has begun continues when its request is cancelled, and keeps its place, so
//! the bound holds. Must not know: what is hashed.

use crate::queue::{Busy, Queue, Requester};

/// Runs blocking work on a bounded number of threads.
#[derive(Debug)]
pub struct Pool(Queue);

impl Pool {
    /// `size` concurrent runs (at least one), and at most `queue` waiting.
    pub fn new(size: usize, queue: usize) -> Self {
        Self(Queue::new(size, queue))
    }

    /// The number of cores less one, at least one, so that requests are served while secrets are checked.
    pub fn default_size() -> usize {
        std::thread::available_parallelism().map_or(1, |cores| cores.get().saturating_sub(1).max(1))
    }

    /// Runs `work` on a blocking thread when a place is free.
    ///
    /// # Errors
    /// [`Busy`] when the queue is full, or when the work panicked.
    pub async fn run<T, F>(&self, requester: Requester, work: F) -> Result<T, Busy>
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        let permit = self.0.enter(requester).await?;
        let run = tokio::task::spawn_blocking(move || {
            let outcome = work();
            drop(permit);
            outcome
        });
        run.await.map_err(|_| Busy)
    }

    /// The number of running ones.
    pub fn running(&self) -> usize {
        self.0.taken()
    }

    /// The number of waiting ones.
    pub fn waiting(&self) -> usize {
        self.0.waiting()
    }

    /// The most concurrent runs.
    pub const fn size(&self) -> usize {
        self.0.places()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, mpsc};

    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn work_begins_when_a_run_has_ended_also_if_its_asker_has_left() {
        let pool = Arc::new(Pool::new(1, 1));
        let (release, gate) = mpsc::channel::<()>();
        let first = tokio::spawn({
            let pool = Arc::clone(&pool);
            async move { pool.run(Requester::LOCAL, move || gate.recv()).await }
        });
        while pool.running() == 0 {
            tokio::task::yield_now().await;
        }
        first.abort();
        assert!(first.await.is_err_and(|error| error.is_cancelled()));
        assert_eq!(pool.running(), 1, "its memory is still taken");
        let second = tokio::spawn({
            let pool = Arc::clone(&pool);
            async move { pool.run(Requester::LOCAL, || 7).await }
        });
        while pool.waiting() == 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(pool.run(Requester::LOCAL, || 8).await, Err(Busy));
        assert!(release.send(()).is_ok());
        assert_eq!(second.await.ok(), Some(Ok(7)));
        assert_eq!((pool.running(), pool.waiting()), (0, 0));
    }

    #[tokio::test]
    async fn work_that_panics_gives_its_place_back() {
        let pool = Pool::new(1, 1);
        let panics = pool
            .run(Requester::LOCAL, || assert_eq!(1, 2, "on purpose"))
            .await;
        assert_eq!(panics, Err(Busy));
        assert_eq!(pool.run(Requester::LOCAL, || 7).await, Ok(7));
    }
}
