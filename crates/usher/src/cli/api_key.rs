//! `usher api-key create | list | rotate | revoke`.

use admin::api_keys::Issued;
use admin::api_keys::create::NewKey;
use admin::view::{ApiKeyIssued, ApiKeyRotated, ApiKeyView};
use anyhow::Context as _;
use chrono::TimeDelta;
use clap::Subcommand;
use domain::api_key::ApiKey;
use domain::credential::CredentialStatus;
use domain::network::AllowedNetworks;
use domain::role::{Granted, Role, Scope};
use serde_json::json;

use super::show::{Printer, Table, ago, moment};
use super::token::allowed;
use super::{one_of, span};

#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Make an API key for the admin API, with a role or single rights; it is shown once.
    Create(Create),
    /// List the API keys: what they may do and where, their ends and last uses; never the secrets.
    List,
    /// Make a new key that may do the same as another one; that one ends after an overlap.
    Rotate {
        /// The key's id: the 12 characters after usheradm_x_, as `usher api-key list` shows them.
        id: String,
        /// How long the old one still works, such as 7d; 0 ends it at once.
        #[arg(long, value_name = "SPAN", value_parser = span::parse, default_value = "7d")]
        overlap: TimeDelta,
        /// How long the new one lives; at most 365d.
        #[arg(long, visible_alias = "expires", value_name = "SPAN", value_parser = span::parse, default_value = "90d")]
        expires_in: TimeDelta,
    },
    /// Take a key back, effective at the next request.
    Revoke {
        /// The key's id.
        id: String,
    },
}

#[derive(Debug, clap::Args)]
pub struct Create {
    /// What it may do: a role.
    #[arg(long, value_parser = one_of(Role::ALL), required_unless_present = "rights", conflicts_with = "rights")]
    role: Option<Role>,
    /// What it may do: one right, such as token:issue, or scim:manage for all that manages a SCIM connection; may be repeated.
    #[arg(long = "right", value_name = "RIGHT")]
    rights: Vec<String>,
    /// Limit it to this tenant.
    #[arg(long)]
    tenant: Option<String>,
    /// Limit it to the tenant's directory of this profile.
    #[arg(long, requires = "tenant")]
    profile: Option<String>,
    /// Limit it to this app.
    #[arg(long, conflicts_with = "tenant")]
    app: Option<String>,
    /// How long it lives; at most 365d.
    #[arg(long, visible_alias = "expires", value_name = "SPAN", value_parser = span::parse, default_value = "90d")]
    expires_in: TimeDelta,
    /// Where it may be used from: an address, or a network such as 192.0.2.0/24; may be repeated.
    #[arg(long = "ip", value_name = "NETWORK")]
    networks: Vec<String>,
    /// A word to know it by.
    #[arg(long)]
    label: Option<String>,
}

pub(super) async fn run(context: &admin::Context, printer: Printer, verb: Verb) -> anyhow::Result<()> {
    match verb {
        Verb::Create(create) => {
            let issued = admin::api_keys::create::execute(context, create.try_into()?, None).await?;
            printer.answer(&json!(ApiKeyIssued::from(&issued)), || issued_text(&issued));
            printer.note("The key is shown this once. Send it as \"Authorization: Bearer usheradm_…\".");
        }
        Verb::List => {
            let found = admin::api_keys::list::execute(context).await?;
            let json = found
                .iter()
                .map(|(key, status)| json!(ApiKeyView::of(key, *status)))
                .collect();
            let empty = "no API keys yet: usher api-key create --role operator";
            printer.list(json, empty, || table(&found, context));
        }
        Verb::Rotate {
            id,
            overlap,
            expires_in,
        } => {
            let rotated = admin::api_keys::rotate::execute(context, &id, overlap, expires_in, None).await?;
            printer.answer(&json!(ApiKeyRotated::from(&rotated)), || {
                let old = &rotated.old;
                format!(
                    "{}\nold key  {} …{}  ends {}",
                    issued_text(&rotated.issued),
                    old.id,
                    old.last_four,
                    moment(old.expires_at)
                )
            });
            printer.note("The key is shown this once.");
        }
        Verb::Revoke { id } => {
            let key = admin::api_keys::revoke::execute(context, &id).await?;
            let json = json!({"id": key.id, "revokedAt": key.revoked_at});
            printer.answer(&json, || format!("API key {} is revoked", key.id));
        }
    }
    Ok(())
}

impl TryFrom<Create> for NewKey {
    type Error = anyhow::Error;

    fn try_from(create: Create) -> anyhow::Result<Self> {
        Ok(Self {
            label: create.label,
            role: create.role,
            rights: create.rights,
            tenant: create.tenant,
            profile: create.profile,
            app: create.app,
            networks: AllowedNetworks::of(&create.networks).context("--ip")?,
            life: create.expires_in,
        })
    }
}

fn issued_text(issued: &Issued) -> String {
    let key = &issued.key;
    format!(
        "API key  {}\nmay      {}\nin       {}\nends     {}",
        issued.secret.reveal(),
        may(key),
        place(key),
        moment(key.expires_at)
    )
}

fn table(found: &[(ApiKey, CredentialStatus)], context: &admin::Context) -> Table {
    let now = context.clock.now();
    let head = [
        "id",
        "secret",
        "may",
        "in",
        "standing",
        "last used",
        "ends",
        "from",
        "label",
    ];
    let row = |(key, status): &(ApiKey, CredentialStatus)| {
        [
            key.id.to_string(),
            format!("…{}", key.last_four),
            may(key),
            place(key),
            status.as_str().to_owned(),
            ago(key.last_used_at, now),
            moment(key.revoked_at.unwrap_or(key.expires_at)),
            allowed(&key.networks),
            key.label.clone().unwrap_or_default(),
        ]
    };
    Table::of(head, found.iter().map(row))
}

fn may(key: &ApiKey) -> String {
    match &key.grant.granted {
        Granted::Role(role) => role.as_str().to_owned(),
        Granted::Rights(rights) => rights
            .iter()
            .map(|right| right.as_str())
            .collect::<Vec<_>>()
            .join(" "),
    }
}

fn place(key: &ApiKey) -> String {
    let name = key.scope_name.as_deref().unwrap_or("(deleted)");
    match &key.grant.scope {
        Scope::All => "everything".to_owned(),
        Scope::Tenant(_) => format!("tenant {name}"),
        Scope::Directory(_, profile) => format!("tenant {name}, {}", profile.as_str()),
        Scope::App(_) => format!("app {name}"),
    }
}
