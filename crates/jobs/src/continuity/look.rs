//! Looks at the renewals that have not ended, and lets each go on.

use std::sync::Arc;
use std::time::Duration;

use admin::continuity::{RENEWAL_JOB, steps};
use domain::clock::Clock;
use domain::continuity::{Next, Renewal, Waits, next};
use serde_json::json;
use store::{BoxFuture, Job, NewJob, Store, StoreError};

use super::renew::failure;
use super::{Payload, notice};
use crate::handler::{Failure, Handler, Plan};
use crate::notices::Channel;

/// Renewals read at a time.
const PAGE: usize = 200;

/// The recurring job `token_continuity_look`.
pub struct ContinuityLook {
    /// The operators' use-cases, with their database role.
    pub context: admin::Context,
    /// The database with the server's role.
    pub server: Store,
    /// The source of the current time.
    pub clock: Arc<dyn Clock>,
    /// How long a renewal waits.
    pub waits: Waits,
    /// How people are told.
    pub channels: Vec<Channel>,
}

impl ContinuityLook {
    async fn look(&self) -> Result<(), Failure> {
        let (mut after, mut failed) = (None, None);
        loop {
            let page = self.server.open_renewals(after, PAGE).await;
            let page = page.map_err(|error| error.to_string())?;
            for renewal in &page {
                match self.go_on(renewal).await {
                    // A conflict: another instance has just done it.
                    Ok(()) | Err(admin::Error::Store(StoreError::Conflict(_))) => {}
                    Err(error) => failed = Some(failure(error)),
                }
            }
            match page.last() {
                Some(last) if page.len() == PAGE => after = Some(last.id),
                _ => return failed.map_or(Ok(()), Err),
            }
        }
    }

    async fn go_on(&self, renewal: &Renewal) -> Result<(), admin::Error> {
        if renewal.step.is_before_written() {
            // A job that is there, waiting, working or failed, is left as it is.
            let job = NewJob {
                kind: RENEWAL_JOB,
                key: renewal.id.to_string(),
                payload: json!(Payload::of(renewal)),
                wait: Duration::ZERO,
            };
            self.server.add_job(&job).await?;
            return Ok(());
        }
        let tokens = steps::tokens(&self.context, renewal.tenant, renewal.directory).await?;
        let now = self.clock.now();
        match next(renewal, &tokens, self.waits, now) {
            Next::Wait => {}
            Next::Used => drop(steps::note(&self.server, renewal.used(now), &[]).await?),
            Next::Retire(old) => drop(steps::retire(&self.context, &self.server, renewal, &old).await?),
            Next::Tell(why) => {
                let tell = notice::jobs(renewal, &self.channels);
                steps::note(&self.server, renewal.told(now, why), &tell).await?;
            }
            Next::Stop(why) => {
                let stopped = renewal.stopped(now, why);
                let tell = notice::jobs(renewal, &self.channels);
                steps::note(&self.server, stopped, &tell).await?;
            }
        }
        Ok(())
    }
}

impl Handler for ContinuityLook {
    fn kind(&self) -> &'static str {
        "token_continuity_look"
    }

    fn plan(&self) -> Plan {
        Plan::every(Duration::from_mins(1), Duration::from_mins(10))
    }

    fn run<'a>(&'a self, _: &'a Job) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(self.look())
    }
}
