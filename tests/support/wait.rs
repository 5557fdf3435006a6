//! Waiting for something to become true, bounded. Not for measuring: a limit here is only the point where hope ends.

use std::future::Future;
use std::time::{Duration, Instant};

/// Calls `probe` until it gives `Some`; panics with `what` when `limit` has passed.
pub async fn until<T, F>(what: &str, limit: Duration, mut probe: impl FnMut() -> F) -> T
where
    F: Future<Output = Option<T>>,
{
    let end = Instant::now() + limit;
    loop {
        if let Some(value) = probe().await {
            return value;
        }
        assert!(Instant::now() < end, "waited {limit:?} in vain for: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
