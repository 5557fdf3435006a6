//! Directories: tenant × profile, one Tenant URL each.

pub mod create;
pub mod extension;
pub mod list;
pub mod set;
pub mod switch;

use domain::tenant::{Directory, Slug};

/// A directory with what an operator calls it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// The record.
    pub directory: Directory,
    /// The tenant's name.
    pub tenant: Slug,
    /// The Tenant URL to paste into Entra.
    pub tenant_url: String,
}
