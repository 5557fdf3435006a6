//! `app` and `app_credential`: downstream consumers and what they identify themselves with.

use chrono::{DateTime, Utc};
use domain::credential::{AppCredentialRecord, SecretHash, TokenId};
use domain::id::AppId;
use domain::tenant::{App, Slug};
use sea_orm::QueryResult;

use super::feed;
use super::names::{At, CreatedAt, Name, OfApp, PublicId, RedisPassword};
use super::outbox::open_outbox;
use crate::engine::parameter::parameters;
use crate::engine::read::Columns;
use crate::engine::statement::{Bound, Statement};
use crate::engine::tx::Tx;
use crate::error::StoreError;
use crate::settings::Backend;
use crate::store::Store;

pub(crate) const COLUMNS: &str = "id, name, created_at";

pub(crate) fn read(row: &QueryResult) -> Result<App, StoreError> {
    let mut columns = Columns::of(row);
    Ok(App {
        id: AppId::from_uuid(columns.next()?),
        name: columns.parsed("an app's name", |name| name.parse().ok())?,
        created_at: columns.time()?,
    })
}

parameters!(&App, |app| {
    id: app.id,
    name: app.name.as_str(),
    created_at: app.created_at,
});

pub(crate) static INSERT: Statement<&App> =
    Statement::new(|_| format!("INSERT INTO app ({COLUMNS}) VALUES (:id, :name, :created_at)"));

pub(crate) static BY_NAME: Statement<Name<'_>> =
    Statement::new(|_| format!("SELECT {COLUMNS} FROM app WHERE name = :name"));

pub(crate) static ALL: Statement<()> = Statement::new(|_| format!("SELECT {COLUMNS} FROM app ORDER BY name"));

const CREDENTIAL: &str = "SELECT c.id, c.app_id, app.name, c.hash, c.hash_version, c.revoked_at, c.expires_at \
                          FROM app_credential c JOIN app ON app.id = c.app_id";

pub(crate) static CREDENTIAL_BY_ID: Statement<PublicId> =
    Statement::new(|_| format!("{CREDENTIAL} WHERE c.id = :id"));

/// An app's credentials, oldest first.
pub(crate) static CREDENTIALS: Statement<OfApp> =
    Statement::new(|_| format!("{CREDENTIAL} WHERE c.app_id = :app ORDER BY c.created_at, c.id"));

/// A credential of an app, beside its hash.
pub(crate) type NewCredential<'a> = (PublicId, OfApp, RedisPassword<'a>, CreatedAt);

pub(crate) static INSERT_CREDENTIAL: Statement<(NewCredential<'_>, &SecretHash)> = Statement::new(|_| {
    "INSERT INTO app_credential (id, app_id, hash, hash_version, created_at, redis_password) \
     VALUES (:id, :app, :hash, :hash_version, :created_at, :redis_password)"
        .into()
});

pub(crate) static REVOKE_CREDENTIAL: Statement<(PublicId, At)> = Statement::new(|_| {
    "UPDATE app_credential SET revoked_at = :at WHERE id = :id AND revoked_at IS NULL".into()
});

pub(crate) static LIMIT_CREDENTIAL: Statement<(PublicId, At)> = Statement::new(|_| {
    "UPDATE app_credential SET expires_at = :at WHERE id = :id AND (expires_at IS NULL OR expires_at > :at)"
        .into()
});

/// Every app with each of its credentials that is good at a time, or with none.
pub(crate) static PASSWORDS: Statement<At> = Statement::new(|_| {
    "SELECT app.name, c.redis_password FROM app LEFT JOIN app_credential c ON c.app_id = app.id \
     AND c.revoked_at IS NULL AND (c.expires_at IS NULL OR c.expires_at > :at) \
     ORDER BY app.name, c.created_at, c.id"
        .into()
});

pub(crate) fn read_credential(row: &QueryResult) -> Result<AppCredentialRecord, StoreError> {
    let mut columns = Columns::of(row);
    Ok(AppCredentialRecord {
        id: columns.token_id()?,
        app: AppId::from_uuid(columns.next()?),
        app_name: columns.parsed("an app's name", |name| name.parse().ok())?,
        hash: SecretHash {
            phc: columns.next()?,
            version: columns.next()?,
        },
        revoked_at: columns.time_or_none()?,
        expires_at: columns.time_or_none()?,
    })
}

/// An app's name, and a password for its user in Redis if there is one.
pub(crate) fn read_password(row: &QueryResult) -> Result<(Slug, Option<String>), StoreError> {
    let mut columns = Columns::of(row);
    let name = columns.parsed("an app's name", |name| name.parse().ok())?;
    Ok((name, columns.next()?))
}

/// What an app's user in Redis is to have for passwords (ADR 0034).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppPasswords {
    /// The app's name.
    pub app: Slug,
    /// SHA-256 of each usable credential, in hex, oldest first.
    pub sha256: Vec<String>,
}

impl Store {
    /// Adds an app with its feed and its first credential; `redis_password` is the SHA-256 of the whole credential. The feed begins with everything the outbox still holds, in
    /// the outbox's order, from position 1.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the name is taken, [`StoreError::Unavailable`].
    pub async fn create_app(
        &self,
        new: &App,
        credential_id: TokenId,
        hash: &SecretHash,
        redis_password: &str,
    ) -> Result<(), StoreError> {
        let created_at = CreatedAt(new.created_at);
        let id = PublicId(credential_id);
        let credential = (id, OfApp(new.id), RedisPassword(redis_password), created_at);
        let credential = INSERT_CREDENTIAL.bind(self.backend(), (credential, hash))?;
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
        let rows = self.autocommit().all(&PASSWORDS, At(now)).await?;
        let mut found: Vec<AppPasswords> = Vec::new();
        for row in &rows {
            let (app, password) = read_password(row)?;
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
        let row = self.autocommit().one(&BY_NAME, Name(name)).await?;
        row.as_ref().map(read).transpose()
    }

    /// All apps, by name.
    ///
    /// # Errors
    /// As [`Store::tenant_by_name`].
    pub async fn apps(&self) -> Result<Vec<App>, StoreError> {
        let rows = self.autocommit().all(&ALL, ()).await?;
        rows.iter().map(read).collect()
    }

    /// An app's credentials, oldest first.
    ///
    /// # Errors
    /// As [`Store::tenant_by_name`].
    pub async fn app_credentials(&self, app: AppId) -> Result<Vec<AppCredentialRecord>, StoreError> {
        let rows = self.autocommit().all(&CREDENTIALS, OfApp(app)).await?;
        rows.iter().map(read_credential).collect()
    }

    /// What is known of an app's credential; one round trip.
    ///
    /// # Errors
    /// As [`Store::token_record`].
    pub async fn app_credential(&self, id: TokenId) -> Result<Option<AppCredentialRecord>, StoreError> {
        let row = self.autocommit().one(&CREDENTIAL_BY_ID, PublicId(id)).await?;
        row.as_ref().map(read_credential).transpose()
    }

    /// Adds a credential to an app.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the id exists or the app does not, [`StoreError::Unavailable`].
    pub async fn insert_app_credential(
        &self,
        app: AppId,
        id: TokenId,
        hash: &SecretHash,
        redis_password: &str,
        created_at: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let (id, created_at) = (PublicId(id), CreatedAt(created_at));
        let credential = (id, OfApp(app), RedisPassword(redis_password), created_at);
        self.change(&INSERT_CREDENTIAL, (credential, hash))
            .await
            .map(|_| ())
    }

    /// Takes an app's credential back; `false` when there is none such, or it was taken back before.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn revoke_app_credential(&self, id: TokenId, at: DateTime<Utc>) -> Result<bool, StoreError> {
        let parameters = (PublicId(id), At(at));
        Ok(self.change(&REVOKE_CREDENTIAL, parameters).await? > 0)
    }

    /// Lets an app's credential end by itself at `expires_at` unless it ends before.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn limit_app_credential(
        &self,
        id: TokenId,
        expires_at: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let parameters = (PublicId(id), At(expires_at));
        Ok(self.change(&LIMIT_CREDENTIAL, parameters).await? > 0)
    }
}

async fn create_app(tx: &mut Tx, new: &App, credential: &Bound) -> Result<(), StoreError> {
    let app = new.id;
    if tx.backend() == Backend::Postgres {
        tx.all(&feed::LOCK_FEEDS, ()).await?;
        open_outbox(tx).await?;
    }
    tx.change(&INSERT, new).await?;
    tx.change(&feed::INSERT, (OfApp(app), CreatedAt(new.created_at)))
        .await?;
    tx.change_by(credential).await?;
    tx.change(&feed::BACKFILL, OfApp(app)).await?;
    tx.change(&feed::SET_HEAD, OfApp(app)).await?;
    Ok(())
}
