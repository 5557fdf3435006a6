//! `directory`: tenant × profile.

use domain::id::{DirectoryId, TenantId};
use domain::scope::TenantScope;
use domain::tenant::{Directory, Provider, Switch};
use sea_orm::QueryResult;

use super::names::{Id, New, OfTenant, Profile};
use super::tenant::of;
use crate::engine::parameter::parameters;
use crate::engine::read::Columns;
use crate::engine::statement::{Built, Opens, Statement};
use crate::error::StoreError;
use crate::store::Store;

pub(crate) const COLUMNS: &str = "id, tenant_id, profile, provider, switch, created_at, extension";

/// Reads [`COLUMNS`] off a row, or off the part of a row that they are.
pub(crate) fn read_from(columns: &mut Columns<'_>) -> Result<Directory, StoreError> {
    Ok(Directory {
        id: DirectoryId::from_uuid(columns.next()?),
        tenant: TenantId::from_uuid(columns.next()?),
        profile: columns.parsed("a directory's profile", |name| name.parse().ok())?,
        provider: columns.parsed("a directory's provider", Provider::of_word)?,
        switch: columns.parsed("a directory's switch", switch)?,
        created_at: columns.time()?,
        extension: columns.next::<Option<String>>()?.map(Into::into),
    })
}

pub(crate) fn read(row: &QueryResult) -> Result<Directory, StoreError> {
    read_from(&mut Columns::of(row))
}

pub(crate) const fn word(switch: Switch) -> &'static str {
    match switch {
        Switch::On => "on",
        Switch::Off => "off",
    }
}

fn switch(word: &str) -> Option<Switch> {
    match word {
        "on" => Some(Switch::On),
        "off" => Some(Switch::Off),
        _ => None,
    }
}

parameters!(&Directory, |directory| {
    id: directory.id,
    profile: directory.profile.as_str(),
    provider: directory.provider.as_str(),
    switch: word(directory.switch),
    created_at: directory.created_at,
});

pub(crate) static INSERT: Statement<(OfTenant, &Directory)> =
    Statement::opening(Opens::TenantToInsert, |_| {
        "INSERT INTO directory (tenant_id, id, profile, provider, switch, created_at) \
         SELECT :tenant, :id, :profile, :provider, :switch, :created_at"
            .into()
    });

pub(crate) static ALL: Statement<OfTenant> =
    Statement::select(|_| format!("SELECT {COLUMNS} FROM directory WHERE tenant_id = :tenant"));

pub(crate) static BY_PROFILE: Statement<(OfTenant, Profile<'_>)> = Statement::select(|_| {
    format!("SELECT {COLUMNS} FROM directory WHERE tenant_id = :tenant AND profile = :profile")
});

/// What becomes of one column of a directory.
pub(crate) type Change<'a> = (OfTenant, Id, New<'a>);

pub(crate) static SET_SWITCH: Statement<Change<'_>> = Statement::new(|_| set("switch"));
pub(crate) static SET_PROVIDER: Statement<Change<'_>> = Statement::new(|_| set("provider"));
pub(crate) static SET_EXTENSION: Statement<Change<'_>> = Statement::new(|_| set("extension"));

fn set(column: &str) -> String {
    format!("UPDATE directory SET {column} = :new WHERE tenant_id = :tenant AND id = :id")
}

impl Store {
    /// Adds a directory.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the tenant has one of that profile, [`StoreError::Unavailable`].
    pub async fn create_directory(&self, scope: TenantScope, new: &Directory) -> Result<(), StoreError> {
        self.change(&INSERT, (of(scope), new)).await.map(|_| ())
    }

    /// The tenant's directories, by profile.
    ///
    /// # Errors
    /// As [`Store::tenant_by_name`].
    pub async fn directories(&self, scope: TenantScope) -> Result<Vec<Directory>, StoreError> {
        let rows = self.autocommit().all(&ALL, of(scope)).await?;
        let mut found = rows.iter().map(read).collect::<Result<Vec<_>, _>>()?;
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
        let row = self.autocommit().one(&BY_PROFILE, by_profile).await?;
        row.as_ref().map(read).transpose()
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
        self.change_directory(scope, &SET_SWITCH, id, Some(word(switch)))
            .await
    }

    /// Sets which provider calls a directory; `false` when the tenant has no such directory.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn set_provider(
        &self,
        scope: TenantScope,
        id: DirectoryId,
        provider: Provider,
    ) -> Result<bool, StoreError> {
        self.change_directory(scope, &SET_PROVIDER, id, Some(provider.as_str()))
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
        self.change_directory(scope, &SET_EXTENSION, id, extension).await
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
