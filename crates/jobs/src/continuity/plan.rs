//! Begins renewals by itself, for tokens in use that end soon.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use admin::continuity::steps;
use domain::clock::Clock;
use domain::continuity::{Continuity, due};
use domain::credential::Token;
use domain::id::DirectoryId;
use store::{BoxFuture, Job, Store, StoreError};

use super::renew::failure;
use crate::handler::{Failure, Handler, Plan};
use crate::tokens;

/// Settings read at a time.
const PAGE: usize = 500;

/// The recurring job `token_continuity_plan`.
pub struct ContinuityPlan {
    /// The operators' use-cases, with their database role.
    pub context: admin::Context,
    /// The database with the server's role.
    pub server: Store,
    /// The source of the current time.
    pub clock: Arc<dyn Clock>,
}

impl ContinuityPlan {
    async fn settings(&self) -> Result<HashMap<DirectoryId, Continuity>, StoreError> {
        let (mut all, mut last) = (HashMap::new(), None::<Continuity>);
        loop {
            let page = self.server.continuities_after(last.as_ref(), PAGE).await?;
            let count = page.len();
            last = page.last().cloned();
            all.extend(page.into_iter().map(|one| (one.directory, one)));
            if count < PAGE {
                return Ok(all);
            }
        }
    }

    /// The directories whose token is due.
    async fn due(&self) -> Result<Vec<Continuity>, StoreError> {
        let settings = self.settings().await?;
        if settings.is_empty() {
            return Ok(Vec::new());
        }
        let mut of: HashMap<DirectoryId, Vec<Token>> = HashMap::new();
        tokens::each(&self.server, |token, _| {
            if settings.contains_key(&token.directory) {
                of.entry(token.directory).or_default().push(token);
            }
        })
        .await?;
        let (none, now) = (Vec::new(), self.clock.now());
        let is_due = |one: &Continuity| due(one, of.get(&one.directory).unwrap_or(&none), now).is_some();
        Ok(settings.into_values().filter(is_due).collect())
    }

    async fn look(&self) -> Result<(), Failure> {
        let due = self.due().await.map_err(|error| error.to_string())?;
        let mut failed = None;
        for one in due {
            // One directory's trouble does not keep the others from theirs.
            if let Err(error) = self.plan(&one).await {
                failed = Some(failure(error));
            }
        }
        failed.map_or(Ok(()), Err)
    }

    async fn plan(&self, one: &Continuity) -> Result<(), admin::Error> {
        match steps::named(&self.context, one.tenant, one.directory).await? {
            Some((tenant, directory)) => steps::plan(&self.context, &tenant, &directory).await,
            None => Ok(()),
        }
    }
}

impl Handler for ContinuityPlan {
    fn kind(&self) -> &'static str {
        "token_continuity_plan"
    }

    fn plan(&self) -> Plan {
        Plan::every(Duration::from_hours(1), Duration::from_mins(10))
    }

    fn run<'a>(&'a self, _: &'a Job) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(self.look())
    }
}
