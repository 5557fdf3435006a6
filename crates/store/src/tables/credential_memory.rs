//! `credential_memory`: what is remembered of credentials beside their records, one row a credential (ADR 0031).

use std::net::IpAddr;

use domain::credential::{CredentialKind, LastUse, Memory, SecretCheck, TokenId, Use};

use super::names::{At, FromNetwork, Kind, Name, PublicId};
use super::{api_key, client_secret, token};
use crate::engine::executor::Executor;
use crate::engine::parameter::parameters;
use crate::engine::read::{Columns, Read};
use crate::engine::statement::Statement;
use crate::error::{Result, StoreError};
use crate::settings::Backend;
use crate::store::Store;

/// A credential.
pub(crate) type OfCredential<'a> = (Kind<'a>, PublicId);

pub(crate) fn of(kind: CredentialKind, id: TokenId) -> OfCredential<'static> {
    (Kind(kind.as_str()), PublicId(id))
}

/// The row that a request reads. PostgreSQL: `usher.token` opens that one row for reading.
pub(crate) static READ: Statement<OfCredential<'_>, Memory> = Statement::new(|on| {
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
pub(crate) static KNOWN: Statement<OfCredential<'_>, Memory> = Statement::new(|_| READ_OPEN.into());

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
pub(crate) static DEPLOYMENT_KEY: Statement<Name<'_>, String> =
    Statement::new(|_| "SELECT value FROM deployment_key WHERE name = :name".into());

impl Read for Memory {
    fn read(columns: &mut Columns<'_>) -> Result<Self> {
        let (bits, version): (Option<i64>, Option<i32>) = columns.next()?;
        let networks: String = columns.next()?;
        let check = bits.zip(version).and_then(|(bits, version)| {
            let bits = u32::try_from(bits).ok()?;
            Some(SecretCheck { bits, version })
        });
        // A text that is no address was not written by this program, and is no reason to refuse a credential.
        let networks = networks.split(' ').filter_map(|text| text.parse().ok());
        Ok(Self {
            check,
            networks: networks.collect(),
        })
    }
}

impl Store {
    /// What is remembered of a credential beside its record (ADR 0031); the default without a row.
    ///
    /// # Errors
    /// As [`Store::token_record`].
    pub async fn credential_memory(&self, kind: CredentialKind, id: TokenId) -> Result<Memory> {
        let found = self.autocommit().one(&READ, of(kind, id)).await?;
        Ok(found.unwrap_or_default())
    }

    /// Writes when credentials were used, and from which addresses. No request waits for it.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn remember_uses(&self, uses: &[Use]) -> Result<()> {
        if uses.is_empty() {
            return Ok(());
        }
        let uses = uses.to_vec();
        self.transaction(move |executor| {
            let uses = uses.clone();
            Box::pin(async move {
                if executor.backend() == Backend::Postgres {
                    executor.rows(&OPEN_USAGE, ()).await?;
                }
                for new in &uses {
                    note_use(executor, new).await?;
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
    pub async fn deployment_key(&self, name: &str) -> Result<String> {
        let found = self.autocommit().one(&DEPLOYMENT_KEY, Name(name)).await?;
        found.ok_or_else(|| StoreError::Corrupt(format!("the deployment key {name} is gone").into()))
    }
}

async fn note_use(executor: &mut Executor, new: &Use) -> Result<()> {
    if let Some(LastUse { at, from }) = new.last {
        let (id, at) = (PublicId(new.id), At(at));
        match new.kind {
            CredentialKind::Token => {
                let from = FromNetwork(from.to_string());
                executor.change(&token::NOTE_USE, (id, at, from)).await?;
            }
            CredentialKind::ApiKey => {
                executor.change(&api_key::NOTE_USE, (id, at)).await?;
            }
            CredentialKind::ClientSecret => {
                executor.change(&client_secret::NOTE_USE, (id, at)).await?;
            }
            // The record of an app's credential has no time of use.
            CredentialKind::App => {}
        }
    }
    if new.new_values == Memory::default() {
        return Ok(());
    }
    let credential = || of(new.kind, new.id);
    let mut known = executor.one(&KNOWN, credential()).await?.unwrap_or_default();
    known.merge(&new.new_values);
    executor.change(&WRITE, (credential(), &known)).await?;
    Ok(())
}
