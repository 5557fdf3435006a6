//! `credential_memory`: what is remembered of credentials beside their records, one row a credential (ADR 0031).

use std::net::IpAddr;

use domain::credential::{CredentialKind, Memory, SecretCheck, TokenId, Use};
use sea_orm::QueryResult;

use super::names::{At, Kind, Name, PublicId};
use super::token;
use crate::engine::parameter::parameters;
use crate::engine::read::Columns;
use crate::engine::statement::Statement;
use crate::engine::tx::Tx;
use crate::error::StoreError;
use crate::settings::Backend;
use crate::store::Store;

/// A credential.
pub(crate) type OfCredential<'a> = (Kind<'a>, PublicId);

pub(crate) fn of(kind: CredentialKind, id: TokenId) -> OfCredential<'static> {
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

parameters!(&Memory, |memory| {
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
    // What is no address was not written by this program, and is no reason to refuse a credential.
    let networks = networks.split(' ').filter_map(|text| text.parse().ok());
    Ok(Memory {
        check,
        networks: networks.collect(),
    })
}

impl Store {
    /// What is remembered of a credential beside its record (ADR 0031); nothing, of one that nothing is remembered of.
    ///
    /// # Errors
    /// As [`Store::token_record`].
    pub async fn credential_memory(&self, kind: CredentialKind, id: TokenId) -> Result<Memory, StoreError> {
        let credential = of(kind, id);
        let row = self.autocommit().one(&READ, credential).await?;
        Ok(row.as_ref().map(read).transpose()?.unwrap_or_default())
    }

    /// Writes down when and whence credentials were used. Out of band: a request never waits for it.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn remember_uses(&self, uses: &[Use]) -> Result<(), StoreError> {
        if uses.is_empty() {
            return Ok(());
        }
        let uses = uses.to_vec();
        self.transact::<Tx, _, StoreError, _>((), move |tx| {
            let uses = uses.clone();
            Box::pin(async move {
                if tx.backend() == Backend::Postgres {
                    tx.all(&OPEN_USAGE, ()).await?;
                }
                for new in &uses {
                    note_use(tx, new).await?;
                }
                Ok(())
            })
        })
        .await
    }

    /// The deployment's key of this name, the same for every instance; made by the migration that introduced it.
    ///
    /// # Errors
    /// As [`Store::token_record`].
    pub async fn deployment_key(&self, name: &str) -> Result<String, StoreError> {
        let row = self
            .autocommit()
            .one(&DEPLOYMENT_KEY, Name(name))
            .await?
            .ok_or_else(|| StoreError::Corrupt(format!("the deployment key {name} is gone").into()))?;
        Columns::of(&row).next()
    }
}

async fn note_use(tx: &mut Tx, new: &Use) -> Result<(), StoreError> {
    if let (CredentialKind::Token, Some(at)) = (new.kind, new.at) {
        tx.change(&token::NOTE_USE, (PublicId(new.id), At(at))).await?;
    }
    if new.learned == Memory::default() {
        return Ok(());
    }
    let credential = || of(new.kind, new.id);
    let row = tx.one(&KNOWN, credential()).await?;
    let mut known = row.as_ref().map(read).transpose()?.unwrap_or_default();
    known.learn(&new.learned);
    tx.change(&WRITE, (credential(), &known)).await?;
    Ok(())
}
