//! Where argon2 runs: a bounded number of blocking threads with a bounded queue, so that a flood of wrong secrets takes
//! neither the machine's cores nor its memory.
//!
//! Memory is at most `permits × 19 MiB`. A run that has begun goes on though its asker has left; its permit goes with
//! it, so the bound holds. Must not know: what is being hashed.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Semaphore;

/// The queue is full: ask again in a second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many secrets are being checked at once; try again in a second")]
pub struct Busy;

/// Runs blocking work on a bounded number of threads.
#[derive(Debug)]
pub struct Pool {
    permits: Arc<Semaphore>,
    size: usize,
    waiting: AtomicUsize,
    queue: usize,
}

impl Pool {
    /// `size` runs at a time (at least one), and at most `queue` waiting.
    pub fn new(size: usize, queue: usize) -> Self {
        let size = size.max(1);
        Self {
            permits: Arc::new(Semaphore::new(size)),
            size,
            waiting: AtomicUsize::new(0),
            queue,
        }
    }

    /// One core fewer than the machine has, and at least one: SCIM goes on while secrets are checked.
    pub fn default_size() -> usize {
        std::thread::available_parallelism().map_or(1, |cores| cores.get().saturating_sub(1).max(1))
    }

    /// Runs `work` on a blocking thread.
    ///
    /// # Errors
    /// [`Busy`] when the queue is full, or when the work panicked.
    pub async fn run<T, F>(&self, work: F) -> Result<T, Busy>
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        let permit = match Arc::clone(&self.permits).try_acquire_owned() {
            Ok(permit) => permit,
            Err(_) => {
                let _place = self.queue_up()?;
                Arc::clone(&self.permits)
                    .acquire_owned()
                    .await
                    .map_err(|_| Busy)?
            }
        };
        let run = tokio::task::spawn_blocking(move || {
            let outcome = work();
            drop(permit);
            outcome
        });
        run.await.map_err(|_| Busy)
    }

    /// How many run now.
    pub fn running(&self) -> usize {
        self.size - self.permits.available_permits().min(self.size)
    }

    /// How many wait for their turn.
    pub fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    /// How many may run at a time.
    pub const fn size(&self) -> usize {
        self.size
    }

    fn queue_up(&self) -> Result<Place<'_>, Busy> {
        let taken = self
            .waiting
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |waiting| {
                (waiting < self.queue).then_some(waiting + 1)
            });
        taken.map(|_| Place(&self.waiting)).map_err(|_| Busy)
    }
}

/// A place in the queue; given back when its holder is served or leaves.
struct Place<'a>(&'a AtomicUsize);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn beyond_size_and_queue_it_is_busy_and_recovers() {
        let pool = Arc::new(Pool::new(1, 2));
        let (release, gate) = mpsc::channel::<()>();
        let (started, running) = mpsc::channel::<()>();
        let first = tokio::spawn({
            let pool = Arc::clone(&pool);
            async move {
                pool.run(move || {
                    started.send(()).unwrap();
                    gate.recv().unwrap();
                })
                .await
            }
        });
        tokio::task::spawn_blocking(move || running.recv().unwrap())
            .await
            .unwrap();
        let queued: Vec<_> = (0..2)
            .map(|number| {
                let pool = Arc::clone(&pool);
                tokio::spawn(async move { pool.run(move || number).await })
            })
            .collect();
        while pool.waiting() < 2 {
            tokio::task::yield_now().await;
        }
        assert_eq!(pool.run(|| ()).await, Err(Busy));
        assert_eq!(pool.running(), 1);
        release.send(()).unwrap();
        assert_eq!(first.await.unwrap(), Ok(()));
        for (number, queued) in queued.into_iter().enumerate() {
            assert_eq!(queued.await.unwrap(), Ok(number));
        }
        assert_eq!((pool.waiting(), pool.run(|| 7).await), (0, Ok(7)));
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn an_asker_that_leaves_the_queue_gives_its_place_back() {
        let pool = Arc::new(Pool::new(1, 1));
        let (release, gate) = mpsc::channel::<()>();
        let first = tokio::spawn({
            let pool = Arc::clone(&pool);
            async move { pool.run(move || gate.recv().unwrap()).await }
        });
        while pool.running() == 0 {
            tokio::task::yield_now().await;
        }
        let queued = tokio::spawn({
            let pool = Arc::clone(&pool);
            async move { pool.run(|| ()).await }
        });
        while pool.waiting() == 0 {
            tokio::task::yield_now().await;
        }
        queued.abort();
        assert!(queued.await.unwrap_err().is_cancelled());
        assert_eq!(pool.waiting(), 0);
        release.send(()).unwrap();
        assert_eq!(first.await.unwrap(), Ok(()));
    }

    #[tokio::test]
    async fn work_that_panics_gives_its_permit_back() {
        let pool = Pool::new(1, 1);
        assert_eq!(pool.run(|| assert_eq!(1, 2, "on purpose")).await, Err(Busy));
        assert_eq!(pool.run(|| 7).await, Ok(7));
    }
}
