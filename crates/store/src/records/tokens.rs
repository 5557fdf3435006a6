//! Secret tokens, as operators see them.

use chrono::{DateTime, Utc};
use domain::credential::{SecretHash, Token};
use domain::id::DirectoryId;
use domain::scope::TenantScope;

use super::of;
use crate::error::StoreError;
use crate::store::Store;
use crate::table::names::{At, PublicId};
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
        self.change(&token::INSERT, (of(scope), new, hash))
            .await
            .map(|_| ())
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
        let rows = self.autocommit().all(&token::ALL, of(scope)).await?;
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
        let parameters = (of(scope), PublicId(id));
        let row = self.autocommit().one(&token::BY_ID, parameters).await?;
        row.as_ref().map(token::read).transpose()
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
        let parameters = (of(scope), PublicId(id), At(at));
        Ok(self.update_of(scope, &token::REVOKE, parameters).await? > 0)
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
        let parameters = (of(scope), PublicId(id), At(expires_at));
        Ok(self.update_of(scope, &token::LIMIT, parameters).await? > 0)
    }
}
