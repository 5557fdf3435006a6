//! `usher token issue | list | rotate | revoke | continuity`.

mod continuity;

use std::fmt::Write as _;

use admin::tokens::Issued;
use admin::tokens::issue::NewToken;
use admin::tokens::list::TokenSummary;
use admin::tokens::rotate::Rotated;
use admin::view::{TokenIssued, TokenRotated, TokenView};
use anyhow::Context as _;
use chrono::{DateTime, TimeDelta, Utc};
use clap::Subcommand;
use domain::credential::Token;
use domain::network::AllowedNetworks;
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
        /// A network that it may be used from, such as 203.0.113.0/24; may be given again. Without it: from anywhere.
        #[arg(long, value_name = "CIDR")]
        ip: Vec<String>,
    },
    /// List tokens: their ids, ends, last uses, findings, and what apps are told instead of the id; never the secrets.
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
        /// A network that the new one may be used from; may be given again; any for everywhere. Without it: those of the old one.
        #[arg(long, value_name = "CIDR")]
        ip: Vec<String>,
    },
    /// Renewals that write a new token into the customer's Entra app (usher directory continuity).
    #[command(subcommand)]
    Continuity(continuity::Verb),
    /// Take a token back, or all of a tenant's with its OAuth clients, effective at the next request. To stop requests for a while only: usher tenant
    /// freeze.
    Revoke {
        /// The tenant's name.
        #[arg(long)]
        tenant: String,
        /// The token's id: the 12 characters after usher_x_, as `usher token list` shows them.
        #[arg(required_unless_present = "all")]
        id: Option<String>,
        /// All tokens of the tenant, in one transaction; asks for --reason and --confirm.
        #[arg(long, conflicts_with = "id", requires = "reason")]
        all: bool,
        /// Why, for the audit log.
        #[arg(long, value_name = "TEXT", requires = "all")]
        reason: Option<String>,
        /// The tenant's name once more; without it the command says what it would do.
        #[arg(long, value_name = "NAME", requires = "all")]
        confirm: Option<String>,
    },
}

pub(super) async fn run(context: &admin::Context, printer: Printer, verb: Verb) -> anyhow::Result<()> {
    match verb {
        Verb::Issue {
            tenant,
            profile,
            label,
            expires_in,
            ip,
        } => {
            let new = NewToken {
                label,
                life: expires_in.span(),
                networks: networks(&ip)?.unwrap_or_default(),
            };
            let issued = admin::tokens::issue::execute(context, &tenant, &profile, new).await?;
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
            ip,
        } => {
            let (lifetime, networks) = (expires_in.span(), networks(&ip)?);
            let rotated =
                admin::tokens::rotate::execute(context, &tenant, &profile, overlap, lifetime, networks)
                    .await?;
            printer.answer(&json!(TokenRotated::from(&rotated)), || {
                rotated_text(&rotated, context.clock.now())
            });
            warn_of_unlimited(expires_in);
            printer.note(
                "The token is shown this once. `usher token list` tells when an old one was last used.",
            );
        }
        Verb::Continuity(verb) => continuity::run(context, printer, verb).await?,
        Verb::Revoke {
            tenant,
            id: None,
            reason,
            confirm,
            ..
        } => {
            let reason = reason.unwrap_or_default();
            let revoked =
                admin::tokens::revoke_all::execute(context, &tenant, &reason, confirm.as_deref()).await?;
            let (tokens, clients) = (revoked.tokens, revoked.clients);
            let shape = json!({"tenant": tenant, "revoked": tokens, "revokedClients": clients});
            printer.answer(&shape, || {
                format!("{tokens} tokens and {clients} OAuth clients of {tenant} are revoked; next: usher token issue --tenant {tenant} --profile PROFILE")
            });
        }
        Verb::Revoke {
            tenant, id: Some(id), ..
        } => {
            let token = admin::tokens::revoke::execute(context, &tenant, &id).await?;
            let shape = json!({"id": token.id, "revokedAt": token.revoked_at});
            printer.answer(&shape, || format!("token {} is revoked", token.id));
        }
    }
    Ok(())
}

/// The networks of `--ip`; `None` when it was not given.
fn networks(ip: &[String]) -> anyhow::Result<Option<AllowedNetworks>> {
    match ip {
        [] => Ok(None),
        [any] if any == "any" => Ok(Some(AllowedNetworks::default())),
        some => Ok(Some(AllowedNetworks::of(some).context("--ip")?)),
    }
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
        let used = last_use(old, now);
        let _ = write!(
            text,
            "\nold token   {} …{}  ends {end}, last used {used}",
            old.id, old.last_four
        );
    }
    text
}

fn last_use(token: &Token, now: DateTime<Utc>) -> String {
    let from = token.last_used_from.map(|network| format!(" from {network}"));
    format!("{}{}", ago(token.last_used_at, now), from.unwrap_or_default())
}

pub(super) fn allowed(networks: &AllowedNetworks) -> String {
    if networks.are_any() {
        "anywhere".to_owned()
    } else {
        networks.to_string()
    }
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
        "findings",
        "used from",
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
            last_use(token, now),
            token
                .revoked_at
                .or(token.expires_at)
                .map_or_else(|| "never".to_owned(), moment),
            moment(token.created_at),
            listed
                .findings
                .iter()
                .map(|finding| finding.as_str())
                .collect::<Vec<_>>()
                .join(" "),
            allowed(&token.allowed_networks),
            listed.alias.clone(),
            token.label.clone().unwrap_or_default(),
        ]
    };
    Table::of(head, found.iter().map(row))
}
