//! `usher token issue | list | rotate | revoke`.

use std::fmt::Write as _;

use admin::tokens::Issued;
use admin::tokens::list::TokenSummary;
use admin::tokens::rotate::Rotated;
use admin::view::{TokenIssued, TokenRotated, TokenView};
use chrono::{DateTime, TimeDelta, Utc};
use clap::Subcommand;
use serde_json::json;

use super::show::{Printer, Table, ago, moment};
use super::span::{self, Lifetime};

#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Issue one more token of a directory; it is shown once.
    Issue {
        /// The tenant's name.
        #[arg(long)]
        tenant: String,
        /// The profile of the directory.
        #[arg(long)]
        profile: String,
        /// A word to know it by.
        #[arg(long)]
        label: Option<String>,
        /// How long it lives, such as 90d; at most 730d. With never it lives until it is revoked.
        #[arg(long, value_name = "SPAN", value_parser = span::lifetime, default_value = "365d")]
        expires_in: Lifetime,
    },
    /// List tokens: their ids, ends, last uses, and what apps are told instead of the id; never the secrets.
    List {
        /// The tenant's name.
        #[arg(long)]
        tenant: String,
        /// Of this directory only.
        #[arg(long)]
        profile: Option<String>,
    },
    /// Issue a new token; the directory's old ones end after an overlap.
    Rotate {
        /// The tenant's name.
        #[arg(long)]
        tenant: String,
        /// The profile of the directory.
        #[arg(long)]
        profile: String,
        /// How long the old ones still work, such as 7d; 0 ends them at once.
        #[arg(long, value_name = "SPAN", value_parser = span::parse, default_value = "7d")]
        overlap: TimeDelta,
        /// How long the new one lives, such as 90d; at most 730d. With never it lives until it is revoked.
        #[arg(long, value_name = "SPAN", value_parser = span::lifetime, default_value = "365d")]
        expires_in: Lifetime,
    },
    /// Take a token back, effective at the next request.
    Revoke {
        /// The tenant's name.
        #[arg(long)]
        tenant: String,
        /// The token's id: the 12 characters after usher_x_, as `usher token list` shows them.
        id: String,
    },
}

pub(super) async fn run(context: &admin::Context, printer: Printer, verb: Verb) -> anyhow::Result<()> {
    match verb {
        Verb::Issue {
            tenant,
            profile,
            label,
            expires_in,
        } => {
            let lifetime = expires_in.span();
            let issued = admin::tokens::issue::execute(context, &tenant, &profile, label, lifetime).await?;
            printer.answer(&json!(TokenIssued::from(&issued)), || issued_text(&issued));
            warn_of_unlimited(expires_in);
            printer.note("The token is shown this once. Paste both into Entra and run \"Test Connection\".");
        }
        Verb::List { tenant, profile } => {
            let found = admin::tokens::list::execute(context, &tenant, profile.as_deref()).await?;
            let shape = |listed: &TokenSummary| json!(TokenView::of(&tenant, listed));
            let json = found.iter().map(shape).collect();
            let empty = format!("no tokens: usher token issue --tenant {tenant} --profile PROFILE");
            printer.list(json, &empty, || table(&found, context.clock.now()));
        }
        Verb::Rotate {
            tenant,
            profile,
            overlap,
            expires_in,
        } => {
            let lifetime = expires_in.span();
            let rotated =
                admin::tokens::rotate::execute(context, &tenant, &profile, overlap, lifetime).await?;
            printer.answer(&json!(TokenRotated::from(&rotated)), || {
                rotated_text(&rotated, context.clock.now())
            });
            warn_of_unlimited(expires_in);
            printer.note(
                "The token is shown this once. `usher token list` tells when an old one was last used.",
            );
        }
        Verb::Revoke { tenant, id } => {
            let token = admin::tokens::revoke::execute(context, &tenant, &id).await?;
            let shape = json!({"id": token.id, "revokedAt": token.revoked_at});
            printer.answer(&shape, || format!("token {} is revoked", token.id));
        }
    }
    Ok(())
}

/// RFC 7644 §7.4: a bearer token has a limited lifetime.
fn warn_of_unlimited(lifetime: Lifetime) {
    if lifetime == Lifetime::Never {
        crate::output::warning(
            "this token has no end. RFC 7644 asks for one; whoever finds it may use it until it is revoked.",
        );
    }
}

fn issued_text(issued: &Issued) -> String {
    let end = issued
        .token
        .expires_at
        .map(|end| format!("\nends        {}", moment(end)))
        .unwrap_or_default();
    format!(
        "Tenant URL  {}\nToken       {}{end}",
        issued.tenant_url,
        issued.secret.reveal()
    )
}

fn rotated_text(rotated: &Rotated, now: DateTime<Utc>) -> String {
    let mut text = issued_text(&rotated.issued);
    for old in &rotated.ending {
        let end = old.expires_at.map(moment).unwrap_or_default();
        let used = ago(old.last_used_at, now);
        let _ = write!(
            text,
            "\nold token   {} …{}  ends {end}, last used {used}",
            old.id, old.last_four
        );
    }
    text
}

fn table(found: &[TokenSummary], now: DateTime<Utc>) -> Table {
    let head = [
        "profile",
        "id",
        "secret",
        "standing",
        "last used",
        "ends",
        "created",
        "apps see",
        "label",
    ];
    let row = |listed: &TokenSummary| {
        let token = &listed.token;
        [
            listed.profile.to_string(),
            token.id.to_string(),
            format!("…{}", token.last_four),
            listed.standing.as_str().to_owned(),
            ago(token.last_used_at, now),
            token
                .revoked_at
                .or(token.expires_at)
                .map_or_else(|| "never".to_owned(), moment),
            moment(token.created_at),
            listed.alias.clone(),
            token.label.clone().unwrap_or_default(),
        ]
    };
    Table::of(head, found.iter().map(row))
}
