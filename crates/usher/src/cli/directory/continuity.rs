//! `usher directory continuity set | show | off`.

use std::collections::BTreeMap;

use admin::continuity::set::NewContinuity;
use admin::continuity::{Setting, get, off, set};
use admin::view::ContinuityView;
use chrono::TimeDelta;
use clap::Subcommand;
use serde_json::json;
use uuid::Uuid;

use super::super::show::{Printer, moment};
use super::super::span;
use super::extension::DirectoryArgs;

#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Write a directory's new tokens into the customer's Entra app, with the customer's consent
    /// (docs/how-to/keep-a-token-from-ending.md). Off until this is said.
    Set(Box<SetArgs>),
    /// Show what is set.
    Show {
        #[command(flatten)]
        directory: DirectoryArgs,
    },
    /// Write nothing there any more.
    Off {
        #[command(flatten)]
        directory: DirectoryArgs,
    },
}

#[derive(Debug, clap::Args)]
pub struct SetArgs {
    #[command(flatten)]
    directory: DirectoryArgs,
    /// The id of the customer's Entra tenant.
    #[arg(long, value_name = "TID")]
    entra_tenant: Uuid,
    /// The object id of the Entra app's service principal (Enterprise applications > the app > Properties > Object ID).
    #[arg(long, value_name = "ID")]
    service_principal: Uuid,
    /// The id of its synchronization job (Provisioning > View technical information).
    #[arg(long, value_name = "ID")]
    job: String,
    /// The Tenant URL as it stands in Entra; without it the directory's usual one.
    #[arg(long, value_name = "URL")]
    tenant_url: Option<String>,
    /// What else stands there, such as SyncNotificationSettings={…}; may be given again. Microsoft Graph replaces everything: what is
    /// left out is lost.
    #[arg(long, value_name = "KEY=VALUE", value_parser = pair)]
    keep: Vec<(String, String)>,
    /// How long before the token's end a renewal begins by itself.
    #[arg(long, value_name = "SPAN", value_parser = span::parse, default_value = "30d")]
    before: TimeDelta,
    /// How long a new token lives.
    #[arg(long, value_name = "SPAN", value_parser = span::parse, default_value = "365d")]
    expires_in: TimeDelta,
}

fn pair(text: &str) -> Result<(String, String), String> {
    let pair = text.split_once('=').filter(|(key, _)| !key.is_empty());
    let pair = pair.map(|(key, value)| (key.to_owned(), value.to_owned()));
    pair.ok_or_else(|| "write a key, = and its value, such as SyncAll=false".to_owned())
}

pub(super) async fn run(context: &admin::Context, printer: Printer, verb: Verb) -> anyhow::Result<()> {
    match verb {
        Verb::Set(set) => {
            let SetArgs { directory, .. } = &*set;
            let kept: BTreeMap<String, String> = set.keep.iter().cloned().collect();
            if !kept.contains_key("SyncNotificationSettings") {
                crate::output::warning(
                    "Microsoft Graph replaces everything that stands beside the token, and shows nothing of it: without --keep \
                     SyncNotificationSettings=… a renewal takes the app's notification e-mail away.",
                );
            }
            let new = NewContinuity {
                entra_tenant: set.entra_tenant,
                service_principal: set.service_principal,
                job: set.job.clone(),
                base_address: set.tenant_url.clone(),
                kept,
                before: Some(set.before),
                life: Some(set.expires_in),
            };
            let setting = set::execute(context, &directory.tenant, &directory.profile, new).await?;
            show(printer, &setting);
            printer.note(&format!(
                "a renewal begins by itself; to begin one now: usher token continuity start --tenant {} --profile {}",
                directory.tenant, directory.profile
            ));
        }
        Verb::Show { directory } => {
            show(
                printer,
                &get::execute(context, &directory.tenant, &directory.profile).await?,
            );
        }
        Verb::Off { directory } => {
            show(
                printer,
                &off::execute(context, &directory.tenant, &directory.profile).await?,
            );
        }
    }
    Ok(())
}

fn show(printer: Printer, setting: &Setting) {
    printer.answer(&json!(ContinuityView::from(setting)), || {
        let (tenant, profile) = (&setting.tenant, &setting.directory.profile);
        let Some(set) = &setting.continuity else {
            return format!("nothing is written into the Entra app of directory {profile} of {tenant}");
        };
        let kept: Vec<&str> = set.kept.keys().map(String::as_str).collect();
        format!(
            "new tokens of directory {profile} of {tenant} are written into its Entra app\nEntra tenant       {}\nservice principal  \
             {}\njob                {}\nTenant URL         {}\nkept               {}\nbegins             {} d before a token's end\nset at      \
             {}",
            set.entra_tenant,
            set.service_principal,
            set.job,
            set.base_address,
            if kept.is_empty() { "nothing".to_owned() } else { kept.join(", ") },
            set.before.num_days(),
            moment(set.set_at)
        )
    });
}
