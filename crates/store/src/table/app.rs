//! `app` and `app_credential`: downstream consumers and what they identify themselves with.

use domain::credential::{AppCredentialRecord, SecretHash};
use domain::id::AppId;
use domain::tenant::{App, Slug};
use sea_orm::QueryResult;

use super::names::{At, CreatedAt, Name, OfApp, PublicId, RedisPassword};
use super::read::Columns;
use crate::error::StoreError;
use crate::parameter::parameters;
use crate::statement::Statement;

pub(crate) const COLUMNS: &str = "id, name, created_at";

pub(crate) fn read(row: &QueryResult) -> Result<App, StoreError> {
    let mut columns = Columns::of(row);
    Ok(App {
        id: AppId::from_uuid(columns.next()?),
        name: columns.parsed("an app's name", |name| name.parse().ok())?,
        created_at: columns.time()?,
    })
}

parameters!(for &App, |app| {
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

pub(crate) static CREDENTIAL_BY_ID: Statement<PublicId<'_>> =
    Statement::new(|_| format!("{CREDENTIAL} WHERE c.id = :id"));

/// An app's credentials, oldest first.
pub(crate) static CREDENTIALS: Statement<OfApp> =
    Statement::new(|_| format!("{CREDENTIAL} WHERE c.app_id = :app ORDER BY c.created_at, c.id"));

/// A credential of an app, beside its hash.
pub(crate) type NewCredential<'a> = (PublicId<'a>, OfApp, RedisPassword<'a>, CreatedAt);

pub(crate) static INSERT_CREDENTIAL: Statement<(NewCredential<'_>, &SecretHash)> = Statement::new(|_| {
    "INSERT INTO app_credential (id, app_id, hash, hash_version, created_at, redis_password) \
         VALUES (:id, :app, :hash, :hash_version, :created_at, :redis_password)"
        .into()
});

pub(crate) static REVOKE_CREDENTIAL: Statement<(PublicId<'_>, At)> = Statement::new(|_| {
    "UPDATE app_credential SET revoked_at = :at WHERE id = :id AND revoked_at IS NULL".into()
});

pub(crate) static LIMIT_CREDENTIAL: Statement<(PublicId<'_>, At)> = Statement::new(|_| {
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
        id: columns.next()?,
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
