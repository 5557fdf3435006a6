//! `usher app create | list | rotate-credential | list-credentials | revoke-credential | redis-user | delete`.

use admin::apps::Issued;
use admin::view::{AppCredentialView, AppIssued, AppView};
use chrono::TimeDelta;
use clap::Subcommand;
use domain::credential::{AppCredentialRecord, CredentialStatus};
use domain::tenant::App;
use events::RedisSettings;
use serde_json::json;

use super::redis_user;
use super::show::{Printer, Table, moment};
use super::span;
use crate::output;

#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Make an app that may see every tenant and profile, and its user in Redis; the credential, which is the user's password too,
    /// is shown once.
    Create {
        /// Its name: 1 to 63 of a-z, 0-9 and '-'; it stands in the feed's URL and the stream's key.
        name: String,
    },
    /// List the apps.
    List,
    /// Give an app, and its user in Redis, a new credential; the old ones end after an overlap.
    RotateCredential {
        /// The app's name.
        name: String,
        /// How long the old ones still work, such as 7d; 0 ends them at once.
        #[arg(long, value_name = "SPAN", value_parser = span::parse, default_value = "7d")]
        overlap: TimeDelta,
    },
    /// List an app's credentials: their ids and ends; never the secrets.
    ListCredentials {
        /// The app's name.
        name: String,
    },
    /// Take a credential back, effective at the next request; its connections to Redis end.
    RevokeCredential {
        /// The app's name.
        name: String,
        /// The credential's id: the 12 characters after usherapp_x_, as `usher app list-credentials` shows them.
        id: String,
    },
    /// Make an app's user in Redis what its credentials say, or say what to run by hand; the server does it all the time.
    RedisUser {
        /// The app's name.
        name: String,
    },
    /// Delete an app for good: its credentials, its feed with what its readers acknowledged, and its stream and user in Redis.
    Delete {
        /// The app's name.
        name: String,
        /// Do not ask for the name again.
        #[arg(long)]
        yes: bool,
    },
}

pub(super) async fn run(
    context: &admin::Context,
    redis: Option<&RedisSettings>,
    printer: Printer,
    verb: Verb,
) -> anyhow::Result<()> {
    match verb {
        Verb::Create { name } => {
            let issued = admin::apps::create::execute(context, &name).await?;
            show(context, redis, printer, &issued).await?;
        }
        Verb::List => {
            let apps = admin::apps::list::execute(context).await?;
            let json = apps.iter().map(|app| json!(AppView::of(context, app))).collect();
            printer.list(json, "no apps yet: usher app create NAME", || {
                let row = |app: &App| {
                    [
                        app.name.to_string(),
                        context.feed_url(app),
                        context.stream(app),
                        moment(app.created_at),
                    ]
                };
                Table::of(["name", "feed url", "stream", "created"], apps.iter().map(row))
            });
        }
        Verb::RotateCredential { name, overlap } => {
            let issued = admin::apps::rotate_credential::execute(context, &name, overlap).await?;
            show(context, redis, printer, &issued).await?;
        }
        Verb::ListCredentials { name } => {
            let (_, found) = admin::apps::credentials::execute(context, &name).await?;
            let json = found
                .iter()
                .map(|found| json!(AppCredentialView::from(found)))
                .collect();
            printer.list(json, "no credentials", || credentials(&found));
        }
        Verb::RevokeCredential { name, id } => {
            let (app, id) = admin::apps::revoke_credential::execute(context, &name, &id).await?;
            let user = redis_user::update(context, redis, &app).await?;
            let json = user.beside(json!({"id": id, "app": app.name}));
            printer.answer(&json, || format!("credential {id} is revoked\n{}", user.text()));
        }
        Verb::RedisUser { name } => {
            let (app, _) = admin::apps::credentials::execute(context, &name).await?;
            let user = redis_user::update(context, redis, &app).await?;
            let json = user.beside(json!({"app": app.name}));
            printer.answer(&json, || user.text());
        }
        Verb::Delete { name, yes } => delete(context, redis, printer, &name, yes).await?,
    }
    Ok(())
}

async fn delete(
    context: &admin::Context,
    redis: Option<&RedisSettings>,
    printer: Printer,
    name: &str,
    yes: bool,
) -> anyhow::Result<()> {
    if !yes {
        // Names an unknown app before anything is asked.
        admin::apps::credentials::execute(context, name).await?;
        output::hint(&format!(
            "This deletes the app {name} for good: its credentials, its feed and what its readers acknowledged, its stream in Redis.\n\
             Type its name to go on:"
        ));
        let mut typed = String::new();
        std::io::stdin().read_line(&mut typed)?;
        anyhow::ensure!(
            typed.trim() == name,
            "the app {name} was not deleted: repeat the command and type its name, or give it --yes"
        );
    }
    let app = admin::apps::delete::execute(context, name).await?;
    let user = redis_user::remove(context, redis, &app).await?;
    let json = user.beside(json!({"app": app.name, "deleted": true}));
    printer.answer(&json, || format!("app {} is deleted\n{}", app.name, user.text()));
    Ok(())
}

fn credentials(found: &[(AppCredentialRecord, CredentialStatus)]) -> Table {
    let row = |(credential, status): &(AppCredentialRecord, CredentialStatus)| {
        let end = credential.revoked_at.or(credential.expires_at);
        [
            credential.id.to_string(),
            status.as_str().to_owned(),
            end.map_or_else(|| "never".to_owned(), moment),
        ]
    };
    Table::of(["id", "standing", "ends"], found.iter().map(row))
}

async fn show(
    context: &admin::Context,
    redis: Option<&RedisSettings>,
    printer: Printer,
    issued: &Issued,
) -> anyhow::Result<()> {
    let user = redis_user::update(context, redis, &issued.app).await?;
    let credential = issued.credential.reveal();
    let stream = context.stream(&issued.app);
    let json = user.beside(json!(AppIssued::of(context, issued)));
    printer.answer(&json, || {
        format!(
            "app         {}\nCredential  {credential}\nFeed URL    {}\nStream      {}\n{}",
            issued.app.name,
            issued.feed_url,
            stream,
            user.text()
        )
    });
    printer.note("The credential is shown this once; it is the password of the Redis user, too.");
    Ok(())
}
