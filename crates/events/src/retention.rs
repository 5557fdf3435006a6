//! Deletes old events from the database: once an hour, by one instance at a time.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use domain::clock::Clock;
use store::{Store, StoreError};
use tokio::sync::watch;
use tokio::time::sleep;

/// The interval between two deletions.
const PRUNE: Duration = Duration::from_hours(1);

/// The dependencies of the retention task.
pub(crate) struct Retention {
    pub store: Store,
    pub clock: Arc<dyn Clock>,
    pub owner: String,
    pub keep: Duration,
}

impl Retention {
    /// Deletes old events until `stop` becomes true.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        while !*stop.borrow() {
            tokio::select! {
                () = sleep(PRUNE) => {}
                _ = stop.wait_for(|stop| *stop) => break,
            }
            if let Err(error) = self.prune().await {
                tracing::warn!(%error, "old events could not be removed; trying again in an hour");
            }
        }
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
