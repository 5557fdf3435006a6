//! Apps, their feeds' beginnings and their credentials.

use chrono::{DateTime, Utc};
use domain::credential::{AppCredentialRecord, SecretHash};
use domain::id::AppId;
use domain::tenant::App;
use sea_orm::Value;

use crate::error::StoreError;
use crate::feed::open_door;
use crate::settings::Backend;
use crate::sql::Sql;
use crate::store::Store;
use crate::table::{app, feed};
use crate::tx::Tx;

/// Apps.
impl Store {
    /// Adds an app with its feed and its first credential. The feed begins with everything the outbox still holds, in
    /// the outbox's order, from position 1.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the name is taken, [`StoreError::Unavailable`].
    pub async fn create_app(
        &self,
        new: &App,
        credential_id: &str,
        hash: &SecretHash,
    ) -> Result<(), StoreError> {
        let (new, credential) = (new.clone(), (credential_id.to_owned(), hash.clone()));
        self.transact::<Tx, _, StoreError, _>((), move |tx| {
            let (new, credential) = (new.clone(), credential.clone());
            Box::pin(async move { create_app(tx, &new, &credential).await })
        })
        .await
    }

    /// The app of that name.
    ///
    /// # Errors
    /// As [`Store::tenant_by_name`].
    pub async fn app_by_name(&self, name: &str) -> Result<Option<App>, StoreError> {
        let text = format!("SELECT {} FROM app WHERE name = $1", app::COLUMNS);
        let rows = self.outside().all_of(&text, vec![Value::from(name)]).await?;
        rows.first().map(app::read).transpose()
    }

    /// All apps, by name.
    ///
    /// # Errors
    /// As [`Store::tenant_by_name`].
    pub async fn apps(&self) -> Result<Vec<App>, StoreError> {
        let text = format!("SELECT {} FROM app ORDER BY name", app::COLUMNS);
        self.outside()
            .all_of(&text, Vec::new())
            .await?
            .iter()
            .map(app::read)
            .collect()
    }

    /// An app's credentials, oldest first.
    ///
    /// # Errors
    /// As [`Store::tenant_by_name`].
    pub async fn app_credentials(&self, app: AppId) -> Result<Vec<AppCredentialRecord>, StoreError> {
        let text = format!(
            "{} WHERE c.app_id = $1 ORDER BY c.created_at, c.id",
            app::CREDENTIAL
        );
        let rows = self
            .outside()
            .all_of(&text, vec![Value::from(app.uuid())])
            .await?;
        rows.iter().map(app::read_credential).collect()
    }

    /// Adds a credential to an app.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the id exists or the app does not, [`StoreError::Unavailable`].
    pub async fn insert_app_credential(
        &self,
        app: AppId,
        id: &str,
        hash: &SecretHash,
        created_at: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let values = credential_values(app, id, hash, created_at);
        self.change(&Sql::same(INSERT_CREDENTIAL), values)
            .await
            .map(|_| ())
    }

    /// Takes an app's credential back; `false` when there is none such, or it was taken back before.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn revoke_app_credential(&self, id: &str, at: DateTime<Utc>) -> Result<bool, StoreError> {
        let sql = Sql::same("UPDATE app_credential SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL");
        Ok(self
            .change(&sql, vec![Value::from(id), Value::from(at.timestamp_millis())])
            .await?
            > 0)
    }

    /// Lets an app's credential end by itself at `expires_at` unless it ends before.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn limit_app_credential(
        &self,
        id: &str,
        expires_at: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let sql = Sql::same(
            "UPDATE app_credential SET expires_at = $2 WHERE id = $1 AND (expires_at IS NULL OR expires_at > $2)",
        );
        Ok(self
            .change(
                &sql,
                vec![Value::from(id), Value::from(expires_at.timestamp_millis())],
            )
            .await?
            > 0)
    }
}

const INSERT_CREDENTIAL: &str =
    "INSERT INTO app_credential (id, app_id, hash, hash_version, created_at) VALUES ($1, $2, $3, $4, $5)";

fn credential_values(app: AppId, id: &str, hash: &SecretHash, created_at: DateTime<Utc>) -> Vec<Value> {
    vec![
        Value::from(id),
        Value::from(app.uuid()),
        Value::from(hash.phc.as_str()),
        Value::from(hash.version),
        Value::from(created_at.timestamp_millis()),
    ]
}

async fn create_app(tx: &mut Tx, new: &App, (id, hash): &(String, SecretHash)) -> Result<(), StoreError> {
    let app = Value::from(new.id.uuid());
    let created = Value::from(new.created_at.timestamp_millis());
    if tx.backend() == Backend::Postgres {
        tx.all_of(feed::LOCK_FEEDS, Vec::new()).await?;
        open_door(tx).await?;
    }
    let insert = format!("INSERT INTO app ({}) VALUES ($1, $2, $3)", app::COLUMNS);
    tx.change_by(
        &insert,
        vec![app.clone(), Value::from(new.name.as_str()), created.clone()],
    )
    .await?;
    let insert = "INSERT INTO feed (app_id, head, published, created_at) VALUES ($1, 0, 0, $2)";
    tx.change_by(insert, vec![app.clone(), created]).await?;
    tx.change_by(
        INSERT_CREDENTIAL,
        credential_values(new.id, id, hash, new.created_at),
    )
    .await?;
    tx.change(&feed::BACKFILL, vec![app.clone()]).await?;
    tx.change(&feed::SET_HEAD, vec![app]).await?;
    Ok(())
}
