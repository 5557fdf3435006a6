//! `usher token issue | list | rotate | revoke`.

use std::fmt::Write as _;

use admin::tokens::Issued;
use admin::tokens::list::TokenSummary;
use admin::tokens::rotate::Rotated;
use chrono::{DateTime, TimeDelta, Utc};
use clap::Subcommand;
use domain::credential::Token;
use serde_json::{Value, json};

use super::show::{Printer, Table, ago, moment, with};
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
            printer.answer(&issued_shape(&issued), || issued_text(&issued));
            warn_of_unlimited(expires_in);
            printer.note("The token is shown this once. Paste both into Entra and run \"Test Connection\".");
        }
        Verb::List { tenant, profile } => {
            let found = admin::tokens::list::execute(context, &tenant, profile.as_deref()).await?;
            let json = found.iter().map(|listed| listed_shape(&tenant, listed)).collect();
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
            printer.answer(&rotated_shape(&rotated), || {
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

fn issued_shape(issued: &Issued) -> Value {
    json!({
        "id": issued.token.id,
        "token": issued.secret.reveal(),
        "tenantUrl": issued.tenant_url,
        "expiresAt": issued.token.expires_at,
        "label": issued.token.label,
    })
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

fn rotated_shape(rotated: &Rotated) -> Value {
    let ending = rotated.ending.iter().map(token_shape).collect();
    with(issued_shape(&rotated.issued), [("ending", ending)])
}

fn listed_shape(tenant: &str, listed: &TokenSummary) -> Value {
    let more = [
        ("tenant", json!(tenant)),
        ("alias", json!(listed.alias)),
        ("profile", json!(listed.profile)),
        ("standing", json!(listed.standing)),
    ];
    with(token_shape(&listed.token), more)
}

fn token_shape(token: &Token) -> Value {
    json!({
        "id": token.id,
        "lastFour": token.last_four,
        "label": token.label,
        "createdAt": token.created_at,
        "expiresAt": token.expires_at,
        "revokedAt": token.revoked_at,
        "lastUsedAt": token.last_used_at,
    })
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
