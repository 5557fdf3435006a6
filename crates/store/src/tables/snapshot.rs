//! What a snapshot of a feed reads (ADR 0039): tenants, and a tenant's identities and groups, in the order of their ids.
//!
//! Each statement goes by a primary key from a place on, and ends at so many rows or bytes of documents: a page costs the same,
//! however many rows there are. Members are read by [`TenantTx::members`].

use domain::group::Group;
use domain::identity::Identity;
use domain::tenant::Tenant;
use uuid::Uuid;

use super::names::{After, Bytes, Limit, OfTenant};
use super::resource::Table;
use super::tenant::COLUMNS;
use crate::engine::statement::Statement;
use crate::error::Result;
use crate::store::Store;
use crate::tenant_tx::TenantTx;

pub(crate) static TENANT: Statement<After, Tenant> =
    Statement::new(|_| format!("SELECT {COLUMNS} FROM tenant WHERE id >= :after ORDER BY id LIMIT 1"));

/// A tenant's rows after an id: at most so many rows, and so many bytes of documents before the last one.
type Rows = (OfTenant, After, Limit, Bytes);

pub(crate) static IDENTITIES: Statement<Rows, Identity> = Statement::select(|_| rows::<Identity>());
pub(crate) static GROUPS: Statement<Rows, Group> = Statement::select(|_| rows::<Group>());

fn rows<R: Table>() -> String {
    let (columns, table) = (R::COLUMNS, R::TABLE);
    format!(
        "SELECT w.* FROM (SELECT x.*, sum(octet_length(x.document)) OVER \
         (ORDER BY x.id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS bytes_before FROM \
         (SELECT {columns} FROM {table} WHERE tenant_id = :tenant AND id > :after ORDER BY id LIMIT :limit) x) w \
         WHERE w.bytes_before IS NULL OR w.bytes_before < :bytes"
    )
}

impl Store {
    /// The first tenant by id whose id is not lower than this one.
    ///
    /// # Errors
    /// As [`Store::tenant_by_name`].
    pub async fn tenant_from(&self, id: Uuid) -> Result<Option<Tenant>> {
        self.autocommit().one(&TENANT, After(id)).await
    }
}

impl TenantTx {
    /// Identities of all directories after an id, in the order of their ids: at most `limit`, and at most so many that those before the
    /// last one have less than `bytes` bytes of documents. None means that there are no more.
    ///
    /// # Errors
    /// As [`TenantTx::get`].
    pub async fn identities_after(&mut self, after: Uuid, limit: usize, bytes: i64) -> Result<Vec<Identity>> {
        let mut found = self.after(&IDENTITIES, after, limit, bytes).await?;
        found.sort_unstable_by_key(|identity| identity.id);
        Ok(found)
    }

    /// Groups of all directories after an id, as [`TenantTx::identities_after`].
    ///
    /// # Errors
    /// As [`TenantTx::get`].
    pub async fn groups_after(&mut self, after: Uuid, limit: usize, bytes: i64) -> Result<Vec<Group>> {
        let mut found = self.after(&GROUPS, after, limit, bytes).await?;
        found.sort_unstable_by_key(|group| group.id);
        Ok(found)
    }

    async fn after<R: Table>(
        &mut self,
        statement: &Statement<Rows, R>,
        after: Uuid,
        limit: usize,
        bytes: i64,
    ) -> Result<Vec<R>> {
        let rows = (self.tenant(), After(after), Limit(limit), Bytes(bytes));
        self.executor.all(statement, rows).await
    }
}
