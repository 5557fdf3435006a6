//! `usher directory create | list | set | oauth | switch | freeze | unfreeze | extension | continuity`.

mod continuity;
mod extension;
mod oauth;

use admin::directories::Named;
use admin::directories::change::Change;
use admin::view::DirectoryView;
use clap::Subcommand;
use domain::tenant::{Provider, Serving, Switch};
use serde_json::json;

use super::one_of;
use super::show::{Printer, Table, moment};

#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Make the directory of a profile for a tenant.
    Create {
        /// The tenant's name.
        #[arg(long)]
        tenant: String,
        /// The profile, such as advisors or rooms.
        #[arg(long)]
        profile: String,
        /// Who calls: decides where products and RFC 7644 disagree (docs/reference/providers.md).
        #[arg(long, value_parser = one_of(Provider::ALL), default_value = Provider::Entra.as_str())]
        provider: Provider,
    },
    /// List the directories and their Tenant URLs.
    List {
        /// Of this tenant only.
        #[arg(long)]
        tenant: Option<String>,
    },
    /// Say who calls a directory; effective at the next request.
    Set {
        /// The tenant's name.
        #[arg(long)]
        tenant: String,
        /// The profile.
        #[arg(long)]
        profile: String,
        /// Who calls: decides where products and RFC 7644 disagree (docs/reference/providers.md).
        #[arg(long, value_parser = one_of(Provider::ALL))]
        provider: Provider,
    },
    /// Attributes of a customer's own, on top of the profile's.
    #[command(subcommand)]
    Extension(extension::Verb),
    /// What is accepted beside tokens, and how long access tokens last; without an option it is only shown.
    Oauth(oauth::Arguments),
    /// Whether new tokens are written into the customer's Entra app.
    #[command(subcommand)]
    Continuity(continuity::Verb),
    /// Switch a directory on or off; off keeps everything and answers SCIM with a clear 403.
    Switch {
        /// The tenant's name.
        #[arg(long)]
        tenant: String,
        /// The profile.
        #[arg(long)]
        profile: String,
        /// To which state.
        #[arg(value_parser = one_of(Switch::ALL))]
        to: Switch,
    },
    /// Answer SCIM with 503 for a while: nothing is lost, the identity provider sends again.
    Freeze {
        /// The tenant's name.
        #[arg(long)]
        tenant: String,
        /// The profile.
        #[arg(long)]
        profile: String,
        /// Why, for the audit log.
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
    },
    /// End a freeze of this directory; that of its tenant goes on.
    Unfreeze {
        /// The tenant's name.
        #[arg(long)]
        tenant: String,
        /// The profile.
        #[arg(long)]
        profile: String,
    },
}

pub(super) async fn run(context: &admin::Context, printer: Printer, verb: Verb) -> anyhow::Result<()> {
    match verb {
        Verb::Create {
            tenant,
            profile,
            provider,
        } => {
            let made = admin::directories::create::execute(context, &tenant, &profile, provider).await?;
            printer.answer(&json!(DirectoryView::from(&made)), || {
                format!("Tenant URL  {}", made.tenant_url)
            });
            printer.note(&format!(
                "next: usher token issue --tenant {tenant} --profile {profile}"
            ));
        }
        Verb::List { tenant } => {
            let found = admin::directories::list::execute(context, tenant.as_deref()).await?;
            let json = found
                .iter()
                .map(|named| json!(DirectoryView::from(named)))
                .collect();
            let empty = "no directories yet: usher directory create --tenant NAME --profile PROFILE";
            printer.list(json, empty, || table(&found));
        }
        Verb::Set {
            tenant,
            profile,
            provider,
        } => {
            let change = Change {
                provider: Some(provider),
                ..Change::default()
            };
            let set = admin::directories::change::execute(context, &tenant, &profile, &change, None).await?;
            printer.answer(&json!(DirectoryView::from(&set)), || {
                format!(
                    "directory {profile} of {tenant} is called by {}",
                    provider.as_str()
                )
            });
        }
        Verb::Extension(verb) => extension::run(context, printer, verb).await?,
        Verb::Oauth(arguments) => oauth::run(context, printer, arguments).await?,
        Verb::Continuity(verb) => continuity::run(context, printer, verb).await?,
        Verb::Switch { tenant, profile, to } => {
            let change = Change {
                switch: Some(to),
                ..Change::default()
            };
            let switched =
                admin::directories::change::execute(context, &tenant, &profile, &change, None).await?;
            printer.answer(&json!(DirectoryView::from(&switched)), || {
                format!(
                    "directory {profile} of {tenant} is {}",
                    switched.directory.switch.as_str()
                )
            });
        }
        Verb::Freeze {
            tenant,
            profile,
            reason,
        } => {
            let frozen =
                admin::directories::freeze::freeze(context, &tenant, &profile, reason.as_deref()).await?;
            printer.answer(&json!(DirectoryView::from(&frozen)), || {
                format!("directory {profile} of {tenant} is frozen: its SCIM requests are answered 503")
            });
            printer.note(&format!(
                "to end it: usher directory unfreeze --tenant {tenant} --profile {profile}"
            ));
        }
        Verb::Unfreeze { tenant, profile } => {
            let named = admin::directories::freeze::unfreeze(context, &tenant, &profile).await?;
            printer.answer(&json!(DirectoryView::from(&named)), || {
                format!("directory {profile} of {tenant} is {}", serving(&named))
            });
        }
    }
    Ok(())
}

fn table(found: &[Named]) -> Table {
    let row = |named: &Named| {
        let directory = &named.directory;
        [
            named.tenant.to_string(),
            directory.profile.to_string(),
            serving(named).to_owned(),
            named.tenant_url.clone(),
            directory.provider.as_str().to_owned(),
            moment(directory.created_at),
        ]
    };
    let head = ["tenant", "profile", "switch", "tenant url", "provider", "created"];
    Table::of(head, found.iter().map(row))
}

/// The switch, or that it is frozen.
fn serving(named: &Named) -> &'static str {
    match named.directory.serving(named.tenant_frozen_at) {
        Serving::Frozen => "frozen",
        Serving::Yes | Serving::Off => named.directory.switch.as_str(),
    }
}
