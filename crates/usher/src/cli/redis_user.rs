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
    let (state, why) = match redis {
        None => (
            "notConfigured",
            Some("redis.url is not set here, so nothing was done in Redis; a server that has it does it by itself".to_owned()),
        ),
        Some(redis) => match Users::open(redis)?.bring(&user).await {
            Outcome::Done => ("ready", None),
            Outcome::Later(why) => (
                "later",
                Some(format!("{why}; the server does it as soon as Redis answers")),
            ),
            Outcome::ByHand(why) => ("byHand", Some(why)),
        },
    };
    Ok(RedisUser { user, state, why })
}

impl RedisUser {
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
            self.user.by_hand()
        } else {
            Vec::new()
        }
    }
}
