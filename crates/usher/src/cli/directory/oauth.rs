//! `usher directory oauth`: what a directory accepts beside its tokens.

use admin::directories::oauth::{Change, NewEntra, change, get};
use admin::view::DirectoryOauthView;
use chrono::TimeDelta;
use domain::client::DirectoryOauth;
use serde_json::json;

use crate::cli::show::Printer;
use crate::cli::span;

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The tenant's name.
    #[arg(long)]
    tenant: String,
    /// The profile.
    #[arg(long)]
    profile: String,
    /// How long access tokens of its clients last: 1h to 6h.
    #[arg(long, value_name = "SPAN", value_parser = span::parse)]
    token_life: Option<TimeDelta>,
    /// Accept the tokens that Entra makes itself while "Secret Token" is blank, of the Entra tenant with this id; for tests.
    #[arg(long, value_name = "ID")]
    entra_tenant: Option<String>,
    /// Where the keys of that Entra tenant are read, at a host of oauth.key_hosts; Entra's address without it.
    #[arg(long, value_name = "URL", requires = "entra_tenant")]
    keys_url: Option<String>,
    /// Accept them in production, too.
    #[arg(long, requires = "entra_tenant")]
    in_production: bool,
    /// Accept no tokens of Entra's own any more.
    #[arg(long, conflicts_with = "entra_tenant")]
    no_entra: bool,
}

pub(super) async fn run(
    context: &admin::Context,
    printer: Printer,
    arguments: Arguments,
) -> anyhow::Result<()> {
    let (tenant, profile) = (arguments.tenant, arguments.profile);
    let entra = match arguments.entra_tenant {
        Some(entra_tenant) => Some(Some(NewEntra {
            entra_tenant,
            keys_url: arguments.keys_url,
            in_production: arguments.in_production,
        })),
        None => arguments.no_entra.then_some(None),
    };
    let asked = Change {
        token_life: arguments.token_life,
        entra,
    };
    let oauth = if asked.token_life.is_none() && asked.entra.is_none() {
        get(context, &tenant, &profile).await?
    } else {
        change(context, &tenant, &profile, asked).await?
    };
    printer.answer(&json!(DirectoryOauthView::from(&oauth)), || text(&oauth));
    Ok(())
}

fn text(oauth: &DirectoryOauth) -> String {
    let entra = match &oauth.entra {
        None => "not accepted".to_owned(),
        Some(entra) => format!(
            "accepted of Entra tenant {}{}",
            entra.entra_tenant,
            if entra.in_production {
                ", in production too"
            } else {
                ""
            }
        ),
    };
    let minutes = oauth.access_token_seconds / 60;
    format!("access tokens last   {minutes} min\nEntra's own tokens   {entra}")
}
