//! `tenant`: customer organisations.

use domain::id::TenantId;
use domain::tenant::Tenant;
use sea_orm::QueryResult;

use super::names::{Name, OfTenant};
use super::read::Columns;
use crate::error::StoreError;
use crate::parameter::parameters;
use crate::statement::Statement;

pub(crate) const COLUMNS: &str = "id, name, external_tenant_id, created_at";

pub(crate) fn read(row: &QueryResult) -> Result<Tenant, StoreError> {
    let mut columns = Columns::of(row);
    Ok(Tenant {
        id: TenantId::from_uuid(columns.next()?),
        name: columns.parsed("a tenant's name", |name| name.parse().ok())?,
        external_tenant_id: columns.next()?,
        created_at: columns.time()?,
    })
}

/// PostgreSQL: opens one tenant's rows in a transaction.
pub(crate) static OPEN: Statement<OfTenant> =
    Statement::new(|_| "SELECT set_config('usher.tenant', :tenant::text, true)".into());

parameters!(for &Tenant, |tenant| {
    id: tenant.id,
    name: tenant.name.as_str(),
    external_tenant_id: tenant.external_tenant_id.as_deref(),
    created_at: tenant.created_at,
});

pub(crate) static INSERT: Statement<&Tenant> = Statement::new(|_| {
    format!("INSERT INTO tenant ({COLUMNS}) VALUES (:id, :name, :external_tenant_id, :created_at)")
});

pub(crate) static BY_NAME: Statement<Name<'_>> =
    Statement::new(|_| format!("SELECT {COLUMNS} FROM tenant WHERE name = :name"));

pub(crate) static ALL: Statement<()> =
    Statement::new(|_| format!("SELECT {COLUMNS} FROM tenant ORDER BY name"));
