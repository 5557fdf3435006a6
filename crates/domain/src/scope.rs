//! The right to open one tenant's data.

use crate::id::TenantId;

/// Proof of the right to open this tenant's data; `store::TenantTx` requires it (ADR 0002).
///
/// Made where a credential was verified, by the snapshot of a feed, and by the operator's use-cases. Everywhere else
/// [`TenantScope::mint`] is banned by clippy, and `tests/it/architecture.rs` counts the places.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TenantScope {
    tenant: TenantId,
}

impl TenantScope {
    /// Makes the proof. Read the type's documentation before calling this.
    pub const fn mint(tenant: TenantId) -> Self {
        Self { tenant }
    }

    /// The tenant.
    pub const fn tenant(self) -> TenantId {
        self.tenant
    }
}
