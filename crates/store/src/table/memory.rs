//! `credential_memory`: what is remembered of credentials beside their records, one row a credential (ADR 0031).

use std::net::IpAddr;
use std::sync::LazyLock;

use domain::credential::{CredentialKind, Memory, SecretCheck};
use sea_orm::{QueryResult, Value};

use super::read::Columns;
use crate::error::StoreError;
use crate::sql::Sql;

/// `$1` kind, `$2` id. PostgreSQL: `usher.token` opens that one row for reading.
pub(crate) static READ: LazyLock<Sql> = LazyLock::new(|| {
    Sql::pair(
        "SELECT m.* FROM (SELECT set_config('usher.token', $2, true) AS id) p CROSS JOIN LATERAL \
         (SELECT secret_check, hash_version, networks FROM credential_memory \
         WHERE kind = $1 AND id = $2 AND p.id IS NOT NULL OFFSET 0) m",
        KNOWN,
    )
});

/// `$1` kind, `$2` id, by whoever may write all of them.
pub(crate) const KNOWN: &str =
    "SELECT secret_check, hash_version, networks FROM credential_memory WHERE kind = $1 AND id = $2";

/// See [`values`].
pub(crate) const WRITE: &str = "INSERT INTO credential_memory (kind, id, secret_check, hash_version, networks) \
     VALUES ($1, $2, $3, $4, $5) ON CONFLICT (kind, id) DO UPDATE SET secret_check = excluded.secret_check, \
     hash_version = excluded.hash_version, networks = excluded.networks";

pub(crate) fn values(kind: CredentialKind, id: &str, memory: &Memory) -> Vec<Value> {
    let networks: Vec<String> = memory.networks.iter().map(IpAddr::to_string).collect();
    vec![
        Value::from(kind.as_str()),
        Value::from(id),
        Value::from(memory.check.map(|check| i64::from(check.bits))),
        Value::from(memory.check.map(|check| check.version)),
        Value::from(networks.join(" ")),
    ]
}

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
