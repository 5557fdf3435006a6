//! Secret tokens, as operators see them.

use chrono::{DateTime, Utc};
use domain::credential::{SecretHash, Token};
use domain::id::DirectoryId;
use domain::scope::TenantScope;
use sea_orm::Value;

use crate::error::StoreError;
use crate::sql::{Sql, text};
use crate::store::Store;
use crate::table::token;

/// Tokens.
impl Store {
    /// Adds a token.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the id exists or the directory is not this tenant's, [`StoreError::Unavailable`].
    pub async fn insert_token(
        &self,
        scope: TenantScope,
        new: &Token,
        hash: &SecretHash,
    ) -> Result<(), StoreError> {
        let sql = Sql::insert(
            "INSERT INTO token (tenant_id, id, directory_id, label, last_four, hash, hash_version, created_at, expires_at, \
             revoked_at, last_used_at) SELECT :tenant, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11 :from",
        );
        let values = vec![
            Value::from(new.id.as_str()),
            Value::from(new.directory.uuid()),
            text(new.label.as_deref()),
            Value::from(new.last_four.as_str()),
            Value::from(hash.phc.as_str()),
            Value::from(hash.version),
            Value::from(new.created_at.timestamp_millis()),
            time(new.expires_at),
            time(new.revoked_at),
            time(new.last_used_at),
        ];
        self.change_of(scope, &sql, values).await.map(|_| ())
    }

    /// The tenant's tokens, of one directory or all, oldest first.
    ///
    /// # Errors
    /// As [`Store::tenant_by_name`].
    pub async fn tokens(
        &self,
        scope: TenantScope,
        directory: Option<DirectoryId>,
    ) -> Result<Vec<Token>, StoreError> {
        let select = format!("SELECT {} FROM token WHERE tenant_id = :tenant", token::COLUMNS);
        let rows = self.all_of(scope, &select, Vec::new()).await?;
        let mut found = rows.iter().map(token::read).collect::<Result<Vec<_>, _>>()?;
        found.retain(|token| directory.is_none_or(|directory| token.directory == directory));
        found.sort_by(|one, other| (one.created_at, &one.id).cmp(&(other.created_at, &other.id)));
        Ok(found)
    }

    /// One of the tenant's tokens.
    ///
    /// # Errors
    /// As [`Store::tenant_by_name`].
    pub async fn token(&self, scope: TenantScope, id: &str) -> Result<Option<Token>, StoreError> {
        let select = format!(
            "SELECT {} FROM token WHERE tenant_id = :tenant AND id = $2",
            token::COLUMNS
        );
        let rows = self.all_of(scope, &select, vec![Value::from(id)]).await?;
        rows.first().map(token::read).transpose()
    }

    /// Takes a token back; `false` when the tenant has no such token, or it was taken back before.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn revoke_token(
        &self,
        scope: TenantScope,
        id: &str,
        at: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let text =
            "UPDATE token SET revoked_at = $3 WHERE tenant_id = :tenant AND id = $2 AND revoked_at IS NULL";
        Ok(self
            .update_of(
                scope,
                text,
                vec![Value::from(id), Value::from(at.timestamp_millis())],
            )
            .await?
            > 0)
    }

    /// Lets a token end by itself at `expires_at` unless it ends before; `false` when it does, or when the tenant has
    /// no such token. Rotation: the old token lives on for the overlap.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn limit_token(
        &self,
        scope: TenantScope,
        id: &str,
        expires_at: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let text = "UPDATE token SET expires_at = $3 WHERE tenant_id = :tenant AND id = $2 \
                    AND (expires_at IS NULL OR expires_at > $3)";
        let values = vec![Value::from(id), Value::from(expires_at.timestamp_millis())];
        Ok(self.update_of(scope, text, values).await? > 0)
    }
}

fn time(time: Option<DateTime<Utc>>) -> Value {
    Value::from(time.map(|time| time.timestamp_millis()))
}
