//! Each app's user in Redis (ADR 0034): it reads and acknowledges the app's own stream and may do nothing
//! else. Its passwords are the app's credentials: it is created, gets a second password and is deleted with
//! them.
//!
//! The database is authoritative, and Redis may lose its users at any restart: one instance at a time
//! repeatedly compares the users in Redis with the database. Must not know: a password; the database keeps
//! SHA-256.

mod made;
mod removal;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use domain::clock::Clock;
use domain::environment::Environment;
use domain::tenant::Slug;
use redis::Value;
use store::{AppPasswords, Store, StoreError};
use tokio::sync::watch;
use tokio::time::sleep;

use crate::settings::RedisSettings;
use crate::status::StatusRegistry;
use crate::stream::StreamKey;
use crate::stream::acl;
use crate::stream::fault::Fault;
use crate::stream::link::Link;
use crate::supervisor::SettingsError;

/// The interval at which the users are checked without a wake-up; it bounds the delay after a credential
/// expires.
const LOOK: Duration = Duration::from_secs(5);
/// The interval if Redis does not allow this deployment to manage users.
const REFUSED: Duration = Duration::from_mins(1);
/// The length of a lease: an instance that crashed blocks the others from this work for so long.
const LEASE: Duration = Duration::from_secs(15);
const LEASE_NAME: &str = "redis-users";

/// The commands that an app may send, on its own keys only: those that `crates/consumer` and
/// `docs/reference/events.md` need. (HELLO, AUTH and QUIT are allowed to every user.)
const COMMANDS: [&str; 19] = [
    "+xreadgroup",
    "+xread",
    "+xrange",
    "+xrevrange",
    "+xlen",
    "+xack",
    "+xclaim",
    "+xautoclaim",
    "+xpending",
    "+xinfo|stream",
    "+xinfo|groups",
    "+xinfo|consumers",
    "+hget",
    "+hgetall",
    "+ping",
    "+select",
    "+client|id",
    "+client|setname",
    "+client|getname",
];

/// The required state of an app's user in Redis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppUser {
    app: Slug,
    name: String,
    key: StreamKey,
    passwords: Vec<String>,
}

impl AppUser {
    /// The user of an app, with the SHA-256 (hex) of each usable credential.
    pub fn new(environment: Environment, app: &Slug, passwords: Vec<String>) -> Self {
        Self {
            app: app.clone(),
            name: format!("usher-app-{environment}-{app}"),
            key: StreamKey::new(environment, app),
            passwords,
        }
    }

    /// The user's name: `usher-app-production-booking`.
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn passwords(&self) -> &[String] {
        &self.passwords
    }

    /// The arguments of `ACL SETUSER` after the name: they begin with a reset of all former rules.
    pub(crate) fn rules(&self) -> Vec<String> {
        let begin = ["reset", "resetchannels", "on"].map(str::to_owned);
        let passwords = self.passwords.iter().map(|password| format!("#{password}"));
        let key = [format!("~{}", self.key), format!("~{}", self.key.companion())];
        let commands = COMMANDS.map(str::to_owned);
        begin
            .into_iter()
            .chain(passwords)
            .chain(key)
            .chain(commands)
            .collect()
    }

    /// The commands for `redis-cli`, for an operator who creates the user by hand; they can be pasted into a
    /// shell and into its own prompt.
    pub fn by_hand(&self) -> Vec<String> {
        if self.passwords.is_empty() {
            return vec![format!("ACL DELUSER {}", self.name)];
        }
        let quoted = |word: String| {
            if word.contains(['#', '~', '|']) {
                format!("'{word}'")
            } else {
                word
            }
        };
        let rules: Vec<String> = self.rules().into_iter().map(quoted).collect();
        vec![
            format!("ACL SETUSER {} {}", self.name, rules.join(" ")),
            format!("CLIENT KILL USER {}", self.name),
        ]
    }
}

/// The result of setting a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Redis has the user in the required state.
    Done,
    /// Redis cannot be reached now; the server sets the user as soon as it can.
    Later(String),
    /// Redis does not allow this deployment's own user to manage others.
    ByHand(String),
}

/// Sets app users in Redis, for commands.
#[derive(Debug, Clone)]
pub struct Users {
    link: Link,
}

impl Users {
    /// For a command; connects at the first use.
    ///
    /// # Errors
    /// `redis.url` cannot be parsed.
    pub fn open(redis: &RedisSettings) -> Result<Self, SettingsError> {
        let link = Link::open(&redis.url, redis.response_timeout, StatusRegistry::default());
        Ok(Self {
            link: link.map_err(|error| SettingsError::RedisUrl(error.category().to_owned()))?,
        })
    }

    /// Sets a user to its required state.
    pub async fn bring(&self, user: &AppUser) -> Outcome {
        match bring(&self.link, user).await {
            Ok(_) => Outcome::Done,
            Err(fault @ (Fault::Gone(_) | Fault::Full)) => Outcome::Later(fault.to_string()),
            Err(fault) => Outcome::ByHand(fault.to_string()),
        }
    }
}

/// Sets a user to its required state; returns the state that the server reports then.
async fn bring(link: &Link, user: &AppUser) -> Result<Option<Value>, Fault> {
    if acl::whoami(link).await? == user.name {
        return Err(Fault::Refused(format!(
            "redis.url comes in as the user {}, which belongs to an app: give Usher a user of its own",
            user.name
        )));
    }
    let before = acl::get(link, &user.name).await?;
    acl::set(link, user, before.as_ref()).await?;
    acl::get(link, &user.name).await
}

/// The task that keeps all users in their required state.
pub(crate) struct UserSync {
    pub store: Store,
    pub clock: Arc<dyn Clock>,
    pub link: Link,
    pub environment: Environment,
    pub owner: String,
    /// For each user the state that was set, and the server's report of it: if both are unchanged, nothing is
    /// to be done.
    pub kept: BTreeMap<String, (AppUser, Option<Value>)>,
    /// The last warning about each user that cannot be set.
    pub warned: BTreeMap<String, AppUser>,
    /// The deleted apps whose users were removed once.
    pub removed: BTreeSet<String>,
}

impl UserSync {
    /// Runs until `stop` becomes true.
    pub async fn run(mut self, mut stop: watch::Receiver<bool>) {
        let mut returned = self.link.returned();
        while !*stop.borrow() {
            returned.mark_unchanged();
            let wait = self.round().await;
            tokio::select! {
                () = sleep(wait) => {}
                Ok(()) = returned.changed() => {}
                _ = stop.wait_for(|stop| *stop) => {}
            }
        }
    }

    /// Checks every user; returns the wait until the next round.
    async fn round(&mut self) -> Duration {
        match self.look().await {
            Ok(wait) => wait,
            Err(error) => {
                tracing::debug!(%error, "apps' users in Redis could not be looked at");
                LOOK
            }
        }
    }

    async fn look(&mut self) -> Result<Duration, StoreError> {
        if !self.store.lease(LEASE_NAME, &self.owner, LEASE).await? {
            self.kept.clear();
            self.removed.clear();
            return Ok(LOOK);
        }
        let mut wait = LOOK;
        for user in self.wanted().await? {
            match self.keep(user).await {
                Ok(()) => {}
                Err(SyncError::Store(error)) => return Err(error),
                Err(SyncError::Redis(user, Fault::Gone(why))) => {
                    tracing::debug!(user = user.name, why, "an app's user in Redis waits for Redis");
                    return Ok(LOOK);
                }
                Err(SyncError::Redis(user, fault)) => {
                    self.warn(user, &fault);
                    wait = REFUSED;
                }
            }
        }
        Ok(wait.max(self.remove_deleted().await?))
    }

    /// The required users according to the database.
    async fn wanted(&self) -> Result<Vec<AppUser>, StoreError> {
        let apps = self.store.app_passwords(self.clock.now()).await?;
        let user = |AppPasswords { app, sha256 }| AppUser::new(self.environment, &app, sha256);
        Ok(apps.into_iter().map(user).collect())
    }

    async fn keep(&mut self, user: AppUser) -> Result<(), SyncError> {
        let error = |user: &AppUser| {
            let user = user.clone();
            move |fault| SyncError::Redis(user, fault)
        };
        let found = acl::get(&self.link, &user.name).await.map_err(error(&user))?;
        if self.kept.get(&user.name) == Some(&(user.clone(), found)) {
            return Ok(());
        }
        // A command may have changed both meanwhile. The database is read first, so that its state is no
        // older than that of Redis.
        let fresh = self
            .wanted()
            .await?
            .into_iter()
            .find(|fresh| fresh.name == user.name);
        let Some(user) = fresh else {
            // The app was deleted meanwhile, and its user with it.
            return Ok(());
        };
        let made = bring(&self.link, &user).await.map_err(error(&user))?;
        self.warned.remove(&user.name);
        tracing::debug!(
            user = user.name,
            passwords = user.passwords.len(),
            "an app's user in Redis is what it is to be"
        );
        self.kept.insert(user.name.clone(), (user, made));
        Ok(())
    }

    /// Logs the commands for an operator, once for each state of a user.
    fn warn(&mut self, user: AppUser, fault: &Fault) {
        if self.warned.get(&user.name) == Some(&user) {
            return;
        }
        tracing::warn!(
            user = user.name,
            by_hand = user.by_hand().join("; "),
            "{fault}: the app's user in Redis must be made by hand"
        );
        self.warned.insert(user.name.clone(), user);
    }
}

enum SyncError {
    Store(StoreError),
    Redis(AppUser, Fault),
}

impl From<StoreError> for SyncError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(passwords: &[&str]) -> AppUser {
        let passwords = passwords.iter().map(|password| (*password).to_owned()).collect();
        AppUser::new(
            Environment::Production,
            &"booking".parse().expect("a slug"),
            passwords,
        )
    }

    #[test]
    fn a_user_has_its_own_key_and_begins_with_nothing() {
        let user = user(&["aa", "bb"]);
        assert_eq!(user.name(), "usher-app-production-booking");
        let rules = user.rules();
        assert_eq!(
            rules[..7],
            [
                "reset",
                "resetchannels",
                "on",
                "#aa",
                "#bb",
                "~usher:{production:booking}:s00",
                "~usher:{production:booking}:feed"
            ]
        );
        for word in &rules[7..] {
            assert!(word.starts_with('+') && !word.starts_with("+@"), "{word}");
        }
    }

    #[test]
    fn the_commands_for_a_hand_are_quoted_for_a_shell_and_end_what_has_no_password() {
        let by_hand = user(&["aa"]).by_hand();
        assert!(
            by_hand[0].starts_with(
                "ACL SETUSER usher-app-production-booking reset resetchannels on '#aa' '~usher:{production:booking}:s00' '~usher:{production:booking}:feed' +xreadgroup"
            ),
            "{by_hand:?}"
        );
        assert!(by_hand[0].contains(" '+xinfo|stream' "), "{by_hand:?}");
        assert_eq!(by_hand[1], "CLIENT KILL USER usher-app-production-booking");
        assert_eq!(user(&[]).by_hand(), ["ACL DELUSER usher-app-production-booking"]);
    }
}
