//! `directory`: tenant × profile.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use domain::id::DirectoryId;
use domain::profile::ProfileName;
use domain::scope::TenantScope;
use domain::tenant::{Directory, Provider, Switch};

use super::names::{At, Id, OfTenant, Profile};
use super::tenant::of;
use crate::admin_tx::AdminTx;
use crate::engine::parameter::parameters;
use crate::engine::read::{columns, known, record};
use crate::engine::statement::{Opens, Statement};
use crate::error::Result;
use crate::store::Store;

pub(crate) const COLUMNS: &str = "id, tenant_id, profile, provider, switch, created_at, extension, frozen_at";

record!(Directory: id tenant profile provider switch created_at extension frozen_at);

columns! {
    ProfileName = String => |name| known("a directory's profile", name.parse().ok());
    Provider = String => |word| known("a directory's provider", word.parse().ok());
    Switch = String => |word| known("a directory's switch", word.parse().ok());
    Arc<str> = String => |text| Ok(text.into());
}

parameters!(&Directory, |directory| {
    id: directory.id,
    profile: directory.profile.as_str(),
    provider: directory.provider.as_str(),
    switch: directory.switch.as_str(),
    created_at: directory.created_at,
});

pub(crate) static INSERT: Statement<(OfTenant, &Directory)> =
    Statement::opening(Opens::TenantToInsert, |_| {
        "INSERT INTO directory (tenant_id, id, profile, provider, switch, created_at) \
         SELECT :tenant, :id, :profile, :provider, :switch, :created_at"
            .into()
    });

pub(crate) static ALL: Statement<OfTenant, Directory> =
    Statement::select(|_| format!("SELECT {COLUMNS} FROM directory WHERE tenant_id = :tenant"));

pub(crate) static BY_PROFILE: Statement<(OfTenant, Profile<'_>), Directory> = Statement::select(|_| {
    format!("SELECT {COLUMNS} FROM directory WHERE tenant_id = :tenant AND profile = :profile")
});

pub(crate) static FREEZE: Statement<(OfTenant, Id, At)> = Statement::new(|_| {
    "UPDATE directory SET frozen_at = :at WHERE tenant_id = :tenant AND id = :id AND frozen_at IS NULL".into()
});

pub(crate) static UNFREEZE: Statement<(OfTenant, Id)> = Statement::new(|_| {
    "UPDATE directory SET frozen_at = NULL WHERE tenant_id = :tenant AND id = :id AND frozen_at IS NOT NULL"
        .into()
});

/// The settings of a directory: what they are to be, and what they were when they were read.
pub(crate) struct Settings<'a> {
    before: &'a Directory,
    after: &'a Directory,
}

parameters!(@bind ['a] Settings<'a>, |settings| {
    provider: settings.after.provider.as_str(),
    switch: settings.after.switch.as_str(),
    extension: settings.after.extension.as_deref(),
    provider_before: settings.before.provider.as_str(),
    switch_before: settings.before.switch.as_str(),
    extension_before: settings.before.extension.as_deref()
});

pub(crate) static CHANGE: Statement<(OfTenant, Id, Settings<'_>)> = Statement::new(|_| {
    "UPDATE directory SET provider = :provider, switch = :switch, extension = :extension WHERE tenant_id = :tenant AND id = :id \
     AND provider = :provider_before AND switch = :switch_before AND NOT (extension IS DISTINCT FROM :extension_before)"
        .into()
});

impl AdminTx {
    /// Changes the settings of a directory, if they are still those that were read; `false` when they are not, or when the
    /// tenant has no such directory.
    ///
    /// # Errors
    /// [`crate::StoreError::Unavailable`].
    pub async fn change_settings(
        &mut self,
        scope: TenantScope,
        before: &Directory,
        after: &Directory,
    ) -> Result<bool> {
        let change = (of(scope), Id(before.id.uuid()), Settings { before, after });
        Ok(self.update_of(scope, &CHANGE, change).await? > 0)
    }

    /// Adds a directory.
    ///
    /// # Errors
    /// [`crate::StoreError::Conflict`] when the tenant has one of that profile, [`crate::StoreError::Unavailable`].
    pub async fn create_directory(&mut self, scope: TenantScope, new: &Directory) -> Result<()> {
        self.executor.change(&INSERT, (of(scope), new)).await.map(|_| ())
    }

    /// Freezes a directory from `at` on; `false` when it is frozen, or the tenant has no such directory.
    ///
    /// # Errors
    /// [`crate::StoreError::Unavailable`].
    pub async fn freeze_directory(
        &mut self,
        scope: TenantScope,
        id: DirectoryId,
        at: DateTime<Utc>,
    ) -> Result<bool> {
        let parameters = (of(scope), Id(id.uuid()), At(at));
        Ok(self.update_of(scope, &FREEZE, parameters).await? > 0)
    }

    /// Ends [`AdminTx::freeze_directory`]; `false` when it is not frozen, or the tenant has no such directory.
    ///
    /// # Errors
    /// [`crate::StoreError::Unavailable`].
    pub async fn unfreeze_directory(&mut self, scope: TenantScope, id: DirectoryId) -> Result<bool> {
        let parameters = (of(scope), Id(id.uuid()));
        Ok(self.update_of(scope, &UNFREEZE, parameters).await? > 0)
    }
}

impl Store {
    /// The tenant's directories, by profile.
    ///
    /// # Errors
    /// As [`Store::tenant_by_name`].
    pub async fn directories(&self, scope: TenantScope) -> Result<Vec<Directory>> {
        let mut found = self.autocommit().all(&ALL, of(scope)).await?;
        found.sort_by(|one, other| one.profile.cmp(&other.profile));
        Ok(found)
    }

    /// The tenant's directory of that profile.
    ///
    /// # Errors
    /// As [`Store::tenant_by_name`].
    pub async fn directory(&self, scope: TenantScope, profile: &str) -> Result<Option<Directory>> {
        let by_profile = (of(scope), Profile(profile));
        self.autocommit().one(&BY_PROFILE, by_profile).await
    }
}
