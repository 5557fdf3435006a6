//! An app's user in Redis, which follows the app's credentials (ADR 0034).

use std::fmt::Write as _;

use domain::tenant::App;
use events::{AppUser, Outcome, RedisSettings, Users};
use serde_json::{Value, json};

use super::show::with;

/// The user and its state in Redis, for the answer.
pub(super) struct RedisUser {
    user: AppUser,
    state: &'static str,
    /// Why the user in Redis differs from the credentials; `None` when it does not.
    why: Option<String>,
    /// What an administrator of Redis runs to do the same.
    by_hand: Vec<String>,
}

/// Brings the user in line with the app's credentials. These are committed already, so an error of Redis becomes a state and does
/// not fail the command.
pub(super) async fn update(
    context: &admin::Context,
    redis: Option<&RedisSettings>,
    app: &App,
) -> anyhow::Result<RedisUser> {
    let all = context
        .store
        .app_passwords(context.clock.now())
        .await
        .map_err(admin::Error::from)?;
    let passwords = all.into_iter().find(|passwords| passwords.app == app.name);
    let passwords = passwords.map(|passwords| passwords.sha256).unwrap_or_default();
    let user = AppUser::new(context.environment, &app.name, passwords);
    let done = match redis {
        None => None,
        Some(redis) => Some(Users::open(redis)?.bring(&user).await),
    };
    Ok(RedisUser::of(user.by_hand(), user, done))
}

/// Removes the user of an app that was deleted, its stream and the hash beside it; an error of Redis becomes a state, as above.
pub(super) async fn remove(
    context: &admin::Context,
    redis: Option<&RedisSettings>,
    app: &App,
) -> anyhow::Result<RedisUser> {
    let user = AppUser::new(context.environment, &app.name, Vec::new());
    let deployment = context.store.deployment().await.map_err(admin::Error::from)?;
    let done = match redis {
        None => None,
        Some(redis) => Some(Users::open(redis)?.remove(&user, &deployment.id).await),
    };
    Ok(RedisUser::of(user.removal_by_hand(), user, done))
}

impl RedisUser {
    /// `done` is `None` without a Redis.
    fn of(by_hand: Vec<String>, user: AppUser, done: Option<Outcome>) -> Self {
        let (state, why) = match done {
            None => (
                "notConfigured",
                Some("redis.url is not set here, so nothing was done in Redis; a server that has it does it by itself".to_owned()),
            ),
            Some(Outcome::Done) => ("ready", None),
            Some(Outcome::Later(why)) => (
                "later",
                Some(format!("{why}; the server does it as soon as Redis answers")),
            ),
            Some(Outcome::ByHand(why)) => ("byHand", Some(why)),
        };
        Self {
            user,
            state,
            why,
            by_hand,
        }
    }

    /// An answer with the members `redisUser`, `redisState` and `redisCommands`.
    pub(super) fn beside(&self, answer: Value) -> Value {
        let more = [
            ("redisUser", json!(self.user.name())),
            ("redisState", json!(self.state)),
            ("redisCommands", json!(self.commands())),
        ];
        with(answer, more)
    }

    /// Lines of text.
    pub(super) fn text(&self) -> String {
        let mut text = format!("Redis user  {}", self.user.name());
        if let Some(why) = &self.why {
            let _ = write!(
                text,
                "\nRedis       {why}. By hand, in redis-cli as an administrator:"
            );
            for command in self.commands() {
                let _ = write!(text, "\n  {command}");
            }
        }
        text
    }

    /// The commands to run by hand; empty when the user is up to date.
    fn commands(&self) -> Vec<String> {
        if self.why.is_some() {
            self.by_hand.clone()
        } else {
            Vec::new()
        }
    }
}
