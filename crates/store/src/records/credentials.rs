//! The credentials that requests present: the only reads without a tenant, each in one round trip, never cached; and what
//! their use teaches.

use crate::error::StoreError;
use crate::settings::Backend;
use crate::store::Store;
use crate::table::names::{At, Name, PublicId};
use crate::table::read::Columns;
use crate::table::{app, memory, token};
use crate::tx::Tx;
use domain::credential::{AppCredentialRecord, CredentialKind, Memory, TokenRecord, Use};

/// The reads without a tenant, and the notes they leave.
impl Store {
    /// Everything a request needs to know about the token it brought; one round trip, never cached.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    pub async fn token_record(&self, token_id: &str) -> Result<Option<TokenRecord>, StoreError> {
        let by_id = PublicId(token_id);
        let row = self.autocommit().one(&token::RECORD, by_id).await?;
        row.as_ref().map(token::read_record).transpose()
    }

    /// What is known of an app's credential; one round trip.
    ///
    /// # Errors
    /// As [`Store::token_record`].
    pub async fn app_credential(&self, id: &str) -> Result<Option<AppCredentialRecord>, StoreError> {
        let row = self
            .autocommit()
            .one(&app::CREDENTIAL_BY_ID, PublicId(id))
            .await?;
        row.as_ref().map(app::read_credential).transpose()
    }

    /// What is remembered of a credential beside its record (ADR 0031); nothing, of one that nothing is remembered of.
    ///
    /// # Errors
    /// As [`Store::token_record`].
    pub async fn credential_memory(&self, kind: CredentialKind, id: &str) -> Result<Memory, StoreError> {
        let credential = memory::of(kind, id);
        let row = self.autocommit().one(&memory::READ, credential).await?;
        Ok(row.as_ref().map(memory::read).transpose()?.unwrap_or_default())
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
                    tx.all(&memory::OPEN_USAGE, ()).await?;
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
            .one(&memory::DEPLOYMENT_KEY, Name(name))
            .await?
            .ok_or_else(|| StoreError::Corrupt(format!("the deployment key {name} is gone").into()))?;
        Columns::of(&row).next()
    }
}

async fn note_use(tx: &mut Tx, new: &Use) -> Result<(), StoreError> {
    if let (CredentialKind::Token, Some(at)) = (new.kind, new.at) {
        tx.change(&token::NOTE_USE, (PublicId(&new.id), At(at))).await?;
    }
    if new.learned == Memory::default() {
        return Ok(());
    }
    let credential = || memory::of(new.kind, &new.id);
    let row = tx.one(&memory::KNOWN, credential()).await?;
    let mut known = row.as_ref().map(memory::read).transpose()?.unwrap_or_default();
    known.learn(&new.learned);
    tx.change(&memory::WRITE, (credential(), &known)).await?;
    Ok(())
}
