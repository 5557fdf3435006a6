//! `api_key`: what automation calls the admin API with, found by the id inside a key (ADR 0045).

use chrono::{DateTime, Utc};
use domain::api_key::{ApiKey, ApiKeyRecord};
use domain::credential::{SecretHash, TokenId};
use domain::id::{AppId, TenantId};
use domain::profile::ProfileName;
use domain::role::{Grant, Granted, Right, Role, Scope};
use uuid::Uuid;

use super::names::{At, PublicId};
use crate::admin_tx::AdminTx;
use crate::engine::parameter::parameters;
use crate::engine::read::{Columns, Read, known, record};
use crate::engine::statement::Statement;
use crate::error::Result;
use crate::store::Store;

record!(ApiKey: id label grant scope_name networks created_at expires_at revoked_at last_used_at last_four);
record!(ApiKeyRecord: key hash);

/// Two columns for what is granted, three for where.
impl Read for Grant {
    fn read(columns: &mut Columns<'_>) -> Result<Self> {
        let (role, rights): (Option<String>, Option<String>) = columns.next()?;
        let granted = match (role, rights) {
            (Some(role), _) => role.parse().ok().map(Granted::Role),
            (None, Some(rights)) => Granted::of_rights(rights.split_ascii_whitespace()).ok(),
            (None, None) => None,
        };
        let kind: String = columns.next()?;
        let (id, profile): (Option<Uuid>, Option<ProfileName>) = columns.next()?;
        let scope = match (kind.as_str(), id, profile) {
            ("all", None, None) => Some(Scope::All),
            ("tenant", Some(id), None) => Some(Scope::Tenant(TenantId::from_uuid(id))),
            ("directory", Some(id), Some(profile)) => {
                Some(Scope::Directory(TenantId::from_uuid(id), profile))
            }
            ("app", Some(id), None) => Some(Scope::App(AppId::from_uuid(id))),
            _ => None,
        };
        Ok(Self {
            granted: known("what an API key may do", granted)?,
            scope: known("the scope of an API key", scope)?,
        })
    }
}

/// The word of a scope, its id and its profile.
fn scope(scope: &Scope) -> (&'static str, Option<Uuid>, Option<&str>) {
    match scope {
        Scope::All => ("all", None, None),
        Scope::Tenant(tenant) => ("tenant", Some(tenant.uuid()), None),
        Scope::Directory(tenant, profile) => ("directory", Some(tenant.uuid()), Some(profile.as_str())),
        Scope::App(app) => ("app", Some(app.uuid()), None),
    }
}

fn role(granted: &Granted) -> Option<&'static str> {
    match granted {
        Granted::Role(role) => Some(Role::as_str(*role)),
        Granted::Rights(_) => None,
    }
}

fn rights(granted: &Granted) -> Option<String> {
    match granted {
        Granted::Role(_) => None,
        Granted::Rights(rights) => {
            let words: Vec<&str> = rights.iter().map(|right| Right::as_str(*right)).collect();
            Some(words.join(" "))
        }
    }
}

parameters!(&ApiKey, |key| {
    id: key.id,
    label: key.label.as_deref(),
    role: role(&key.grant.granted),
    rights: rights(&key.grant.granted),
    scope: scope(&key.grant.scope).0,
    scope_id: scope(&key.grant.scope).1,
    profile: scope(&key.grant.scope).2,
    networks: key.networks.to_string(),
    last_four: key.last_four.as_str(),
    created_at: key.created_at,
    expires_at: key.expires_at,
});

pub(crate) static INSERT: Statement<(&ApiKey, &SecretHash)> = Statement::new(|_| {
    "INSERT INTO api_key (id, label, role, rights, scope, scope_id, profile, networks, last_four, hash, hash_version, \
     created_at, expires_at) VALUES (:id, :label, :role, :rights, :scope, :scope_id, :profile, :networks, :last_four, :hash, \
     :hash_version, :created_at, :expires_at)"
        .into()
});

/// A key with the name of what it is limited to; its hash stands last.
const SELECT: &str = "SELECT k.id, k.label, k.role, k.rights, k.scope, k.scope_id, k.profile, coalesce(n.name, a.name), k.networks, \
                      k.created_at, k.expires_at, k.revoked_at, k.last_used_at, k.last_four, k.hash, k.hash_version \
                      FROM api_key k LEFT JOIN tenant n ON n.id = k.scope_id LEFT JOIN app a ON a.id = k.scope_id";

pub(crate) static ALL: Statement<(), ApiKey> = Statement::new(|_| format!("{SELECT} ORDER BY k.id"));

pub(crate) static BY_ID: Statement<PublicId, ApiKeyRecord> =
    Statement::new(|_| format!("{SELECT} WHERE k.id = :id"));

pub(crate) static REVOKE: Statement<(PublicId, At)> =
    Statement::new(|_| "UPDATE api_key SET revoked_at = :at WHERE id = :id AND revoked_at IS NULL".into());

pub(crate) static LIMIT: Statement<(PublicId, At)> =
    Statement::new(|_| "UPDATE api_key SET expires_at = :at WHERE id = :id AND expires_at > :at".into());

pub(crate) static NOTE_USE: Statement<(PublicId, At)> = Statement::new(|_| {
    "UPDATE api_key SET last_used_at = :at WHERE id = :id AND coalesce(last_used_at, 0) < :at".into()
});

impl Store {
    /// All API keys, oldest first.
    ///
    /// # Errors
    /// As [`Store::tenant_by_name`].
    pub async fn api_keys(&self) -> Result<Vec<ApiKey>> {
        let mut found = self.autocommit().all(&ALL, ()).await?;
        found.sort_by_key(|key| (key.created_at, key.id));
        Ok(found)
    }

    /// The record of an API key; one round trip.
    ///
    /// # Errors
    /// As [`Store::token_record`].
    pub async fn api_key(&self, id: TokenId) -> Result<Option<ApiKeyRecord>> {
        self.autocommit().one(&BY_ID, PublicId(id)).await
    }
}

impl AdminTx {
    /// Adds an API key.
    ///
    /// # Errors
    /// [`crate::StoreError::Conflict`] when the id exists, [`crate::StoreError::Unavailable`].
    pub async fn insert_api_key(&mut self, new: &ApiKey, hash: &SecretHash) -> Result<()> {
        self.executor.change(&INSERT, (new, hash)).await.map(|_| ())
    }

    /// Revokes an API key; `false` when there is none such, or it was revoked before.
    ///
    /// # Errors
    /// [`crate::StoreError::Unavailable`].
    pub async fn revoke_api_key(&mut self, id: TokenId, at: DateTime<Utc>) -> Result<bool> {
        Ok(self.executor.change(&REVOKE, (PublicId(id), At(at))).await? > 0)
    }

    /// Lets an API key end by itself at `expires_at` unless it ends before.
    ///
    /// # Errors
    /// [`crate::StoreError::Unavailable`].
    pub async fn limit_api_key(&mut self, id: TokenId, expires_at: DateTime<Utc>) -> Result<bool> {
        let changed = self
            .executor
            .change(&LIMIT, (PublicId(id), At(expires_at)))
            .await?;
        Ok(changed > 0)
    }
}
