//! Listens for positions that other instances give out (PostgreSQL, ADR 0041). Without it they are found by the stamper's poll.

use std::convert::Infallible;

use store::{Store, StoreError};
use tokio::sync::watch;
use tokio::time::sleep;

use crate::backoff::{LAST, waits};
use crate::notifier::Notifier;

/// Listens until `stop` becomes true.
pub(crate) async fn listen(store: Store, notifier: Notifier, mut stop: watch::Receiver<bool>) {
    let (mut pauses, mut has_warned) = (waits(), false);
    while !*stop.borrow() {
        let pause = tokio::select! {
            Err(error) = advance(&store, &notifier, || (pauses, has_warned) = (waits(), false)) => {
                if !has_warned {
                    tracing::warn!(%error, "changes of other instances are found by polling; listening again as soon as that is possible");
                }
                has_warned = true;
                pauses.next().unwrap_or(LAST)
            }
            _ = stop.wait_for(|stop| *stop) => break,
        };
        tokio::select! {
            () = sleep(pause) => {}
            _ = stop.wait_for(|stop| *stop) => {}
        }
    }
}

async fn advance(
    store: &Store,
    notifier: &Notifier,
    listens: impl FnOnce(),
) -> Result<Infallible, StoreError> {
    let mut heads = store.listen_to_feed_heads().await?;
    listens();
    loop {
        notifier.advance(&heads.next().await?);
    }
}
