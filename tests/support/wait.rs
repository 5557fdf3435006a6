//! Waiting for a condition, with a limit. Not for measuring: the limit only ends a test that hangs.

use std::future::Future;
use std::time::{Duration, Instant};

/// Calls `probe` until it returns `Some`; panics with `what` after `limit`.
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
