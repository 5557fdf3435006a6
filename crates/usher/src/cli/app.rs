//! `usher app create | list | rotate-credential`.

use admin::apps::Issued;
use chrono::TimeDelta;
use clap::Subcommand;
use domain::tenant::App;
use events::StreamKey;
use serde_json::{Value, json};

use super::show::{Printer, Show, Table, moment};
use super::span;

/// `usher app …`
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
    #[command(flatten)]
    show: Show,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Make an app that may see every tenant and profile; its credential is shown once.
    Create {
        /// Its name: 1 to 63 of a-z, 0-9 and '-'; it stands in the feed's URL and the stream's key.
        name: String,
    },
    /// List the apps.
    List,
    /// Give an app a new credential; its old ones end after an overlap.
    RotateCredential {
        /// The app's name.
        name: String,
        /// How long the old ones still work, such as 7d; 0 ends them at once.
        #[arg(long, value_name = "SPAN", value_parser = span::parse, default_value = "7d")]
        overlap: TimeDelta,
    },
}

pub(super) async fn run(context: &admin::Context, args: Args) -> anyhow::Result<()> {
    let printer = Printer::new(args.show);
    match args.verb {
        Verb::Create { name } => {
            let made = admin::apps::create::execute(context, &name).await?;
            show(context, printer, &made);
        }
        Verb::List => {
            let apps = admin::apps::list::execute(context).await?;
            let json = apps.iter().map(|app| shape(context, app)).collect();
            printer.list(json, "no apps yet: usher app create NAME", || {
                let mut table = Table::new(["name", "feed url", "stream", "created"]);
                for app in &apps {
                    table.row(&[
                        app.name.to_string(),
                        context.feed_url(app),
                        stream(context, app),
                        moment(app.created_at),
                    ]);
                }
                table
            });
        }
        Verb::RotateCredential { name, overlap } => {
            let made = admin::apps::rotate_credential::execute(context, &name, overlap).await?;
            show(context, printer, &made);
        }
    }
    Ok(())
}

fn show(context: &admin::Context, printer: Printer, made: &Issued) {
    let mut json = shape(context, &made.app);
    json["credential"] = json!(made.credential.reveal());
    printer.answer(&json, || {
        format!(
            "app         {}\nCredential  {}\nFeed URL    {}\nStream      {}",
            made.app.name,
            made.credential.reveal(),
            made.feed_url,
            stream(context, &made.app)
        )
    });
    printer.note("The credential is shown this once.");
}

fn stream(context: &admin::Context, app: &App) -> String {
    StreamKey::new(context.environment, &app.name).as_str().to_owned()
}

fn shape(context: &admin::Context, app: &App) -> Value {
    json!({
        "id": app.id,
        "name": app.name,
        "feedUrl": context.feed_url(app),
        "stream": stream(context, app),
        "createdAt": app.created_at,
    })
}
