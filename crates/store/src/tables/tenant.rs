//! `tenant`: customer organisations.

use domain::scope::TenantScope;
use domain::tenant::Tenant;

use super::names::{Name, OfTenant};
use crate::admin_tx::AdminTx;
use crate::engine::parameter::parameters;
use crate::engine::read::record;
use crate::engine::statement::Statement;
use crate::error::Result;
use crate::store::Store;

pub(crate) const COLUMNS: &str = "id, name, external_tenant_id, created_at";

record!(Tenant: id name external_tenant_id created_at);

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
    format!("INSERT INTO tenant ({COLUMNS}) VALUES (:id, :name, :external_tenant_id, :created_at)")
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
