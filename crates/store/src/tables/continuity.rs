//! `token_continuity`: the directories whose new tokens may be written into their customers' Entra apps (ADR 0051).

use std::collections::BTreeMap;

use chrono::TimeDelta;
use domain::continuity::{Continuity, SyncJob};
use domain::id::DirectoryId;
use domain::scope::TenantScope;

use super::names::{DirectoryKey, InDirectory, Limit, OfTenant};
use super::tenant::of;
use crate::admin_tx::AdminTx;
use crate::engine::parameter::{Json, parameters};
use crate::engine::read::{columns, known, record};
use crate::engine::statement::{Opens, Statement};
use crate::error::Result;
use crate::store::Store;

const COLUMNS: &str = "tenant_id, directory_id, entra_tenant, service_principal, sync_job, base_address, kept, before_ms, life_ms, set_at";

record!(Continuity: tenant directory entra_tenant service_principal job base_address kept before life set_at);

columns! {
    SyncJob = String => |text| known("the id of a synchronization job", text.parse().ok());
    BTreeMap<String, String> = String => |text| known("what is kept of an Entra app", serde_json::from_str(&text).ok());
    TimeDelta = i64 => |millis| known("a span of time", Self::try_milliseconds(millis));
}

parameters!(&Continuity, |continuity| {
    directory: continuity.directory,
    entra_tenant: continuity.entra_tenant,
    service_principal: continuity.service_principal,
    sync_job: continuity.job.as_str(),
    base_address: continuity.base_address.as_str(),
    kept: Json(&continuity.kept),
    before_ms: continuity.before.num_milliseconds(),
    life_ms: continuity.life.num_milliseconds(),
    set_at: continuity.set_at,
});

pub(crate) static INSERT: Statement<(OfTenant, &Continuity)> = Statement::opening(
    Opens::TenantToInsert,
    |_| {
        format!(
            "INSERT INTO token_continuity ({COLUMNS}) SELECT :tenant, :directory, :entra_tenant, :service_principal, :sync_job, \
             :base_address, :kept, :before_ms, :life_ms, :set_at"
        )
    },
);

pub(crate) static DELETE: Statement<DirectoryKey> = Statement::new(|_| {
    "DELETE FROM token_continuity WHERE tenant_id = :tenant AND directory_id = :directory".into()
});

pub(crate) static OF_DIRECTORY: Statement<DirectoryKey, Continuity> = Statement::select(|_| {
    format!("SELECT {COLUMNS} FROM token_continuity WHERE tenant_id = :tenant AND directory_id = :directory")
});

/// Those of all tenants, in the order of the primary key.
pub(crate) static AFTER: Statement<(DirectoryKey, Limit), Continuity> =
    Statement::opening(Opens::All("usage"), |_| {
        format!(
            "SELECT {COLUMNS} FROM token_continuity WHERE (tenant_id, directory_id) > (:tenant, :directory) \
             ORDER BY tenant_id, directory_id LIMIT :limit"
        )
    });

/// A directory of a tenant.
pub(crate) fn key(scope: TenantScope, directory: DirectoryId) -> DirectoryKey {
    (of(scope), InDirectory(directory))
}

impl AdminTx {
    /// Says where a directory's new tokens are written to, in place of what was said before.
    ///
    /// # Errors
    /// [`crate::StoreError::Conflict`] when another directory has that Entra app, [`crate::StoreError::Unavailable`].
    pub async fn set_continuity(&mut self, scope: TenantScope, new: &Continuity) -> Result<()> {
        self.update_of(scope, &DELETE, key(scope, new.directory)).await?;
        self.executor.change(&INSERT, (of(scope), new)).await.map(|_| ())
    }

    /// Ends it; `false` when it was not set.
    ///
    /// # Errors
    /// [`crate::StoreError::Unavailable`].
    pub async fn clear_continuity(&mut self, scope: TenantScope, directory: DirectoryId) -> Result<bool> {
        Ok(self.update_of(scope, &DELETE, key(scope, directory)).await? > 0)
    }
}

impl Store {
    /// Where a directory's new tokens are written to.
    ///
    /// # Errors
    /// As [`Store::tenant_by_name`].
    pub async fn continuity(&self, scope: TenantScope, directory: DirectoryId) -> Result<Option<Continuity>> {
        self.autocommit().one(&OF_DIRECTORY, key(scope, directory)).await
    }

    /// Up to `limit` of all tenants, after this one in the order of tenants and directories.
    ///
    /// # Errors
    /// As [`Store::tenant_by_name`].
    pub async fn continuities_after(
        &self,
        after: Option<&Continuity>,
        limit: usize,
    ) -> Result<Vec<Continuity>> {
        let nil = uuid::Uuid::nil();
        let (tenant, directory) = after.map_or((nil, nil), |continuity| {
            (continuity.tenant.uuid(), continuity.directory.uuid())
        });
        let after = (
            OfTenant(domain::id::TenantId::from_uuid(tenant)),
            InDirectory(DirectoryId::from_uuid(directory)),
        );
        self.autocommit().all(&AFTER, (after, Limit(limit))).await
    }
}
