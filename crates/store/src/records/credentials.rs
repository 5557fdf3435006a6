//! The credentials that requests present: the only two reads without a tenant, each in one round trip, never cached.

use chrono::{DateTime, Utc};
use domain::credential::{AppCredentialRecord, TokenRecord};
use sea_orm::Value;

use crate::error::StoreError;
use crate::settings::Backend;
use crate::store::Store;
use crate::table::{app, token};
use crate::tx::Tx;

/// The two reads without a tenant, and the note they leave.
impl Store {
    /// Everything a request needs to know about the token it brought; one round trip, never cached.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    pub async fn token_record(&self, token_id: &str) -> Result<Option<TokenRecord>, StoreError> {
        let row = self
            .outside()
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
        let rows = self.outside().all_of(&text, vec![Value::from(id)]).await?;
        rows.first().map(app::read_credential).transpose()
    }

    /// Notes when tokens last opened a request. Out of band: a request never waits for it.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn touch_tokens(&self, uses: &[(String, DateTime<Utc>)]) -> Result<(), StoreError> {
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
                for (id, at) in uses {
                    let values = vec![Value::from(id), Value::from(at.timestamp_millis())];
                    let note =
                        "UPDATE token SET last_used_at = $2 WHERE id = $1 AND coalesce(last_used_at, 0) < $2";
                    tx.change_by(note, values).await?;
                }
                Ok(())
            })
        })
        .await
    }
}
