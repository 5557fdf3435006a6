//! Tenants and their directories.

use domain::id::DirectoryId;
use domain::scope::TenantScope;
use domain::tenant::{Directory, Provider, Switch, Tenant};

use super::of;
use crate::error::StoreError;
use crate::statement::Built;
use crate::store::Store;
use crate::table::directory::Change;
use crate::table::names::{Id, Name, New, Profile};
use crate::table::{directory, tenant};

/// Tenants and directories.
impl Store {
    /// Adds a tenant.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the name is taken, [`StoreError::Unavailable`].
    pub async fn create_tenant(&self, new: &Tenant) -> Result<(), StoreError> {
        self.change(&tenant::INSERT, new).await.map(|_| ())
    }

    /// The tenant of that name.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    pub async fn tenant_by_name(&self, name: &str) -> Result<Option<Tenant>, StoreError> {
        let row = self.autocommit().one(&tenant::BY_NAME, Name(name)).await?;
        row.as_ref().map(tenant::read).transpose()
    }

    /// All tenants, by name.
    ///
    /// # Errors
    /// As [`Store::tenant_by_name`].
    pub async fn tenants(&self) -> Result<Vec<Tenant>, StoreError> {
        let rows = self.autocommit().all(&tenant::ALL, ()).await?;
        rows.iter().map(tenant::read).collect()
    }

    /// Adds a directory.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the tenant has one of that profile, [`StoreError::Unavailable`].
    pub async fn create_directory(&self, scope: TenantScope, new: &Directory) -> Result<(), StoreError> {
        self.change(&directory::INSERT, (of(scope), new))
            .await
            .map(|_| ())
    }

    /// The tenant's directories, by profile.
    ///
    /// # Errors
    /// As [`Store::tenant_by_name`].
    pub async fn directories(&self, scope: TenantScope) -> Result<Vec<Directory>, StoreError> {
        let rows = self.autocommit().all(&directory::ALL, of(scope)).await?;
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
        let by_profile = (of(scope), Profile(profile));
        let row = self.autocommit().one(&directory::BY_PROFILE, by_profile).await?;
        row.as_ref().map(directory::read).transpose()
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
        self.change_directory(scope, &directory::SET_SWITCH, id, Some(directory::word(switch)))
            .await
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
        self.change_directory(scope, &directory::SET_PROVIDER, id, Some(provider.as_str()))
            .await
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
        self.change_directory(scope, &directory::SET_EXTENSION, id, extension)
            .await
    }

    async fn change_directory(
        &self,
        scope: TenantScope,
        statement: &Built<Change<'_>>,
        id: DirectoryId,
        new: Option<&str>,
    ) -> Result<bool, StoreError> {
        let change = (of(scope), Id(id.uuid()), New(new));
        let changed = self.update_of(scope, statement, change).await?;
        Ok(changed > 0)
    }
}
