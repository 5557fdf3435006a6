//! Directories: tenant × profile, one Tenant URL each.

pub mod change;
pub mod create;
pub mod extension;
pub mod freeze;
pub mod get;
pub mod list;
pub mod oauth;

use chrono::{DateTime, Utc};
use data_encoding::HEXLOWER;
use domain::audit::{Action, AuditEntry, Chain, Target};
use domain::tenant::{Directory, Slug, Tenant};
use sha2::{Digest as _, Sha256};

use crate::Context;

/// A directory with its tenant's name and its URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// The directory as stored.
    pub directory: Directory,
    /// The name of the tenant.
    pub tenant: Slug,
    /// Since when the whole tenant is frozen.
    pub tenant_frozen_at: Option<DateTime<Utc>>,
    /// The Tenant URL to paste into Entra.
    pub tenant_url: String,
}

impl Named {
    /// The version of its settings, as an ETag (RFC 9110 §8.8.3): the same settings have the same one. Being frozen is no
    /// setting.
    pub fn version(&self) -> String {
        let Directory {
            provider,
            switch,
            extension,
            ..
        } = &self.directory;
        let settings = (provider.as_str(), switch.as_str(), extension.as_deref());
        let digest = HEXLOWER.encode(&Sha256::digest(format!("{settings:?}")));
        format!("\"{digest:.16}\"")
    }

    fn of(context: &Context, tenant: &Tenant, directory: Directory) -> Self {
        Self {
            tenant_url: context.tenant_url(&directory.profile),
            directory,
            tenant: tenant.name.clone(),
            tenant_frozen_at: tenant.frozen_at,
        }
    }
}

/// The row of the audit log for a change of a directory's settings.
fn audit(context: &Context, action: Action, directory: &Directory) -> AuditEntry {
    context
        .audit(
            Chain::Tenant(directory.tenant),
            action,
            Target::Directory(directory.id),
        )
        .with("profile", directory.profile.as_str())
}
