//! `token`: secret tokens, found by the id inside them before anything else is known.

use std::sync::LazyLock;

use domain::credential::{SecretHash, Token, TokenRecord};
use domain::id::{DirectoryId, TenantId};
use sea_orm::QueryResult;

use super::directory;
use super::read::Columns;
use crate::error::StoreError;
use crate::sql::Sql;

pub(crate) const COLUMNS: &str =
    "id, tenant_id, directory_id, label, created_at, expires_at, revoked_at, last_used_at, last_four";

fn read_from(columns: &mut Columns<'_>) -> Result<Token, StoreError> {
    Ok(Token {
        id: columns.next()?,
        tenant: TenantId::from_uuid(columns.next()?),
        directory: DirectoryId::from_uuid(columns.next()?),
        label: columns.next()?,
        created_at: columns.time()?,
        expires_at: columns.time_or_none()?,
        revoked_at: columns.time_or_none()?,
        last_used_at: columns.time_or_none()?,
        last_four: columns.next()?,
    })
}

pub(crate) fn read(row: &QueryResult) -> Result<Token, StoreError> {
    read_from(&mut Columns::of(row))
}

/// Everything about a presented token in one round trip: `$1` its id.
///
/// PostgreSQL: `usher.token` opens that one row for reading; the row's tenant then opens its directory. Each step is a
/// `LATERAL` that needs the step before, so the settings are made in this order; none is compared with a column (see [`crate::sql`]).
pub(crate) static RECORD: LazyLock<Sql> = LazyLock::new(|| {
    let of = |alias: &str, columns: &str| {
        columns
            .split(", ")
            .map(|column| format!("{alias}.{column}"))
            .collect::<Vec<_>>()
            .join(", ")
    };
    let (token, dir) = (of("t", COLUMNS), of("d", directory::COLUMNS));
    Sql::pair(
        &format!(
            "SELECT {token}, t.hash, t.hash_version, {dir}, d.name, d.external_tenant_id \
             FROM (SELECT set_config('usher.token', $1, true) AS id) p \
             CROSS JOIN LATERAL (SELECT * FROM token WHERE token.id = $1 AND p.id IS NOT NULL OFFSET 0) t \
             CROSS JOIN LATERAL (SELECT set_config('usher.tenant', t.tenant_id::text, true) AS tenant OFFSET 0) s \
             CROSS JOIN LATERAL (SELECT directory.*, tenant.name, tenant.external_tenant_id FROM directory \
             JOIN tenant ON tenant.id = directory.tenant_id \
             WHERE directory.tenant_id = t.tenant_id AND directory.id = t.directory_id AND s.tenant IS NOT NULL OFFSET 0) d"
        ),
        &format!(
            "SELECT {token}, t.hash, t.hash_version, {dir}, n.name, n.external_tenant_id FROM token t \
             JOIN directory d ON d.tenant_id = t.tenant_id AND d.id = t.directory_id \
             JOIN tenant n ON n.id = t.tenant_id WHERE t.id = $1"
        ),
    )
});

pub(crate) fn read_record(row: &QueryResult) -> Result<TokenRecord, StoreError> {
    let mut columns = Columns::of(row);
    Ok(TokenRecord {
        token: read_from(&mut columns)?,
        hash: SecretHash {
            phc: columns.next()?,
            version: columns.next()?,
        },
        directory: directory::read_from(&mut columns)?,
        tenant_name: columns.parsed("a tenant's name", |name| name.parse().ok())?,
        external_tenant_id: columns.next()?,
    })
}
