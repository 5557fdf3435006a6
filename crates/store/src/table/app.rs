//! `app` and `app_credential`: downstream consumers and what they identify themselves with.

use domain::credential::{AppCredentialRecord, SecretHash};
use domain::id::AppId;
use domain::tenant::{App, Slug};
use sea_orm::QueryResult;

use super::read::Columns;
use crate::error::StoreError;

pub(crate) const COLUMNS: &str = "id, name, created_at";

pub(crate) fn read(row: &QueryResult) -> Result<App, StoreError> {
    let mut columns = Columns::of(row);
    Ok(App {
        id: AppId::from_uuid(columns.next()?),
        name: columns.parsed("an app's name", |name| name.parse().ok())?,
        created_at: columns.time()?,
    })
}

pub(crate) const CREDENTIAL: &str = "SELECT c.id, c.app_id, app.name, c.hash, c.hash_version, c.revoked_at, c.expires_at \
     FROM app_credential c JOIN app ON app.id = c.app_id";

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
