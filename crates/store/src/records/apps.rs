//! Apps, their feeds' beginnings and their credentials.

use chrono::{DateTime, Utc};
use domain::credential::{AppCredentialRecord, SecretHash};
use domain::id::AppId;
use domain::tenant::{App, Slug};
use sea_orm::Value;

use crate::error::StoreError;
use crate::feed::open_outbox;
use crate::settings::Backend;
use crate::sql::Sql;
use crate::store::Store;
use crate::table::{app, feed};
use crate::tx::Tx;

/// What an app's user in Redis is to have for passwords (ADR 0034).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppPasswords {
    /// The app's name.
    pub app: Slug,
    /// SHA-256 of each usable credential, in hex, oldest first.
    pub sha256: Vec<String>,
}

/// Apps.
impl Store {
    /// Adds an app with its feed and its first credential; `redis_password` is the SHA-256 of the whole credential. The feed begins with everything the outbox still holds, in
    /// the outbox's order, from position 1.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the name is taken, [`StoreError::Unavailable`].
    pub async fn create_app(
        &self,
        new: &App,
        credential_id: &str,
        hash: &SecretHash,
        redis_password: &str,
    ) -> Result<(), StoreError> {
        let credential = credential_values(new.id, credential_id, hash, redis_password, new.created_at);
        let new = new.clone();
        self.transact::<Tx, _, StoreError, _>((), move |tx| {
            let (new, credential) = (new.clone(), credential.clone());
            Box::pin(async move { create_app(tx, &new, credential).await })
        })
        .await
    }

    /// Every app, by name, with the passwords that its user in Redis is to have at `now`: those of its credentials that are
    /// good then (`domain::credential`).
    ///
    /// # Errors
    /// As [`Store::tenant_by_name`].
    pub async fn app_passwords(&self, now: DateTime<Utc>) -> Result<Vec<AppPasswords>, StoreError> {
        let text = "SELECT app.name, c.redis_password FROM app LEFT JOIN app_credential c ON c.app_id = app.id \
                    AND c.revoked_at IS NULL AND (c.expires_at IS NULL OR c.expires_at > $1) \
                    ORDER BY app.name, c.created_at, c.id";
        let now = Value::from(now.timestamp_millis());
        let rows = self.autocommit().all_of(text, vec![now]).await?;
        let mut found: Vec<AppPasswords> = Vec::new();
        for row in &rows {
            let (app, password) = app::read_password(row)?;
            if found.last().is_none_or(|last| last.app != app) {
                found.push(AppPasswords {
                    app,
                    sha256: Vec::new(),
                });
            }
            if let Some(last) = found.last_mut() {
                last.sha256.extend(password);
            }
        }
        Ok(found)
    }

    /// The app of that name.
    ///
    /// # Errors
    /// As [`Store::tenant_by_name`].
    pub async fn app_by_name(&self, name: &str) -> Result<Option<App>, StoreError> {
        let text = format!("SELECT {} FROM app WHERE name = $1", app::COLUMNS);
        let rows = self.autocommit().all_of(&text, vec![Value::from(name)]).await?;
        rows.first().map(app::read).transpose()
    }

    /// All apps, by name.
    ///
    /// # Errors
    /// As [`Store::tenant_by_name`].
    pub async fn apps(&self) -> Result<Vec<App>, StoreError> {
        let text = format!("SELECT {} FROM app ORDER BY name", app::COLUMNS);
        self.autocommit()
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
            .autocommit()
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
        redis_password: &str,
        created_at: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let values = credential_values(app, id, hash, redis_password, created_at);
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

const INSERT_CREDENTIAL: &str = "INSERT INTO app_credential (id, app_id, hash, hash_version, created_at, redis_password) \
                                 VALUES ($1, $2, $3, $4, $5, $6)";

fn credential_values(
    app: AppId,
    id: &str,
    hash: &SecretHash,
    redis_password: &str,
    created_at: DateTime<Utc>,
) -> Vec<Value> {
    vec![
        Value::from(id),
        Value::from(app.uuid()),
        Value::from(hash.phc.as_str()),
        Value::from(hash.version),
        Value::from(created_at.timestamp_millis()),
        Value::from(redis_password),
    ]
}

async fn create_app(tx: &mut Tx, new: &App, credential: Vec<Value>) -> Result<(), StoreError> {
    let app = Value::from(new.id.uuid());
    let created = Value::from(new.created_at.timestamp_millis());
    if tx.backend() == Backend::Postgres {
        tx.all_of(feed::LOCK_FEEDS, Vec::new()).await?;
        open_outbox(tx).await?;
    }
    let insert = format!("INSERT INTO app ({}) VALUES ($1, $2, $3)", app::COLUMNS);
    tx.change_by(
        &insert,
        vec![app.clone(), Value::from(new.name.as_str()), created.clone()],
    )
    .await?;
    let insert = "INSERT INTO feed (app_id, head, published, created_at) VALUES ($1, 0, 0, $2)";
    tx.change_by(insert, vec![app.clone(), created]).await?;
    tx.change_by(INSERT_CREDENTIAL, credential).await?;
    tx.change(&feed::BACKFILL, vec![app.clone()]).await?;
    tx.change(&feed::SET_HEAD, vec![app]).await?;
    Ok(())
}
