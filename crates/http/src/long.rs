//! The threads for long work: a worker serves many connections on one thread, and none of them may wait for a body of a
//! thousand operations (ADR 0032).
//!
//! Must not know: what is computed.

use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tracing::Instrument as _;

use crate::scim::error::{ErrorCode, Failure};

/// The work on another thread; dropped when its request no longer waits for it.
struct Elsewhere<T>(JoinHandle<T>);

impl<T> Drop for Elsewhere<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Runs work on the threads for long work.
///
/// # Errors
/// `unavailable` when it panicked or the process is ending.
pub async fn run<T: Send + 'static>(
    threads: &Handle,
    work: impl Future<Output = T> + Send + 'static,
) -> Result<T, Failure> {
    let mut elsewhere = Elsewhere(threads.spawn(work.in_current_span()));
    (&mut elsewhere.0).await.map_err(|error| {
        tracing::error!(%error, "work on another thread did not end");
        Failure::new(ErrorCode::Unavailable)
    })
}
