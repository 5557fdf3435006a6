//! `tenant`: customer organisations.

use chrono::{DateTime, Utc};
use domain::scope::TenantScope;
use domain::tenant::Tenant;

use super::names::{At, Name, OfTenant};
use crate::admin_tx::AdminTx;
use crate::engine::parameter::parameters;
use crate::engine::read::record;
use crate::engine::statement::Statement;
use crate::error::Result;
use crate::store::Store;

pub(crate) const COLUMNS: &str = "id, name, external_tenant_id, created_at, frozen_at";

record!(Tenant: id name external_tenant_id created_at frozen_at);

/// PostgreSQL: opens one tenant's rows in a transaction.
pub(crate) static OPEN: Statement<OfTenant> =
    Statement::new(|_| "SELECT set_config('usher.tenant', :tenant::text, true)".into());

parameters!(&Tenant, |tenant| {
    id: tenant.id,
    name: tenant.name.as_str(),
    external_tenant_id: tenant.external_tenant_id.as_deref(),
    created_at: tenant.created_at,
});

pub(crate) static INSERT: Statement<&Tenant> = Statement::new(|_| {
    "INSERT INTO tenant (id, name, external_tenant_id, created_at) VALUES (:id, :name, :external_tenant_id, :created_at)"
        .into()
});

pub(crate) static FREEZE: Statement<(OfTenant, At)> =
    Statement::new(|_| "UPDATE tenant SET frozen_at = :at WHERE id = :tenant AND frozen_at IS NULL".into());

pub(crate) static UNFREEZE: Statement<OfTenant> = Statement::new(|_| {
    "UPDATE tenant SET frozen_at = NULL WHERE id = :tenant AND frozen_at IS NOT NULL".into()
});

pub(crate) static BY_NAME: Statement<Name<'_>, Tenant> =
    Statement::new(|_| format!("SELECT {COLUMNS} FROM tenant WHERE name = :name"));

pub(crate) static ALL: Statement<(), Tenant> =
    Statement::new(|_| format!("SELECT {COLUMNS} FROM tenant ORDER BY name"));

impl AdminTx {
    /// Adds a tenant.
    ///
    /// # Errors
    /// [`crate::StoreError::Conflict`] when the name is taken, [`crate::StoreError::Unavailable`].
    pub async fn create_tenant(&mut self, new: &Tenant) -> Result<()> {
        self.executor.change(&INSERT, new).await.map(|_| ())
    }

    /// Freezes all directories of a tenant from `at` on; `false` when it is frozen.
    ///
    /// # Errors
    /// [`crate::StoreError::Unavailable`].
    pub async fn freeze_tenant(&mut self, scope: TenantScope, at: DateTime<Utc>) -> Result<bool> {
        Ok(self.executor.change(&FREEZE, (of(scope), At(at))).await? > 0)
    }

    /// Ends [`AdminTx::freeze_tenant`]; `false` when it is not frozen. A directory that is frozen by itself stays so.
    ///
    /// # Errors
    /// [`crate::StoreError::Unavailable`].
    pub async fn unfreeze_tenant(&mut self, scope: TenantScope) -> Result<bool> {
        Ok(self.executor.change(&UNFREEZE, of(scope)).await? > 0)
    }
}

impl Store {
    /// The tenant of that name.
    ///
    /// # Errors
    /// [`crate::StoreError::Unavailable`], [`crate::StoreError::Corrupt`].
    pub async fn tenant_by_name(&self, name: &str) -> Result<Option<Tenant>> {
        self.autocommit().one(&BY_NAME, Name(name)).await
    }

    /// All tenants, by name.
    ///
    /// # Errors
    /// As [`Store::tenant_by_name`].
    pub async fn tenants(&self) -> Result<Vec<Tenant>> {
        self.autocommit().all(&ALL, ()).await
    }
}

/// The tenant of a scope.
pub(crate) fn of(scope: TenantScope) -> OfTenant {
    OfTenant(scope.tenant())
}
