//! Tenants and their directories.

use domain::id::DirectoryId;
use domain::scope::TenantScope;
use domain::tenant::{Directory, Provider, Switch, Tenant};
use sea_orm::Value;

use crate::error::StoreError;
use crate::sql::{Sql, text};
use crate::store::Store;
use crate::table::{directory, tenant};

/// Tenants and directories.
impl Store {
    /// Adds a tenant.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the name is taken, [`StoreError::Unavailable`].
    pub async fn create_tenant(&self, new: &Tenant) -> Result<(), StoreError> {
        let sql = Sql::same(&format!(
            "INSERT INTO tenant ({}) VALUES ($1, $2, $3, $4)",
            tenant::COLUMNS
        ));
        self.change(&sql, tenant::values(new)).await.map(|_| ())
    }

    /// The tenant of that name.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    pub async fn tenant_by_name(&self, name: &str) -> Result<Option<Tenant>, StoreError> {
        let text = format!("SELECT {} FROM tenant WHERE name = $1", tenant::COLUMNS);
        let rows = self.autocommit().all_of(&text, vec![Value::from(name)]).await?;
        rows.first().map(tenant::read).transpose()
    }

    /// All tenants, by name.
    ///
    /// # Errors
    /// As [`Store::tenant_by_name`].
    pub async fn tenants(&self) -> Result<Vec<Tenant>, StoreError> {
        let text = format!("SELECT {} FROM tenant ORDER BY name", tenant::COLUMNS);
        self.autocommit()
            .all_of(&text, Vec::new())
            .await?
            .iter()
            .map(tenant::read)
            .collect()
    }

    /// Adds a directory.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the tenant has one of that profile, [`StoreError::Unavailable`].
    pub async fn create_directory(&self, scope: TenantScope, new: &Directory) -> Result<(), StoreError> {
        let sql = Sql::insert(
            "INSERT INTO directory (tenant_id, id, profile, provider, switch, created_at) \
             SELECT :tenant, $2, $3, $4, $5, $6 :from",
        );
        let values = vec![
            Value::from(new.id.uuid()),
            Value::from(new.profile.as_str()),
            Value::from(new.provider.as_str()),
            Value::from(directory::word(new.switch)),
            Value::from(new.created_at.timestamp_millis()),
        ];
        self.change_of(scope, &sql, values).await.map(|_| ())
    }

    /// The tenant's directories, by profile.
    ///
    /// # Errors
    /// As [`Store::tenant_by_name`].
    pub async fn directories(&self, scope: TenantScope) -> Result<Vec<Directory>, StoreError> {
        let select = format!(
            "SELECT {} FROM directory WHERE tenant_id = :tenant",
            directory::COLUMNS
        );
        let rows = self.all_of(scope, &select, Vec::new()).await?;
        let mut found = rows.iter().map(directory::read).collect::<Result<Vec<_>, _>>()?;
        found.sort_by(|one, other| one.profile.cmp(&other.profile));
        Ok(found)
    }

    /// The tenant's directory of that profile.
    ///
    /// # Errors
    /// As [`Store::tenant_by_name`].
    pub async fn directory(
        &self,
        scope: TenantScope,
        profile: &str,
    ) -> Result<Option<Directory>, StoreError> {
        let select = format!(
            "SELECT {} FROM directory WHERE tenant_id = :tenant AND profile = $2",
            directory::COLUMNS
        );
        let rows = self.all_of(scope, &select, vec![Value::from(profile)]).await?;
        rows.first().map(directory::read).transpose()
    }

    /// Turns a directory on or off; `false` when the tenant has no such directory.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn switch_directory(
        &self,
        scope: TenantScope,
        id: DirectoryId,
        switch: Switch,
    ) -> Result<bool, StoreError> {
        let text = "UPDATE directory SET switch = $3 WHERE tenant_id = :tenant AND id = $2";
        let values = vec![Value::from(id.uuid()), Value::from(directory::word(switch))];
        Ok(self.update_of(scope, text, values).await? > 0)
    }

    /// Says who calls a directory; `false` when the tenant has no such directory.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn set_provider(
        &self,
        scope: TenantScope,
        id: DirectoryId,
        provider: Provider,
    ) -> Result<bool, StoreError> {
        let text = "UPDATE directory SET provider = $3 WHERE tenant_id = :tenant AND id = $2";
        let values = vec![Value::from(id.uuid()), Value::from(provider.as_str())];
        Ok(self.update_of(scope, text, values).await? > 0)
    }

    /// Gives a directory an extension of its own, or takes it away; `false` when the tenant has no such directory.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn set_extension(
        &self,
        scope: TenantScope,
        id: DirectoryId,
        extension: Option<&str>,
    ) -> Result<bool, StoreError> {
        let sql = "UPDATE directory SET extension = $3 WHERE tenant_id = :tenant AND id = $2";
        let values = vec![Value::from(id.uuid()), text(extension)];
        Ok(self.update_of(scope, sql, values).await? > 0)
    }
}
