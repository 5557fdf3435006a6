//! Deletes old events, log rows, acknowledgements, answers of the admin API and ended sessions from the database, once an hour.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use domain::clock::Clock;
use store::{BoxFuture, Job, Store};

use crate::handler::{Failure, Handler, Plan};

/// The recurring job `prune`.
pub struct Prune {
    /// The database.
    pub store: Store,
    /// The source of the current time.
    pub clock: Arc<dyn Clock>,
    /// How long rows are kept.
    pub keep: Duration,
}

impl Handler for Prune {
    fn kind(&self) -> &'static str {
        "prune"
    }

    fn plan(&self) -> Plan {
        Plan::every(Duration::from_hours(1), Duration::from_mins(30))
    }

    fn run<'a>(&'a self, _: &'a Job) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async {
            let now = self.clock.now();
            let answers = self.store.prune_keys(now).await;
            answers.map_err(|error| error.to_string())?;
            let sessions = self.store.prune_sessions(now).await;
            sessions.map_err(|error| error.to_string())?;
            let keep = TimeDelta::from_std(self.keep).unwrap_or(TimeDelta::MAX);
            let Some(before) = now.checked_sub_signed(keep) else {
                return Ok(());
            };
            let report = self
                .store
                .prune(before)
                .await
                .map_err(|error| error.to_string())?;
            tracing::info!(?report, "removed events past their retention");
            Ok(())
        })
    }
}
