//! Apps, their feeds' beginnings and their credentials.

use chrono::{DateTime, Utc};
use domain::credential::{AppCredentialRecord, SecretHash};
use domain::id::AppId;
use domain::tenant::{App, Slug};

use crate::error::StoreError;
use crate::feed::open_outbox;
use crate::settings::Backend;
use crate::statement::Bound;
use crate::store::Store;
use crate::table::names::{At, CreatedAt, Name, OfApp, PublicId, RedisPassword};
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
        let created_at = CreatedAt(new.created_at);
        let id = PublicId(credential_id);
        let credential = (id, OfApp(new.id), RedisPassword(redis_password), created_at);
        let credential = app::INSERT_CREDENTIAL.bind(self.backend(), (credential, hash))?;
        let new = new.clone();
        self.transact::<Tx, _, StoreError, _>((), move |tx| {
            let (new, credential) = (new.clone(), credential.clone());
            Box::pin(async move { create_app(tx, &new, &credential).await })
        })
        .await
    }

    /// Every app, by name, with the passwords that its user in Redis is to have at `now`: those of its credentials that are
    /// good then (`domain::credential`).
    ///
    /// # Errors
    /// As [`Store::tenant_by_name`].
    pub async fn app_passwords(&self, now: DateTime<Utc>) -> Result<Vec<AppPasswords>, StoreError> {
        let rows = self.autocommit().all(&app::PASSWORDS, At(now)).await?;
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
        let row = self.autocommit().one(&app::BY_NAME, Name(name)).await?;
        row.as_ref().map(app::read).transpose()
    }

    /// All apps, by name.
    ///
    /// # Errors
    /// As [`Store::tenant_by_name`].
    pub async fn apps(&self) -> Result<Vec<App>, StoreError> {
        let rows = self.autocommit().all(&app::ALL, ()).await?;
        rows.iter().map(app::read).collect()
    }

    /// An app's credentials, oldest first.
    ///
    /// # Errors
    /// As [`Store::tenant_by_name`].
    pub async fn app_credentials(&self, app: AppId) -> Result<Vec<AppCredentialRecord>, StoreError> {
        let rows = self.autocommit().all(&app::CREDENTIALS, OfApp(app)).await?;
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
        let (id, created_at) = (PublicId(id), CreatedAt(created_at));
        let credential = (id, OfApp(app), RedisPassword(redis_password), created_at);
        self.change(&app::INSERT_CREDENTIAL, (credential, hash))
            .await
            .map(|_| ())
    }

    /// Takes an app's credential back; `false` when there is none such, or it was taken back before.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn revoke_app_credential(&self, id: &str, at: DateTime<Utc>) -> Result<bool, StoreError> {
        let parameters = (PublicId(id), At(at));
        Ok(self.change(&app::REVOKE_CREDENTIAL, parameters).await? > 0)
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
        let parameters = (PublicId(id), At(expires_at));
        Ok(self.change(&app::LIMIT_CREDENTIAL, parameters).await? > 0)
    }
}

async fn create_app(tx: &mut Tx, new: &App, credential: &Bound) -> Result<(), StoreError> {
    let app = new.id;
    if tx.backend() == Backend::Postgres {
        tx.all(&feed::LOCK_FEEDS, ()).await?;
        open_outbox(tx).await?;
    }
    tx.change(&app::INSERT, new).await?;
    tx.change(&feed::INSERT, (OfApp(app), CreatedAt(new.created_at)))
        .await?;
    tx.change_by(credential).await?;
    tx.change(&feed::BACKFILL, OfApp(app)).await?;
    tx.change(&feed::SET_HEAD, OfApp(app)).await?;
    Ok(())
}
