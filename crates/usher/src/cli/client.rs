//! `usher client create | list | add-secret | revoke-secret | end-tokens | revoke`.

use admin::clients::Issued;
use admin::clients::create::{NewClient, NewFederation};
use admin::clients::list::ClientSummary;
use admin::view::{ClientIssued, ClientSecretView, ClientView};
use chrono::{DateTime, TimeDelta, Utc};
use clap::Subcommand;
use domain::credential::CredentialStatus;
use serde_json::json;

use super::show::{Printer, Table, ago, moment};
use super::span;

#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Make an OAuth client of a directory: with a secret, which is shown once, or with an identity of Entra's.
    Create(Box<Create>),
    /// List clients with their secrets' ids, ends and last uses; never the secrets.
    List {
        /// The tenant's name.
        #[arg(long)]
        tenant: String,
        /// Of this directory only.
        #[arg(long)]
        profile: Option<String>,
    },
    /// Give a client one more secret, at most three usable ones; it is shown once.
    AddSecret {
        /// The tenant's name.
        #[arg(long)]
        tenant: String,
        /// The client's id.
        id: String,
        /// How long it lives, such as 365d; at most 1095d.
        #[arg(long, value_name = "SPAN", value_parser = span::parse, default_value = "365d")]
        expires_in: TimeDelta,
    },
    /// Take a secret back, with the access tokens that were made with it; those of the client's other secrets go on.
    RevokeSecret {
        /// The tenant's name.
        #[arg(long)]
        tenant: String,
        /// The client's id.
        id: String,
        /// The secret's id: the 12 characters after ushercs_x_, as `usher client list` shows them.
        secret: String,
    },
    /// End a client's access tokens, for one that leaked; the client may ask for new ones.
    EndTokens {
        /// The tenant's name.
        #[arg(long)]
        tenant: String,
        /// The client's id.
        id: String,
    },
    /// Take a client back with its secrets and access tokens, effective at the next request.
    Revoke {
        /// The tenant's name.
        #[arg(long)]
        tenant: String,
        /// The client's id.
        id: String,
    },
}

#[derive(Debug, clap::Args)]
pub struct Create {
    /// The tenant's name.
    #[arg(long)]
    tenant: String,
    /// The profile of the directory.
    #[arg(long)]
    profile: String,
    /// A word to know it by.
    #[arg(long)]
    label: Option<String>,
    /// How long its secret lives, such as 365d; at most 1095d.
    #[arg(long, value_name = "SPAN", value_parser = span::parse, default_value = "365d")]
    expires_in: TimeDelta,
    /// For an identity of Entra's instead of a secret: the id of the customer's Entra tenant (tid).
    #[arg(long, value_name = "ID", requires_all = ["subject", "audience"])]
    entra_tenant: Option<String>,
    /// The object id of the application that provisions, in that Entra tenant (sub).
    #[arg(long, value_name = "ID", requires = "entra_tenant")]
    subject: Option<String>,
    /// What Entra sends as aud, such as api://APPLICATION-ID; may be repeated.
    #[arg(long, value_name = "TEXT", requires = "entra_tenant")]
    audience: Vec<String>,
    /// What Entra sends as iss; that of Entra's tokens of version 2 without it.
    #[arg(long, value_name = "URL", requires = "entra_tenant")]
    issuer: Option<String>,
    /// Where the issuer's keys are read, at a host of oauth.key_hosts; Entra's address without it.
    #[arg(long, value_name = "URL", requires = "entra_tenant")]
    keys_url: Option<String>,
}

pub(super) async fn run(context: &admin::Context, printer: Printer, verb: Verb) -> anyhow::Result<()> {
    match verb {
        Verb::Create(create) => {
            let (tenant, profile) = (create.tenant.clone(), create.profile.clone());
            let new = NewClient::from(*create);
            let issued = admin::clients::create::execute(context, &tenant, &profile, new).await?;
            show_issued(printer, &issued);
        }
        Verb::List { tenant, profile } => {
            let found = admin::clients::list::execute(context, &tenant, profile.as_deref()).await?;
            let json = found.iter().map(|listed| json!(ClientView::of(&tenant, listed)));
            let empty = format!("no clients: usher client create --tenant {tenant} --profile PROFILE");
            printer.list(json.collect(), &empty, || table(&found, context.clock.now()));
        }
        Verb::AddSecret {
            tenant,
            id,
            expires_in,
        } => {
            let issued = admin::clients::add_secret::execute(context, &tenant, &id, expires_in).await?;
            show_issued(printer, &issued);
        }
        Verb::RevokeSecret { tenant, id, secret } => {
            let revoked = admin::clients::revoke_secret::execute(context, &tenant, &id, &secret).await?;
            let status = revoked.status(context.clock.now());
            printer.answer(&json!(ClientSecretView::of(&revoked, status)), || {
                format!("secret {} of client {id} is revoked", revoked.id)
            });
        }
        Verb::EndTokens { tenant, id } => {
            let client = admin::clients::end_tokens::execute(context, &tenant, &id).await?;
            let json = json!({"clientId": client.id});
            printer.answer(&json, || {
                format!("the access tokens of client {} have ended", client.id)
            });
        }
        Verb::Revoke { tenant, id } => {
            let client = admin::clients::revoke::execute(context, &tenant, &id).await?;
            let json = json!({"clientId": client.id, "revokedAt": client.revoked_at});
            printer.answer(&json, || format!("client {} is revoked", client.id));
        }
    }
    Ok(())
}

impl From<Create> for NewClient {
    fn from(create: Create) -> Self {
        let (subject, audiences) = (create.subject.unwrap_or_default(), create.audience);
        let (issuer, keys_url) = (create.issuer, create.keys_url);
        Self {
            label: create.label,
            life: create.expires_in,
            federation: create.entra_tenant.map(|entra_tenant| NewFederation {
                entra_tenant,
                subject,
                audiences,
                issuer,
                keys_url,
            }),
        }
    }
}

fn show_issued(printer: Printer, issued: &Issued) {
    printer.answer(&json!(ClientIssued::from(issued)), || {
        let secret = issued.secret.as_ref().map(|secret| {
            format!(
                "\nClient secret   {}\nends            {}",
                secret.text.reveal(),
                moment(secret.secret.expires_at)
            )
        });
        format!(
            "Tenant URL      {}\nToken endpoint  {}\nClient id       {}{}",
            issued.tenant_url,
            issued.token_url,
            issued.client.id,
            secret.unwrap_or_default()
        )
    });
    if issued.secret.is_some() {
        printer.note("The secret is shown this once. Paste all four into Entra and run \"Test Connection\".");
    }
}

fn table(found: &[ClientSummary], now: DateTime<Utc>) -> Table {
    let head = [
        "profile",
        "client",
        "standing",
        "proves itself by",
        "secret",
        "last used",
        "ends",
        "label",
    ];
    let mut rows = Vec::new();
    for listed in found {
        let client = &listed.client;
        let row = |by: String, secret: String, used: String, ends: String| {
            let standing = if client.revoked_at.is_some() {
                CredentialStatus::Revoked
            } else {
                CredentialStatus::Active
            };
            [
                listed.profile.to_string(),
                client.id.to_string(),
                standing.as_str().to_owned(),
                by,
                secret,
                used,
                ends,
                client.label.clone().unwrap_or_default(),
            ]
        };
        if let Some(federation) = &client.federation {
            let by = format!("{} of {}", federation.subject, federation.entra_tenant);
            rows.push(row(by, String::new(), String::new(), String::new()));
        }
        for (secret, status) in &listed.secrets {
            rows.push(row(
                format!("secret, {}", status.as_str()),
                format!("{} …{}", secret.id, secret.last_four),
                ago(secret.last_used_at, now),
                moment(secret.revoked_at.unwrap_or(secret.expires_at)),
            ));
        }
    }
    Table::of(head, rows)
}
