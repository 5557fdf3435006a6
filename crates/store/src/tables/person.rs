//! A person or room by one of the keys that customers match by, in every directory: for operators who do not know the tenant.

use chrono::{DateTime, Utc};
use domain::id::{IdentityId, TenantId};
use domain::profile::ProfileName;
use scim::resource::{fold, nfc};

use super::keys::fit;
use super::names::{Key, Limit};
use crate::engine::read::record;
use crate::engine::statement::{Opens, Statement};
use crate::error::Result;
use crate::settings::Backend;
use crate::store::Store;

/// What is known of a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PersonKey {
    /// `externalId`, exactly (after NFC).
    ExternalId(String),
    /// `userName`, in any case.
    UserName(String),
    /// The address of type `work`, in any case.
    Mail(String),
}

/// A person or room that was found, by its keys as they are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundPerson {
    /// Whose it is.
    pub tenant: TenantId,
    /// The profile of its directory.
    pub profile: ProfileName,
    /// Its id.
    pub id: IdentityId,
    /// `userName`, folded.
    pub user_name: String,
    /// `externalId`.
    pub external_id: Option<String>,
    /// The address of type `work`, folded.
    pub mail: Option<String>,
    /// When it last changed.
    pub modified_at: DateTime<Utc>,
}

record!(FoundPerson: tenant profile id user_name external_id mail modified_at);

/// Each directory is looked into by its own index, and found by its tenant.
fn by(on: Backend, column: &str) -> String {
    let found = "i.id, i.user_name_key, i.external_id, i.work_email, i.modified_at";
    on.either(
        format!(
            "SELECT t.id AS tenant_id, d.profile, {found} FROM tenant t CROSS JOIN LATERAL \
             (SELECT e.id, e.profile FROM directory e WHERE e.tenant_id = t.id OFFSET 0) d CROSS JOIN LATERAL \
             (SELECT x.id, x.user_name_key, x.external_id, x.work_email, x.modified_at FROM identity x \
             WHERE x.directory_id = d.id AND x.{column} = :key AND NOT (x.tenant_id IS DISTINCT FROM t.id) OFFSET 0) i LIMIT :limit"
        ),
        format!(
            "SELECT d.tenant_id, d.profile, {found} FROM directory d CROSS JOIN identity i ON i.directory_id = d.id \
             AND i.{column} = :key AND NOT (i.tenant_id IS DISTINCT FROM d.tenant_id) LIMIT :limit"
        ),
    )
}

pub(crate) type ByKey = (Key, Limit);

pub(crate) static BY_EXTERNAL_ID: Statement<ByKey, FoundPerson> =
    Statement::opening(Opens::All("people"), |on| by(on, "external_id"));
pub(crate) static BY_USER_NAME: Statement<ByKey, FoundPerson> =
    Statement::opening(Opens::All("people"), |on| by(on, "user_name_key"));
pub(crate) static BY_MAIL: Statement<ByKey, FoundPerson> =
    Statement::opening(Opens::All("people"), |on| by(on, "work_email"));

impl Store {
    /// At most `limit` persons and rooms with this key, of any tenant.
    ///
    /// # Errors
    /// [`crate::StoreError::Unavailable`].
    pub async fn people(&self, key: &PersonKey, limit: usize) -> Result<Vec<FoundPerson>> {
        let (statement, key) = match key {
            PersonKey::ExternalId(text) => (&BY_EXTERNAL_ID, fit(&nfc(text))),
            PersonKey::UserName(text) => (&BY_USER_NAME, fit(&fold(text))),
            PersonKey::Mail(text) => (&BY_MAIL, fit(&fold(text))),
        };
        let mut found = self
            .autocommit()
            .all(statement, (Key(key.into()), Limit(limit)))
            .await?;
        found.sort_by_key(|person| (person.tenant.uuid(), person.id.uuid()));
        Ok(found)
    }
}
