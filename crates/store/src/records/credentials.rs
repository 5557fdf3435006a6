//! The credentials that requests present: the only reads without a tenant, each in one round trip, never cached; and what
//! their use teaches.

use domain::credential::{AppCredentialRecord, CredentialKind, Memory, TokenRecord, Use};
use sea_orm::Value;

use crate::error::StoreError;
use crate::settings::Backend;
use crate::store::Store;
use crate::table::read::Columns;
use crate::table::{app, memory, token};
use crate::tx::Tx;

/// The reads without a tenant, and the notes they leave.
impl Store {
    /// Everything a request needs to know about the token it brought; one round trip, never cached.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    pub async fn token_record(&self, token_id: &str) -> Result<Option<TokenRecord>, StoreError> {
        let row = self
            .autocommit()
            .one(&token::RECORD, vec![Value::from(token_id)])
            .await?;
        row.as_ref().map(token::read_record).transpose()
    }

    /// What is known of an app's credential; one round trip.
    ///
    /// # Errors
    /// As [`Store::token_record`].
    pub async fn app_credential(&self, id: &str) -> Result<Option<AppCredentialRecord>, StoreError> {
        let text = format!("{} WHERE c.id = $1", app::CREDENTIAL);
        let rows = self.autocommit().all_of(&text, vec![Value::from(id)]).await?;
        rows.first().map(app::read_credential).transpose()
    }

    /// What is remembered of a credential beside its record (ADR 0031); nothing, of one that nothing is remembered of.
    ///
    /// # Errors
    /// As [`Store::token_record`].
    pub async fn credential_memory(&self, kind: CredentialKind, id: &str) -> Result<Memory, StoreError> {
        let values = vec![Value::from(kind.as_str()), Value::from(id)];
        let rows = self.autocommit().all(&memory::READ, values).await?;
        let read = rows.first().map(memory::read).transpose()?;
        Ok(read.unwrap_or_default())
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
                    tx.all_of("SELECT set_config('usher.door', 'usage', true)", Vec::new())
                        .await?;
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
        let text = "SELECT value FROM deployment_key WHERE name = $1";
        let rows = self.autocommit().all_of(text, vec![Value::from(name)]).await?;
        let row = rows
            .first()
            .ok_or_else(|| StoreError::Corrupt(format!("the deployment key {name} is gone").into()))?;
        Columns::of(row).next()
    }
}

async fn note_use(tx: &mut Tx, new: &Use) -> Result<(), StoreError> {
    if let (CredentialKind::Token, Some(at)) = (new.kind, new.at) {
        let values = vec![Value::from(new.id.as_str()), Value::from(at.timestamp_millis())];
        let note = "UPDATE token SET last_used_at = $2 WHERE id = $1 AND coalesce(last_used_at, 0) < $2";
        tx.change_by(note, values).await?;
    }
    if new.learned == Memory::default() {
        return Ok(());
    }
    let (kind, id) = (Value::from(new.kind.as_str()), Value::from(new.id.as_str()));
    let rows = tx.all_of(memory::KNOWN, vec![kind, id]).await?;
    let mut known = rows.first().map(memory::read).transpose()?.unwrap_or_default();
    known.learn(&new.learned);
    tx.change_by(memory::WRITE, memory::values(new.kind, &new.id, &known))
        .await?;
    Ok(())
}
