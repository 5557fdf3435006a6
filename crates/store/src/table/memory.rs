//! `credential_memory`: what is remembered of credentials beside their records, one row a credential (ADR 0031).

use std::net::IpAddr;

use domain::credential::{CredentialKind, Memory, SecretCheck};
use sea_orm::QueryResult;

use super::names::{Kind, Name, PublicId};
use super::read::Columns;
use crate::error::StoreError;
use crate::parameter::parameters;
use crate::statement::Statement;

/// A credential.
pub(crate) type OfCredential<'a> = (Kind<'a>, PublicId<'a>);

pub(crate) fn of(kind: CredentialKind, id: &str) -> OfCredential<'_> {
    (Kind(kind.as_str()), PublicId(id))
}

/// What a request reads. PostgreSQL: `usher.token` opens that one row for reading.
pub(crate) static READ: Statement<OfCredential<'_>> = Statement::new(|on| {
    on.either(
        "SELECT m.* FROM (SELECT set_config('usher.token', :id, true) AS id) p CROSS JOIN LATERAL \
             (SELECT secret_check, hash_version, networks FROM credential_memory \
             WHERE kind = :kind AND id = :id AND p.id IS NOT NULL OFFSET 0) m",
        READ_OPEN,
    )
    .into()
});

const READ_OPEN: &str =
    "SELECT secret_check, hash_version, networks FROM credential_memory WHERE kind = :kind AND id = :id";

/// As [`READ`], where all rows may be written.
pub(crate) static KNOWN: Statement<OfCredential<'_>> = Statement::new(|_| READ_OPEN.into());

/// PostgreSQL: lets this transaction write all rows, and when tokens were used.
pub(crate) static OPEN_USAGE: Statement<()> =
    Statement::new(|_| "SELECT set_config('usher.door', 'usage', true)".into());

parameters!(for &Memory, |memory| {
    secret_check: memory.check.map(|check| i64::from(check.bits)),
    hash_version: memory.check.map(|check| check.version),
    networks: memory.networks.iter().map(IpAddr::to_string).collect::<Vec<_>>().join(" "),
});

pub(crate) static WRITE: Statement<(OfCredential<'_>, &Memory)> = Statement::new(|_| {
    "INSERT INTO credential_memory (kind, id, secret_check, hash_version, networks) \
         VALUES (:kind, :id, :secret_check, :hash_version, :networks) ON CONFLICT (kind, id) DO UPDATE \
         SET secret_check = excluded.secret_check, hash_version = excluded.hash_version, networks = excluded.networks"
            .into()
});

/// A key of the deployment.
pub(crate) static DEPLOYMENT_KEY: Statement<Name<'_>> =
    Statement::new(|_| "SELECT value FROM deployment_key WHERE name = :name".into());

pub(crate) fn read(row: &QueryResult) -> Result<Memory, StoreError> {
    let mut columns = Columns::of(row);
    let (bits, version): (Option<i64>, Option<i32>) = (columns.next()?, columns.next()?);
    let networks: String = columns.next()?;
    let check = bits.zip(version).and_then(|(bits, version)| {
        let bits = u32::try_from(bits).ok()?;
        Some(SecretCheck { bits, version })
    });
    // What is no address was written by somebody else, and is no reason to refuse a credential.
    let networks = networks.split(' ').filter_map(|text| text.parse().ok());
    Ok(Memory {
        check,
        networks: networks.collect(),
    })
}
