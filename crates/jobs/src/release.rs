//! Tells an app what a change of its release policy brings and takes (ADR 0050).

use std::time::Duration;

use admin::apps::policy::{JOB, walk};
use domain::id::AppId;
use serde::Deserialize;
use store::{BoxFuture, Job, NewJob};
use tokio::time::Instant;

use crate::handler::{Failure, Handler, Plan};

/// How long one attempt goes on; what is left is done by a job that follows.
const SPAN: Duration = Duration::from_secs(10);

/// The job that a change of a policy adds.
pub struct ReleaseChanges {
    /// The operators' use-cases.
    pub context: admin::Context,
}

#[derive(Deserialize)]
struct Payload {
    app: AppId,
    release: i64,
}

impl Handler for ReleaseChanges {
    fn kind(&self) -> &'static str {
        JOB
    }

    fn plan(&self) -> Plan {
        Plan::once(Duration::from_secs(45))
    }

    fn run<'a>(&'a self, job: &'a Job) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async {
            let payload = Payload::deserialize(&job.payload);
            let Payload { app, release } =
                payload.map_err(|_| Failure::for_good("the payload has an unknown form"))?;
            let end = Instant::now() + SPAN;
            while Instant::now() < end {
                let step = walk::step(&self.context, app, release).await;
                if step.map_err(|error| error.to_string())? == walk::Step::Done {
                    return Ok(());
                }
            }
            let next = NewJob {
                kind: JOB,
                // Another key than this one's, which goes when it is done.
                key: format!("{app}/{release}{}", if job.key.ends_with('+') { "" } else { "+" }),
                payload: job.payload.clone(),
                wait: Duration::ZERO,
            };
            let added = self.context.store.add_job(&next).await;
            added.map(|_| ()).map_err(|error| error.to_string().into())
        })
    }
}
