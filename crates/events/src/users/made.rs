//! The users that a deployment has made: the hash `usher:{production}:users` in Redis, from an app's name to the deployment
//! ([`store::Deployment::id`]), empty for nobody's. By it the server removes what is left of an app that was deleted while Redis was
//! away, and leaves the users of other deployments in the same Redis alone.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::environment::Environment;
use domain::tenant::Slug;
use store::StoreError;

use super::removal::remove_all;
use super::{AppUser, LOOK, REFUSED, UserSync};
use crate::stream::fault::Fault;
use crate::stream::link::Link;

fn key(environment: Environment) -> String {
    format!("usher:{{{environment}}}:users")
}

async fn all(link: &Link, environment: Environment) -> Result<BTreeMap<String, String>, Fault> {
    link.ask(redis::cmd("HGETALL").arg(key(environment))).await
}

async fn note(link: &Link, environment: Environment, app: &str, deployment: &str) -> Result<(), Fault> {
    let mut command = redis::cmd("HSET");
    link.ask::<i64>(command.arg(key(environment)).arg(app).arg(deployment))
        .await
        .map(|_| ())
}

impl UserSync {
    /// Notes which users this deployment has, and removes those of apps that were deleted, with their streams; the wait until the
    /// next round.
    pub(super) async fn remove_deleted(&mut self) -> Result<Duration, StoreError> {
        let deployment = self.store.deployment().await?.id;
        let made = match all(&self.link, self.environment).await {
            Ok(made) => made,
            Err(fault) => {
                tracing::debug!(%fault, "the users that were made cannot be read");
                return Ok(LOOK);
            }
        };
        // Read after Redis: an app that was made meanwhile is there.
        let wanted = self.wanted().await?;
        for user in wanted.iter().filter(|user| self.kept.contains_key(&user.name)) {
            self.removed.remove(user.app.as_str());
            if made.get(user.app.as_str()) != Some(&deployment)
                && let Err(fault) = note(&self.link, self.environment, user.app.as_str(), &deployment).await
            {
                tracing::debug!(%fault, user = user.name, "an app's user could not be noted");
            }
        }
        let mut wait = LOOK;
        for (app, by) in made {
            let exists = wanted.iter().any(|user| user.app.as_str() == app);
            let Ok(app) = app.parse::<Slug>() else { continue };
            if exists || by != deployment {
                continue;
            }
            let user = AppUser::new(self.environment, &app, Vec::new());
            match self.remove_user(&user, &deployment).await {
                Ok(()) => {}
                Err(Fault::Gone(why)) => {
                    tracing::debug!(user = user.name, why, "a deleted app's user waits for Redis");
                    return Ok(LOOK);
                }
                Err(fault) => {
                    self.warn(user, &fault);
                    wait = REFUSED;
                }
            }
        }
        Ok(wait)
    }

    /// Removes twice, in two rounds, before it forgets the user: a relay may have written to the stream during the first one.
    async fn remove_user(&mut self, user: &AppUser, deployment: &str) -> Result<(), Fault> {
        remove_all(&self.link, user, deployment).await?;
        self.kept.remove(&user.name);
        self.warned.remove(&user.name);
        let app = user.app.as_str();
        if self.removed.insert(app.to_owned()) {
            return Ok(());
        }
        note(&self.link, self.environment, app, "").await?;
        self.removed.remove(app);
        tracing::info!(
            user = user.name,
            "removed a deleted app's user and stream from Redis"
        );
        Ok(())
    }
}
