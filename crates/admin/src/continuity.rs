//! Token continuity (ADR 0051): what a customer consented to, and the renewals of a directory's token.
//!
//! [`set`], [`off`], [`get`], [`list`] and [`start`] are operators' use-cases; [`steps`] is what the background jobs do with a renewal
//! in the database. Must not know: Microsoft Graph (`crates/jobs` speaks it).

pub mod get;
pub mod list;
pub mod off;
pub mod set;
pub mod start;
pub mod steps;

use domain::audit::{Action, AuditEntry, Chain, Target};
use domain::continuity::{Continuity, Renewal};
use domain::tenant::{Directory, Slug, Tenant};
use store::StoreError;

use crate::{Context, Error};

/// The kind of the job that brings a renewal's new token to Entra; its key is the id of the renewal.
pub const RENEWAL_JOB: &str = "token_continuity";

/// What is set for a directory, with the names of both; `None`: the customer has not consented.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// The name of the tenant.
    pub tenant: Slug,
    /// The directory.
    pub directory: Directory,
    /// What is set.
    pub continuity: Option<Continuity>,
}

/// A renewal, with the names of its tenant and its directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedRenewal {
    /// The name of the tenant.
    pub tenant: Slug,
    /// The directory.
    pub directory: Directory,
    /// The renewal.
    pub renewal: Renewal,
}

impl NamedRenewal {
    fn of(tenant: &Tenant, directory: &Directory, renewal: Renewal) -> Self {
        Self {
            tenant: tenant.name.clone(),
            directory: directory.clone(),
            renewal,
        }
    }
}

fn audit(context: &Context, action: Action, directory: &Directory) -> AuditEntry {
    let (chain, target) = (Chain::Tenant(directory.tenant), Target::Directory(directory.id));
    context
        .audit(chain, action, target)
        .with("profile", directory.profile.as_str())
}

/// The renewal of a directory that has not ended.
async fn unended(context: &Context, directory: &Directory) -> Result<Option<Renewal>, StoreError> {
    let scope = Context::scope(directory.tenant);
    // Only the newest one may be unended.
    let newest = context
        .store
        .renewals(scope, directory.id, 1)
        .await?
        .into_iter()
        .next();
    Ok(newest.filter(|renewal| renewal.ended_at.is_none()))
}

async fn found(context: &Context, tenant: &str, profile: &str) -> Result<(Tenant, Directory), Error> {
    let tenant = context.tenant(tenant).await?;
    let directory = context.directory(&tenant, profile).await?;
    Ok((tenant, directory))
}
