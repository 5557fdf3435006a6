//! `usher tenant create | list | freeze | unfreeze`.

use admin::view::TenantView;
use clap::Subcommand;
use domain::tenant::Tenant;
use serde_json::json;

use super::show::{Printer, Table, moment};

#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Make a tenant.
    Create {
        /// Its name: 1 to 63 of a-z, 0-9 and '-'; it may stand in a Tenant URL.
        name: String,
        /// The customer's Entra tenant id, when known; told to apps in every event.
        #[arg(long, value_name = "UUID")]
        entra_tenant_id: Option<String>,
    },
    /// List the tenants.
    List,
    /// Answer SCIM of all its directories with 503 for a while: nothing is lost, the identity provider sends again. To end a
    /// credential: usher token revoke.
    Freeze {
        /// Its name.
        name: String,
        /// Why, for the audit log.
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
    },
    /// End a freeze.
    Unfreeze {
        /// Its name.
        name: String,
    },
}

pub(super) async fn run(context: &admin::Context, printer: Printer, verb: Verb) -> anyhow::Result<()> {
    match verb {
        Verb::Create {
            name,
            entra_tenant_id,
        } => {
            let tenant = admin::tenants::create::execute(context, &name, entra_tenant_id).await?;
            printer.answer(&json!(TenantView::from(&tenant)), || {
                format!("tenant {} ({})", tenant.name, tenant.id)
            });
            printer.note(&format!(
                "next: usher directory create --tenant {} --profile {}",
                tenant.name,
                context.profiles.names().join("|")
            ));
        }
        Verb::List => {
            let tenants = admin::tenants::list::execute(context).await?;
            let json = tenants
                .iter()
                .map(|tenant| json!(TenantView::from(tenant)))
                .collect();
            printer.list(json, "no tenants yet: usher tenant create NAME", || {
                let row = |tenant: &Tenant| {
                    [
                        tenant.name.to_string(),
                        tenant.id.to_string(),
                        tenant.external_tenant_id.clone().unwrap_or_default(),
                        moment(tenant.created_at),
                        tenant.frozen_at.map(moment).unwrap_or_default(),
                    ]
                };
                Table::of(
                    ["name", "id", "entra tenant id", "created", "frozen since"],
                    tenants.iter().map(row),
                )
            });
        }
        Verb::Freeze { name, reason } => {
            let tenant = admin::tenants::freeze::freeze(context, &name, reason.as_deref()).await?;
            printer.answer(&json!(TenantView::from(&tenant)), || {
                format!("tenant {name} is frozen: its SCIM requests are answered 503")
            });
            printer.note(&format!("to end it: usher tenant unfreeze {name}"));
        }
        Verb::Unfreeze { name } => {
            let tenant = admin::tenants::freeze::unfreeze(context, &name).await?;
            printer.answer(&json!(TenantView::from(&tenant)), || {
                format!("tenant {name} is not frozen")
            });
        }
    }
    Ok(())
}
