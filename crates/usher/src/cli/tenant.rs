//! `usher tenant create | list`.

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
                    ]
                };
                Table::of(
                    ["name", "id", "entra tenant id", "created"],
                    tenants.iter().map(row),
                )
            });
        }
    }
    Ok(())
}
