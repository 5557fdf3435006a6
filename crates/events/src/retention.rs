//! Old events leave the database, and the outbox's age is measured: the slow chores of one process.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use domain::clock::Clock;
use store::{Store, StoreError};
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use crate::status::Board;

/// How often the outbox is measured.
const MEASURE: Duration = Duration::from_secs(5);
/// How often old events are looked for; one instance at a time does it.
const PRUNE: Duration = Duration::from_secs(3600);

/// What the chores need.
pub(crate) struct Retention {
    pub store: Store,
    pub clock: Arc<dyn Clock>,
    pub board: Board,
    pub owner: String,
    pub keep: Duration,
}

impl Retention {
    /// Measures and prunes until `stop` turns true.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        let mut prune_at = Instant::now() + PRUNE;
        while !*stop.borrow() {
            if let Err(error) = self.measure().await {
                tracing::debug!(%error, "the outbox could not be measured");
            }
            if Instant::now() >= prune_at {
                prune_at = Instant::now() + PRUNE;
                if let Err(error) = self.prune().await {
                    tracing::warn!(%error, "old events could not be removed; trying again in an hour");
                }
            }
            tokio::select! {
                () = sleep(MEASURE) => {}
                _ = stop.wait_for(|stop| *stop) => break,
            }
        }
    }

    async fn measure(&self) -> Result<(), StoreError> {
        let lag = self.store.outbox_lag().await?;
        self.board.update(|snapshot| {
            snapshot.unstamped = lag.unstamped;
            snapshot.oldest_unstamped = lag.oldest;
        });
        Ok(())
    }

    async fn prune(&self) -> Result<(), StoreError> {
        if !self.store.lease("prune", &self.owner, PRUNE / 2).await? {
            return Ok(());
        }
        let keep = TimeDelta::from_std(self.keep).unwrap_or(TimeDelta::MAX);
        let Some(before) = self.clock.now().checked_sub_signed(keep) else {
            return Ok(());
        };
        let report = self.store.prune(before).await?;
        tracing::info!(?report, "removed events past their retention");
        Ok(())
    }
}
