//! The audit log, for operators and auditors: search, verify, export, and checkpoints outside the database (ADR 0042).

pub mod anchor;
pub mod checkpoint;
pub mod export;
pub mod list;
pub mod show;
pub mod verify;

use domain::audit::Chain;
use domain::tenant::Slug;

use crate::{Context, Error};

/// Rows that are read at a time.
const PAGE: usize = 1_000;

/// The chains that an operation is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Which {
    /// Every chain.
    All,
    /// The platform's.
    Platform,
    /// That of the tenant with this name.
    Tenant(String),
}

/// A chain with the name that operators know it by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedChain {
    /// The chain.
    pub chain: Chain,
    /// Its tenant; `None` for the platform's chain, and for one whose tenant is not in the database.
    pub tenant: Option<Slug>,
}

impl NamedChain {
    const PLATFORM: Self = Self {
        chain: Chain::Platform,
        tenant: None,
    };

    /// `platform`, the tenant's name, or its id without one.
    pub fn name(&self) -> String {
        self.tenant
            .as_ref()
            .map_or_else(|| self.chain.to_string(), Slug::to_string)
    }
}

/// The chain of a tenant; the platform's without a name.
async fn chain(context: &Context, tenant: Option<&str>) -> Result<NamedChain, Error> {
    let Some(name) = tenant else {
        return Ok(NamedChain::PLATFORM);
    };
    let tenant = context.tenant(name).await?;
    Ok(NamedChain {
        chain: Chain::Tenant(tenant.id),
        tenant: Some(tenant.name),
    })
}

/// The platform's chain first, then the tenants' by name, then those that only their head tells of.
async fn chains(context: &Context, which: &Which) -> Result<Vec<NamedChain>, Error> {
    match which {
        Which::Platform => Ok(vec![NamedChain::PLATFORM]),
        Which::Tenant(name) => Ok(vec![chain(context, Some(name)).await?]),
        Which::All => {
            let heads = context.store.audit_heads().await?;
            let tenants = crate::tenants::list::execute(context).await?;
            let tenants = tenants.into_iter().map(|tenant| NamedChain {
                chain: Chain::Tenant(tenant.id),
                tenant: Some(tenant.name),
            });
            let mut found: Vec<NamedChain> = std::iter::once(NamedChain::PLATFORM).chain(tenants).collect();
            let known: std::collections::HashSet<Chain> = found.iter().map(|named| named.chain).collect();
            let others = heads.into_iter().filter(|head| !known.contains(&head.chain));
            found.extend(others.map(|head| NamedChain {
                chain: head.chain,
                tenant: None,
            }));
            Ok(found)
        }
    }
}
