//! `app` and `app_credential`: consumers of events, and their credentials.

use chrono::{DateTime, Utc};
use domain::audit::AuditEntry;
use domain::credential::{AppCredentialRecord, SecretHash, TokenId};
use domain::id::{AppId, DirectoryId};
use domain::release_policy::ReleasePolicy;
use domain::tenant::{App, Slug};

use super::names::{At, CreatedAt, Limit, Name, OfApp, PublicId, RedisPassword, Rows};
use super::new_feed;
use super::outbox::OPEN_OUTBOX;
use crate::admin_tx::AdminTx;
use crate::engine::executor::Executor;
use crate::engine::parameter::{Ids, parameters};
use crate::engine::read::record;
use crate::engine::statement::Statement;
use crate::error::Result;
use crate::settings::Backend;
use crate::store::Store;

pub(crate) const COLUMNS: &str = "id, name, created_at";

record!(App: id name created_at);

parameters!(&App, |app| {
    id: app.id,
    name: app.name.as_str(),
    created_at: app.created_at,
});

pub(crate) static INSERT: Statement<&App> =
    Statement::new(|_| format!("INSERT INTO app ({COLUMNS}) VALUES (:id, :name, :created_at)"));

pub(crate) static BY_NAME: Statement<Name<'_>, App> =
    Statement::new(|_| format!("SELECT {COLUMNS} FROM app WHERE name = :name"));

pub(crate) static ALL: Statement<(), App> =
    Statement::new(|_| format!("SELECT {COLUMNS} FROM app ORDER BY name"));

const CREDENTIAL: &str = "SELECT c.id, c.app_id, app.name, c.hash, c.hash_version, c.revoked_at, c.expires_at \
                          FROM app_credential c JOIN app ON app.id = c.app_id";

pub(crate) static CREDENTIAL_BY_ID: Statement<PublicId, AppCredentialRecord> =
    Statement::new(|_| format!("{CREDENTIAL} WHERE c.id = :id"));

/// An app's credentials, oldest first.
pub(crate) static CREDENTIALS: Statement<OfApp, AppCredentialRecord> =
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

/// The oldest positions of a feed; the events themselves stay in the outbox for the other feeds, and for retention.
pub(crate) static DELETE_EVENTS: Statement<(OfApp, Limit)> = Statement::new(|_| {
    "DELETE FROM feed_event WHERE app_id = :app AND pos < :limit + \
     (SELECT min(n.pos) FROM feed_event n WHERE n.app_id = :app)"
        .into()
});

pub(crate) static DELETE_ACKS: Statement<OfApp> =
    Statement::new(|_| "DELETE FROM feed_ack WHERE app_id = :app".into());

pub(crate) static DELETE_GROUPS: Statement<OfApp> =
    Statement::new(|_| "DELETE FROM feed_group WHERE app_id = :app".into());

pub(crate) static DELETE_FEED: Statement<OfApp> =
    Statement::new(|_| "DELETE FROM feed WHERE app_id = :app".into());

pub(crate) static DELETE_CREDENTIALS: Statement<OfApp> =
    Statement::new(|_| "DELETE FROM app_credential WHERE app_id = :app".into());

pub(crate) static DELETE: Statement<OfApp> = Statement::new(|_| "DELETE FROM app WHERE id = :app".into());

/// Positions deleted in one transaction by [`Store::delete_app`].
const DELETE_BATCH: usize = 5_000;

/// Every app with the password of each of its credentials that is good at a time, or with none.
pub(crate) static PASSWORDS: Statement<At, (Slug, Option<String>)> = Statement::new(|_| {
    "SELECT app.name, c.redis_password FROM app LEFT JOIN app_credential c ON c.app_id = app.id \
     AND c.revoked_at IS NULL AND (c.expires_at IS NULL OR c.expires_at > :at) \
     ORDER BY app.name, c.created_at, c.id"
        .into()
});

record!(AppCredentialRecord: id app app_name hash revoked_at expires_at);

/// The passwords of an app's user in Redis (ADR 0034).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppPasswords {
    /// The app's name.
    pub app: Slug,
    /// SHA-256 of each usable credential, in hex, oldest first.
    pub sha256: Vec<String>,
}

impl AdminTx {
    /// Adds an app with its feed and its first credential; `redis_password` is the SHA-256 of the whole credential. The feed
    /// begins with everything the outbox still holds, in the outbox's order, from position 1; with a release policy, of the directories
    /// that are named beside it.
    ///
    /// # Errors
    /// [`crate::StoreError::Conflict`] when the name is taken, [`crate::StoreError::Unavailable`].
    pub async fn create_app(
        &mut self,
        new: &App,
        credential_id: TokenId,
        hash: &SecretHash,
        redis_password: &str,
        release: Option<&(ReleasePolicy, Vec<DirectoryId>)>,
    ) -> Result<()> {
        let executor = &mut self.executor;
        if executor.backend() == Backend::Postgres {
            executor.rows(&new_feed::LOCK_FEEDS, ()).await?;
            executor.rows(&OPEN_OUTBOX, ()).await?;
        }
        let feed = (OfApp(new.id), CreatedAt(new.created_at));
        executor.change(&INSERT, new).await?;
        executor.change(&new_feed::INSERT, feed).await?;
        self.insert_app_credential(new.id, credential_id, hash, redis_password, new.created_at)
            .await?;
        if let Some((policy, seen)) = release {
            self.begin_policy(new.id, policy).await?;
            let seen = Rows(Ids::of(seen.iter().map(|id| id.uuid())));
            self.executor
                .change(&new_feed::BACKFILL_SOME, (OfApp(new.id), seen))
                .await?;
        } else {
            self.executor.change(&new_feed::BACKFILL, OfApp(new.id)).await?;
        }
        self.executor.change(&new_feed::SET_HEAD, OfApp(new.id)).await?;
        Ok(())
    }

    /// Adds a credential to an app.
    ///
    /// # Errors
    /// [`crate::StoreError::Conflict`] when the id exists or the app does not, [`crate::StoreError::Unavailable`].
    pub async fn insert_app_credential(
        &mut self,
        app: AppId,
        id: TokenId,
        hash: &SecretHash,
        redis_password: &str,
        created_at: DateTime<Utc>,
    ) -> Result<()> {
        let (id, created_at) = (PublicId(id), CreatedAt(created_at));
        let credential = (id, OfApp(app), RedisPassword(redis_password), created_at);
        self.executor
            .change(&INSERT_CREDENTIAL, (credential, hash))
            .await
            .map(|_| ())
    }

    /// Revokes an app's credential; `false` when there is none such, or it was revoked before.
    ///
    /// # Errors
    /// [`crate::StoreError::Unavailable`].
    pub async fn revoke_app_credential(&mut self, id: TokenId, at: DateTime<Utc>) -> Result<bool> {
        let parameters = (PublicId(id), At(at));
        Ok(self.executor.change(&REVOKE_CREDENTIAL, parameters).await? > 0)
    }

    /// Lets an app's credential end by itself at `expires_at` unless it ends before.
    ///
    /// # Errors
    /// [`crate::StoreError::Unavailable`].
    pub async fn limit_app_credential(&mut self, id: TokenId, expires_at: DateTime<Utc>) -> Result<bool> {
        let parameters = (PublicId(id), At(expires_at));
        Ok(self.executor.change(&LIMIT_CREDENTIAL, parameters).await? > 0)
    }
}

impl Store {
    /// Every app, by name, with the passwords that its user in Redis is to have at `now`: those of its credentials that are
    /// good then (`domain::credential`).
    ///
    /// # Errors
    /// As [`Store::tenant_by_name`].
    pub async fn app_passwords(&self, now: DateTime<Utc>) -> Result<Vec<AppPasswords>> {
        let mut found: Vec<AppPasswords> = Vec::new();
        for (app, password) in self.autocommit().all(&PASSWORDS, At(now)).await? {
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

    /// Deletes an app with its credentials, its feed and what its readers acknowledged; `false` when there is none such. The
    /// positions go first, in small transactions, so that the stamper waits for the last one only; the row of the audit log is
    /// written in that one.
    ///
    /// # Errors
    /// [`crate::StoreError::Unavailable`]; the app is still there then, and a repeat goes on.
    pub async fn delete_app(&self, app: AppId, entry: &AuditEntry) -> Result<bool> {
        let batch = || (OfApp(app), Limit(DELETE_BATCH));
        while self.change(&DELETE_EVENTS, batch()).await? >= DELETE_BATCH as u64 {}
        self.audited(entry, move |tx| {
            Box::pin(async move { delete_app(&mut tx.executor, app).await })
        })
        .await
    }

    /// The app of that name.
    ///
    /// # Errors
    /// As [`Store::tenant_by_name`].
    pub async fn app_by_name(&self, name: &str) -> Result<Option<App>> {
        self.autocommit().one(&BY_NAME, Name(name)).await
    }

    /// All apps, by name.
    ///
    /// # Errors
    /// As [`Store::tenant_by_name`].
    pub async fn apps(&self) -> Result<Vec<App>> {
        self.autocommit().all(&ALL, ()).await
    }

    /// An app's credentials, oldest first.
    ///
    /// # Errors
    /// As [`Store::tenant_by_name`].
    pub async fn app_credentials(&self, app: AppId) -> Result<Vec<AppCredentialRecord>> {
        self.autocommit().all(&CREDENTIALS, OfApp(app)).await
    }

    /// The record of an app's credential; one round trip.
    ///
    /// # Errors
    /// As [`Store::token_record`].
    pub async fn app_credential(&self, id: TokenId) -> Result<Option<AppCredentialRecord>> {
        self.autocommit().one(&CREDENTIAL_BY_ID, PublicId(id)).await
    }
}

async fn delete_app(executor: &mut Executor, app: AppId) -> Result<bool> {
    if executor.backend() == Backend::Postgres {
        executor.rows(&new_feed::LOCK_FEEDS, ()).await?;
    }
    while executor
        .change(&DELETE_EVENTS, (OfApp(app), Limit(DELETE_BATCH)))
        .await?
        > 0
    {}
    for of_app in [&DELETE_ACKS, &DELETE_GROUPS, &DELETE_FEED, &DELETE_CREDENTIALS] {
        executor.change(of_app, OfApp(app)).await?;
    }
    Ok(executor.change(&DELETE, OfApp(app)).await? > 0)
}
