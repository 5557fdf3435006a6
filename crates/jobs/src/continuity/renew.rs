//! Brings one new token to Entra: issue, let Entra try it, write it.
//!
//! The secret is in this file's memory only. So an attempt that begins where another one was cut off drops that one's token and issues
//! another; and as long as the attempt lives, a call that may be repeated is repeated with the same one.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use admin::continuity::RENEWAL_JOB;
use admin::continuity::steps::{self, Opened};
use domain::continuity::Continuity;
use store::{BoxFuture, Job, Store, StoreError};
use tokio::time::{Instant, sleep};

use super::Payload;
use super::graph::{Access, Graph, GraphError};
use crate::handler::{Failure, Handler, Plan};

/// The longest time of an attempt.
const TIME_LIMIT: Duration = Duration::from_mins(10);
/// How long an attempt waits for what passes by itself, so that it need not begin anew with another token.
const PATIENCE: Duration = Duration::from_mins(5);
/// The first wait after no answer; each further one is twice as long.
const FIRST_WAIT: Duration = Duration::from_secs(1);

/// The job `token_continuity`.
pub struct RenewToken {
    /// The operators' use-cases, with their database role.
    pub context: admin::Context,
    /// The database with the server's role.
    pub server: Store,
    /// Microsoft Graph; `None` without `graph.client_id`.
    pub graph: Option<Arc<Graph>>,
}

impl RenewToken {
    async fn renew(&self, job: &Job) -> Result<(), Failure> {
        let payload = Payload::read(job)?;
        let Some(opened) = self.open(payload).await.map_err(failure)? else {
            return Ok(());
        };
        // Done, or given up, by another attempt or an operator.
        if !opened.renewal.step.is_before_written() {
            return Ok(());
        }
        match self.bring(opened).await {
            Ok(()) => Ok(()),
            Err(failure) => self.failed(payload, failure).await,
        }
    }

    async fn open(&self, of: Payload) -> Result<Option<Opened>, admin::Error> {
        steps::open(&self.context, of.tenant, of.directory, of.renewal).await
    }

    /// Notes a failed attempt, so that it is seen beside the renewal; what cannot be noted is in the job and in the log. A renewal that
    /// ended meanwhile has nothing more to fail at.
    async fn failed(&self, payload: Payload, failure: Failure) -> Result<(), Failure> {
        if let Ok(Some(opened)) = self.open(payload).await {
            if opened.renewal.ended_at.is_some() {
                return Ok(());
            }
            let _ = steps::note(&self.server, opened.renewal.failed(&failure.why), &[]).await;
        }
        Err(failure)
    }

    async fn bring(&self, mut opened: Opened) -> Result<(), Failure> {
        let graph = self.graph.as_deref().ok_or_else(|| {
            Failure::for_good(
                "the gateway has no app registration to call Microsoft Graph with: set graph.client_id, and graph.client_secret_file or a \
                 certificate, and restart it",
            )
        })?;
        let Some(to) = opened.continuity.clone() else {
            return Err(Failure::for_good(
                "the consent was ended: `usher directory continuity set` begins it again",
            ));
        };
        // Whatever another attempt has issued, its secret is lost.
        opened.renewal = steps::drop_new_token(&self.context, &self.server, &opened.renewal)
            .await
            .map_err(failure)?;
        let until = Instant::now() + PATIENCE;
        // Before there is a token: what is refused or not there costs none.
        let access = patiently(until, || graph.access(to.entra_tenant, self.context.clock.now()))
            .await
            .map_err(refused)?;
        patiently(until, || graph.job(&access, &to))
            .await
            .map_err(refused)?;
        self.write(graph, &access, &to, opened, until).await
    }

    async fn write(
        &self,
        graph: &Graph,
        access: &Access,
        to: &Continuity,
        mut opened: Opened,
        until: Instant,
    ) -> Result<(), Failure> {
        let clock = &self.context.clock;
        let (issued, secret) = steps::issue(&self.context, &opened, to.life)
            .await
            .map_err(failure)?;
        opened.renewal = issued;
        let tried = patiently(until, || graph.validate(access, to, secret.reveal())).await;
        if let Err(error) = tried {
            self.drop_token(&opened).await?;
            return Err(match error {
                GraphError::Rejected(code) => format!(
                    "Entra has tried the new token in vain ({code}), so it was not written: can {} be reached from the internet, is the \
                     directory switched on and not frozen, and may tokens be used from Entra's networks?",
                    to.base_address
                )
                .into(),
                other => refused(other),
            });
        }
        let validated = opened.renewal.validated(clock.now());
        opened.renewal = steps::note(&self.server, validated, &[]).await.map_err(failure)?;
        let writing = opened.renewal.writing(clock.now());
        opened.renewal = steps::note(&self.server, writing, &[]).await.map_err(failure)?;
        let may_be_written = AtomicBool::new(false);
        let write = || async {
            let done = graph.write(access, to, secret.reveal()).await;
            if matches!(done, Err(GraphError::Unknown(_))) {
                may_be_written.store(true, Ordering::Relaxed);
            }
            done
        };
        match patiently(until, write).await {
            Ok(()) => {
                steps::written(&self.context, &opened, to)
                    .await
                    .map_err(failure)?;
                Ok(())
            }
            Err(error) => {
                if !may_be_written.into_inner() {
                    opened.renewal = opened.renewal.not_written();
                }
                self.drop_token(&opened).await?;
                Err(refused(error))
            }
        }
    }

    /// Drops the new token: Entra has not taken it, or nobody knows whether it has.
    async fn drop_token(&self, opened: &Opened) -> Result<(), Failure> {
        let dropped = steps::drop_new_token(&self.context, &self.server, &opened.renewal).await;
        dropped.map(|_| ()).map_err(failure)
    }
}

/// Repeats a call as long as what stops it passes by itself.
async fn patiently<T, F>(until: Instant, call: impl Fn() -> F) -> Result<T, GraphError>
where
    F: Future<Output = Result<T, GraphError>>,
{
    let mut next = FIRST_WAIT;
    loop {
        let error = match call().await {
            Ok(done) => return Ok(done),
            Err(error) => error,
        };
        let wait = match &error {
            GraphError::Throttled(wait) => *wait,
            GraphError::Unknown(_) => {
                next *= 2;
                next / 2
            }
            _ => return Err(error),
        };
        if Instant::now() + wait > until {
            return Err(error);
        }
        sleep(wait).await;
    }
}

/// A failure of Graph as one of the job.
fn refused(error: GraphError) -> Failure {
    match error {
        GraphError::Throttled(wait) => Failure::after(wait, "Microsoft Graph has had too many calls (429)"),
        GraphError::Unknown(why) => why.into(),
        GraphError::Refused(why) | GraphError::Missing(why) => Failure::for_good(why),
        GraphError::Rejected(code) => {
            Failure::for_good(format!("Microsoft Graph does not take the call ({code})"))
        }
    }
}

/// A failure of the database, or of another part of the gateway.
pub(super) fn failure(error: admin::Error) -> Failure {
    match error {
        admin::Error::Store(StoreError::Forbidden(what)) => Failure::for_good(format!(
            "the server's database role may not issue and revoke tokens ({what}): set admin.database_url"
        )),
        error => error.to_string().into(),
    }
}

impl Handler for RenewToken {
    fn kind(&self) -> &'static str {
        RENEWAL_JOB
    }

    fn plan(&self) -> Plan {
        Plan::once(TIME_LIMIT)
    }

    fn run<'a>(&'a self, job: &'a Job) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(self.renew(job))
    }
}
