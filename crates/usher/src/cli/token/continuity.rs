//! `usher token continuity list | show | start`.

use std::fmt::Write as _;

use admin::continuity::{NamedRenewal, list, start};
use admin::view::RenewalView;
use clap::Subcommand;
use domain::credential::TokenId;
use domain::id::RenewalId;
use serde_json::json;

use super::super::show::{Printer, Table, moment, printable};

#[derive(Debug, Subcommand)]
pub enum Verb {
    /// List the renewals of a directory's token, newest first.
    List {
        #[command(flatten)]
        directory: DirectoryArgs,
    },
    /// Show the steps of a renewal: when each was done, and why it does not go on.
    Show {
        #[command(flatten)]
        directory: DirectoryArgs,
        /// Its id; without it the newest.
        id: Option<RenewalId>,
    },
    /// Renew a directory's token now: a new one is issued, tried and written into Entra, and the old one ends when the new one is in use.
    Start {
        #[command(flatten)]
        directory: DirectoryArgs,
    },
}

#[derive(Debug, clap::Args)]
pub struct DirectoryArgs {
    /// The tenant's name.
    #[arg(long)]
    tenant: String,
    /// The profile of the directory.
    #[arg(long)]
    profile: String,
}

pub(super) async fn run(context: &admin::Context, printer: Printer, verb: Verb) -> anyhow::Result<()> {
    match verb {
        Verb::List {
            directory: DirectoryArgs { tenant, profile },
        } => {
            let found = list::execute(context, &tenant, &profile).await?;
            let json = found
                .iter()
                .map(|named| json!(RenewalView::from(named)))
                .collect();
            let empty = format!(
                "no renewals yet: usher token continuity start --tenant {tenant} --profile {profile}"
            );
            printer.list(json, &empty, || table(&found));
        }
        Verb::Show {
            directory: DirectoryArgs { tenant, profile },
            id,
        } => {
            let shown = list::one(context, &tenant, &profile, id).await?;
            printer.answer(&json!(RenewalView::from(&shown)), || text(&shown));
        }
        Verb::Start {
            directory: DirectoryArgs { tenant, profile },
        } => {
            let begun = start::execute(context, &tenant, &profile).await?;
            printer.answer(&json!(RenewalView::from(&begun)), || text(&begun));
            printer.note(&format!(
                "a running server goes on with it within a minute: usher token continuity show --tenant {tenant} --profile {profile}"
            ));
        }
    }
    Ok(())
}

fn ids(ids: &[TokenId]) -> String {
    ids.iter().map(TokenId::as_str).collect::<Vec<_>>().join(" ")
}

fn table(found: &[NamedRenewal]) -> Table {
    let head = [
        "renewal",
        "step",
        "begun",
        "ended",
        "retiring",
        "new token",
        "attempts",
        "last error",
    ];
    let row = |named: &NamedRenewal| {
        let renewal = &named.renewal;
        [
            renewal.id.to_string(),
            renewal.step.as_str().to_owned(),
            moment(renewal.planned_at),
            renewal.ended_at.map_or_else(|| "-".to_owned(), moment),
            ids(&renewal.retiring),
            renewal
                .new_token
                .map_or_else(|| "-".to_owned(), |token| token.to_string()),
            renewal.attempts.to_string(),
            renewal.last_error.clone().unwrap_or_default(),
        ]
    };
    Table::of(head, found.iter().map(row))
}

fn text(named: &NamedRenewal) -> String {
    let renewal = &named.renewal;
    let new = renewal
        .new_token
        .map_or_else(|| "-".to_owned(), |token| token.to_string());
    let mut text = format!(
        "renewal    {}\nstep       {}; waits for: {}\nold token  {}\nnew token  {new}",
        renewal.id,
        renewal.step.as_str(),
        renewal.waits_for(),
        ids(&renewal.retiring)
    );
    for (name, at) in [
        ("planned", Some(renewal.planned_at)),
        ("issued", renewal.issued_at),
        ("validated", renewal.validated_at),
        ("written", renewal.written_at),
        ("used", renewal.used_at),
        ("ended", renewal.ended_at),
        ("told", renewal.told_at),
    ] {
        let at = at.map_or_else(|| "-".to_owned(), moment);
        let _ = write!(text, "\n{name:<9}  {at}");
    }
    if let Some(error) = &renewal.last_error {
        let _ = write!(
            text,
            "\nattempts   {} failed, the last one: {}",
            renewal.attempts,
            printable(error)
        );
    }
    text
}
