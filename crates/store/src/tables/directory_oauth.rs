//! `directory_oauth`: what a directory accepts beside its tokens, and for how long (ADR 0043, ADR 0044). A directory without a row has
//! the defaults.

use domain::client::{DirectoryOauth, EntraTokens, NamedDirectory};
use domain::id::DirectoryId;
use domain::scope::TenantScope;

use super::directory;
use super::names::{DirectoryKey, InDirectory, Name, Profile};
use super::tenant::of;
use crate::admin_tx::AdminTx;
use crate::engine::parameter::parameters;
use crate::engine::read::{Columns, Read, known, record};
use crate::engine::statement::Statement;
use crate::error::Result;
use crate::store::Store;

const COLUMNS: &str = "access_token_seconds, entra_tenant, entra_keys_url, entra_in_production";

record!(DirectoryOauth: access_token_seconds entra);
record!(NamedDirectory: oauth opens);

/// Three columns; the third says nothing without the others.
impl Read for Option<EntraTokens> {
    fn read(columns: &mut Columns<'_>) -> Result<Self> {
        let (entra_tenant, keys_url): (Option<String>, Option<String>) = columns.next()?;
        let in_production: bool = columns.next()?;
        match (entra_tenant, keys_url) {
            (None, None) => Ok(None),
            (Some(entra_tenant), Some(keys_url)) => Ok(Some(EntraTokens {
                entra_tenant,
                keys_url,
                in_production,
            })),
            _ => known("the Entra tenant of a directory", None),
        }
    }
}

parameters!(&DirectoryOauth, |oauth| {
    access_token_seconds: oauth.access_token_seconds,
    entra_tenant: oauth.entra.as_ref().map(|entra| entra.entra_tenant.clone()),
    entra_keys_url: oauth.entra.as_ref().map(|entra| entra.keys_url.clone()),
    entra_in_production: oauth.entra.as_ref().is_some_and(|entra| entra.in_production),
});

pub(crate) static READ: Statement<DirectoryKey, DirectoryOauth> = Statement::select(|_| {
    format!("SELECT {COLUMNS} FROM directory_oauth WHERE tenant_id = :tenant AND directory_id = :directory")
});

/// After its tenant's rows were opened.
pub(crate) static WRITE: Statement<(DirectoryKey, &DirectoryOauth)> = Statement::new(|_| {
    format!(
        "INSERT INTO directory_oauth (tenant_id, directory_id, {COLUMNS}) \
         VALUES (:tenant, :directory, :access_token_seconds, :entra_tenant, :entra_keys_url, :entra_in_production) \
         ON CONFLICT (tenant_id, directory_id) DO UPDATE SET access_token_seconds = excluded.access_token_seconds, \
         entra_tenant = excluded.entra_tenant, entra_keys_url = excluded.entra_keys_url, \
         entra_in_production = excluded.entra_in_production"
    )
});

/// The directory that a Tenant URL names, if it accepts anything beside its tokens. PostgreSQL: the tenant of that name opens its rows.
pub(crate) static BY_NAME: Statement<(Name<'_>, Profile<'_>), NamedDirectory> = Statement::new(|on| {
    let of = |alias: &str, columns: &str| {
        let columns = columns.split(", ").map(|column| format!("{alias}.{column}"));
        columns.collect::<Vec<_>>().join(", ")
    };
    let (own, found) = (of("o", COLUMNS), of("d", COLUMNS));
    let dir = of("d", directory::COLUMNS);
    on.either(
        format!(
            "SELECT {found}, {dir}, n.name, n.external_tenant_id, n.frozen_at, n.credential_state \
             FROM (SELECT * FROM tenant WHERE tenant.name = :name OFFSET 0) n \
             CROSS JOIN LATERAL (SELECT set_config('usher.tenant', n.id::text, true) AS tenant OFFSET 0) s \
             CROSS JOIN LATERAL (SELECT d.*, {own} FROM directory d \
             JOIN directory_oauth o ON o.tenant_id = d.tenant_id AND o.directory_id = d.id \
             WHERE d.tenant_id = n.id AND d.profile = :profile AND s.tenant IS NOT NULL OFFSET 0) d",
        ),
        format!(
            "SELECT {own}, {dir}, n.name, n.external_tenant_id, n.frozen_at, n.credential_state FROM tenant n \
             JOIN directory d ON d.tenant_id = n.id AND d.profile = :profile \
             JOIN directory_oauth o ON o.tenant_id = d.tenant_id AND o.directory_id = d.id WHERE n.name = :name"
        ),
    )
});

impl AdminTx {
    /// Sets what a directory accepts beside its tokens.
    ///
    /// # Errors
    /// [`crate::StoreError::Conflict`] when the tenant has no such directory, [`crate::StoreError::Unavailable`].
    pub async fn set_directory_oauth(
        &mut self,
        scope: TenantScope,
        id: DirectoryId,
        oauth: &DirectoryOauth,
    ) -> Result<()> {
        let parameters = ((of(scope), InDirectory(id)), oauth);
        self.update_of(scope, &WRITE, parameters).await.map(|_| ())
    }
}

impl Store {
    /// What a directory of the tenant accepts beside its tokens.
    ///
    /// # Errors
    /// As [`Store::tenant_by_name`].
    pub async fn directory_oauth(&self, scope: TenantScope, id: DirectoryId) -> Result<DirectoryOauth> {
        let found = self.autocommit().one(&READ, (of(scope), InDirectory(id))).await?;
        Ok(found.unwrap_or_default())
    }

    /// The directory of these names, if it accepts anything beside its tokens.
    ///
    /// # Errors
    /// As [`Store::token_record`].
    pub async fn directory_by_names(&self, tenant: &str, profile: &str) -> Result<Option<NamedDirectory>> {
        let names = (Name(tenant), Profile(profile));
        self.autocommit().one(&BY_NAME, names).await
    }
}
