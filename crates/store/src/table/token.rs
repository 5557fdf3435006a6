//! `token`: secret tokens, found by the id inside them before anything else is known.

use chrono::{DateTime, Utc};
use domain::credential::{SecretHash, Token, TokenRecord};
use domain::id::{DirectoryId, TenantId};
use sea_orm::QueryResult;

use super::directory;
use super::read::Columns;
use super::tenant::OfTenant;
use crate::error::StoreError;
use crate::parameter::parameters;
use crate::statement::{Opens, Statement};

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

parameters!(for &Token, |token| {
    id: token.id.as_str(),
    directory: token.directory,
    label: token.label.as_deref(),
    last_four: token.last_four.as_str(),
    created_at: token.created_at,
    expires_at: token.expires_at,
    revoked_at: token.revoked_at,
    last_used_at: token.last_used_at,
});

parameters!(for &SecretHash, |hash| {
    hash: hash.phc.as_str(),
    hash_version: hash.version,
});

pub(crate) static INSERT: Statement<(OfTenant, &Token, &SecretHash)> = Statement::opening(
    Opens::TenantToInsert,
    |_| {
        "INSERT INTO token (tenant_id, id, directory_id, label, last_four, hash, hash_version, created_at, expires_at, \
         revoked_at, last_used_at) SELECT :tenant, :id, :directory, :label, :last_four, :hash, :hash_version, :created_at, \
         :expires_at, :revoked_at, :last_used_at"
            .into()
    },
);

pub(crate) static ALL: Statement<OfTenant> =
    Statement::select(|_| format!("SELECT {COLUMNS} FROM token WHERE tenant_id = :tenant"));

parameters! {
    /// A token by the id inside it.
    ById<'a> { id: &'a str }
}

pub(crate) static BY_ID: Statement<(OfTenant, ById<'_>)> =
    Statement::select(|_| format!("SELECT {COLUMNS} FROM token WHERE tenant_id = :tenant AND id = :id"));

parameters! {
    /// When something happens to a token, or did.
    At { at: DateTime<Utc> }
}

pub(crate) static REVOKE: Statement<(OfTenant, ById<'_>, At)> = Statement::new(|_| {
    "UPDATE token SET revoked_at = :at WHERE tenant_id = :tenant AND id = :id AND revoked_at IS NULL".into()
});

pub(crate) static LIMIT: Statement<(OfTenant, ById<'_>, At)> = Statement::new(|_| {
    "UPDATE token SET expires_at = :at WHERE tenant_id = :tenant AND id = :id \
         AND (expires_at IS NULL OR expires_at > :at)"
        .into()
});

pub(crate) static NOTE_USE: Statement<(ById<'_>, At)> = Statement::new(|_| {
    "UPDATE token SET last_used_at = :at WHERE id = :id AND coalesce(last_used_at, 0) < :at".into()
});

/// Everything of a token, its directory and its tenant that a request acts on, as one text.
macro_rules! state {
    () => {
        "coalesce(CAST(t.revoked_at AS text), '') || '|' || coalesce(CAST(t.expires_at AS text), '') || '|' || \
         CAST(t.hash_version AS text) || '|' || d.switch || '|' || d.provider || '|' || d.profile || '|' || n.name || '|' || \
         coalesce(n.external_tenant_id, '') || '|' || coalesce(d.extension, '')"
    };
}

/// A `SELECT` of a row if the token `:credential_id` of `:tenant` has the state `:credential_state`.
pub(crate) const UNCHANGED: &str = concat!(
    "SELECT 1 FROM token t JOIN directory d ON d.tenant_id = t.tenant_id AND d.id = t.directory_id \
     JOIN tenant n ON n.id = t.tenant_id WHERE t.tenant_id = :tenant AND t.id = :credential_id AND ",
    state!(),
    " = :credential_state"
);

/// Checks the credential and does nothing else, where it is guarded.
pub(crate) static CHECK: Statement<OfTenant> = Statement::select(|_| "SELECT 1 WHERE :tenant IS NULL".into());

/// Everything about a presented token in one round trip.
///
/// PostgreSQL: `usher.token` opens that one row for reading; the row's tenant then opens its directory. Each step is a
/// `LATERAL` that needs the step before, so the settings are made in this order; none is compared with a column (see
/// [`crate::statement`]).
pub(crate) static RECORD: Statement<ById<'_>> = Statement::new(|on| {
    let of = |alias: &str, columns: &str| {
        let columns = columns.split(", ").map(|column| format!("{alias}.{column}"));
        columns.collect::<Vec<_>>().join(", ")
    };
    let (token, dir) = (of("t", COLUMNS), of("d", directory::COLUMNS));
    let state = state!();

    on.either(
            format!(
                "SELECT {token}, t.hash, t.hash_version, {dir}, d.name, d.external_tenant_id, d.state \
                 FROM (SELECT set_config('usher.token', :id, true) AS id) p \
                 CROSS JOIN LATERAL (SELECT * FROM token WHERE token.id = :id AND p.id IS NOT NULL OFFSET 0) t \
                 CROSS JOIN LATERAL (SELECT set_config('usher.tenant', t.tenant_id::text, true) AS tenant OFFSET 0) s \
                 CROSS JOIN LATERAL (SELECT d.*, n.name, n.external_tenant_id, {state} AS state FROM directory d \
                 JOIN tenant n ON n.id = d.tenant_id \
                 WHERE d.tenant_id = t.tenant_id AND d.id = t.directory_id AND s.tenant IS NOT NULL OFFSET 0) d"
            ),
            format!(
                "SELECT {token}, t.hash, t.hash_version, {dir}, n.name, n.external_tenant_id, {state} FROM token t \
                 JOIN directory d ON d.tenant_id = t.tenant_id AND d.id = t.directory_id \
                 JOIN tenant n ON n.id = t.tenant_id WHERE t.id = :id"
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
        state: columns.next()?,
    })
}
