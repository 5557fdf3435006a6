//! `tenant`: customer organisations.

use domain::id::TenantId;
use domain::tenant::Tenant;
use sea_orm::{QueryResult, Value};

use super::read::Columns;
use crate::error::StoreError;
use crate::sql::text;

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

pub(crate) fn values(tenant: &Tenant) -> Vec<Value> {
    vec![
        Value::from(tenant.id.uuid()),
        Value::from(tenant.name.as_str()),
        text(tenant.external_tenant_id.as_deref()),
        Value::from(tenant.created_at.timestamp_millis()),
    ]
}
