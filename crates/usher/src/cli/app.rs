//! `usher app create | policy | list | rotate-credential | list-credentials | revoke-credential | redis-user | delete`.

use admin::apps::Issued;
use admin::apps::policy::Words;
use admin::view::{AppCredentialView, AppIssued, AppView, PolicyChanged, PolicyView};
use chrono::TimeDelta;
use clap::{Args, Subcommand};
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
    /// Make an app, and its user in Redis; the credential, which is the user's password too, is shown once. Without further words it
    /// may see every tenant and profile.
    Create {
        /// Its name: 1 to 63 of a-z, 0-9 and '-'; it stands in the feed's URL and the stream's key.
        name: String,
        #[command(flatten)]
        may_see: MaySee,
    },
    /// Show or set what an app may see.
    #[command(subcommand)]
    Policy(PolicyVerb),
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

/// What an app may see; each kind that is not named: everything, also what is made later.
#[derive(Debug, Args)]
pub struct MaySee {
    /// The tenants that it sees; may be repeated.
    #[arg(long = "tenant", value_name = "TENANT")]
    tenants: Vec<String>,
    /// The profiles that it sees, such as advisors; may be repeated.
    #[arg(long = "profile", value_name = "PROFILE")]
    profiles: Vec<String>,
    /// A field of the record that it gets, such as office, with the attribute behind it; may be repeated.
    #[arg(long = "field", value_name = "FIELD")]
    fields: Vec<String>,
    /// An attribute that it gets, such as displayName; may be repeated.
    #[arg(long = "attribute", value_name = "PATH")]
    attributes: Vec<String>,
}

impl MaySee {
    fn words(self) -> Words {
        let some = |list: Vec<String>| (!list.is_empty()).then_some(list);
        Words {
            tenants: some(self.tenants),
            profiles: some(self.profiles),
            attributes: some(self.attributes),
            fields: some(self.fields),
        }
    }
}

#[derive(Debug, Subcommand)]
pub enum PolicyVerb {
    /// Show what an app may see.
    Show {
        /// The app's name.
        name: String,
    },
    /// Set what an app may see, in place of what it was; effective at once. The app is told by events what it sees more and less;
    /// for other fields or attributes its feed begins another epoch.
    Set {
        /// The app's name.
        name: String,
        #[command(flatten)]
        may_see: MaySee,
        /// Only count the identities that would be added and removed.
        #[arg(long)]
        dry_run: bool,
    },
}

async fn policy(context: &admin::Context, printer: Printer, verb: PolicyVerb) -> anyhow::Result<()> {
    match verb {
        PolicyVerb::Show { name } => {
            let policy = admin::apps::policy::show(context, &name).await?;
            let view = PolicyView::from(&policy);
            printer.answer(&json!(view), || may_see(&view));
        }
        PolicyVerb::Set {
            name,
            may_see: new,
            dry_run,
        } => {
            let change = new.words().into();
            let changed = admin::apps::policy::set(context, &name, &change, None, dry_run).await?;
            let changed = PolicyChanged::of(&changed, dry_run);
            printer.answer(&json!(changed), || {
                let (added, removed) = (changed.added, changed.removed);
                let would = if dry_run { "would be " } else { "" };
                let snapshot = if changed.snapshot {
                    "\nother attributes: the app takes a snapshot"
                } else {
                    ""
                };
                format!(
                    "{}\n{added} identities {would}added, {removed} {would}removed{snapshot}",
                    may_see(&changed.policy)
                )
            });
        }
    }
    Ok(())
}

fn may_see(policy: &PolicyView) -> String {
    let list = |list: &Option<Vec<String>>| {
        list.as_ref()
            .map_or_else(|| "all".to_owned(), |list| list.join(", "))
    };
    format!(
        "app         {}\nTenants     {}\nProfiles    {}\nFields      {}\nAttributes  {}",
        policy.app,
        list(&policy.tenants),
        list(&policy.profiles),
        list(&policy.fields),
        list(&policy.attributes)
    )
}

pub(super) async fn run(
    context: &admin::Context,
    redis: Option<&RedisSettings>,
    printer: Printer,
    verb: Verb,
) -> anyhow::Result<()> {
    match verb {
        Verb::Policy(verb) => policy(context, printer, verb).await?,
        Verb::Create { name, may_see } => {
            let issued = admin::apps::create::execute(context, &name, &may_see.words()).await?;
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
