//! One tenant's data, open: the only way to it. Every statement on it carries the tenant.
//!
//! What can be done with it stands in the files of `tables`; lists in [`crate::list`].

use domain::group::Group;
use domain::id::DirectoryId;
use domain::identity::Identity;
use domain::scope::TenantScope;
use sea_orm::QueryResult;
use tokio::sync::OwnedSemaphorePermit;

use crate::engine::parameter::Bind;
use crate::engine::read::Columns;
use crate::engine::statement::Built;
use crate::engine::tx::Tx;
use crate::error::StoreError;
use crate::list::concurrency_limit::ConcurrencyLimit;
use crate::list::{self, ListRequest, Page};
use crate::settings::Backend;
use crate::tables::names::{In, InDirectory, OfTenant};
use crate::tables::tenant;

/// How a creation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CreateOutcome {
    /// The resource, its events and its log row are written.
    Done,
    /// As [`CreateOutcome::Done`], and another identity of the directory has the same `externalId`, which is no key there.
    DoneBeside,
    /// Another identity of the directory has this `userName` (or `externalId`, where it is the key), or another group this
    /// `displayName`; nothing is written.
    Taken,
}

impl CreateOutcome {
    /// Whether it is written.
    pub(crate) const fn is_done(self) -> bool {
        matches!(self, Self::Done | Self::DoneBeside)
    }
}

/// How a change ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SaveOutcome {
    /// The resource, its events and its log row are written.
    Done,
    /// As [`SaveOutcome::Done`], and another identity of the directory has the same `externalId`, which is no key there.
    DoneBeside,
    /// Another identity of the directory has this `userName`, or another group this `displayName`; nothing is written.
    NameTaken,
    /// Another identity of the directory has this `externalId`, which is the key there; nothing is written.
    ExternalIdTaken,
    /// There is no such resource, or its revision is not the one before; nothing is written.
    Gone,
}

/// One tenant's data, open.
pub struct TenantTx {
    pub(crate) tx: Tx,
    pub(crate) scope: TenantScope,
    /// PostgreSQL: `usher.tenant` is set in this transaction.
    pub(crate) tenant_set: bool,
    /// Where searches of a whole directory wait for one another.
    searches: Option<ConcurrencyLimit>,
}

impl std::fmt::Debug for TenantTx {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("TenantTx").field(&self.scope).finish()
    }
}

impl TenantTx {
    pub(crate) fn new(tx: Tx, scope: TenantScope) -> Self {
        let tenant_set = tx.backend() == Backend::Sqlite;
        Self {
            tx,
            scope,
            tenant_set,
            searches: None,
        }
    }

    pub(crate) fn with_search_limit(mut self, searches: ConcurrencyLimit) -> Self {
        self.searches = Some(searches);
        self
    }

    pub(crate) fn into_tx(self) -> Tx {
        self.tx
    }

    pub(crate) fn tenant(&self) -> OfTenant {
        OfTenant(self.scope.tenant())
    }

    /// A directory of this tenant.
    pub(crate) fn within(&self, directory: DirectoryId) -> In {
        (self.tenant(), InDirectory(directory))
    }

    /// The first row of a statement that opens row-level security: in a transaction it is open afterwards.
    pub(crate) async fn open_one<P: Bind>(
        &mut self,
        statement: &Built<P>,
        parameters: P,
    ) -> Result<Option<QueryResult>, StoreError> {
        let row = self.tx.one(statement, parameters).await?;
        self.tenant_set |= self.tx.is_open();
        Ok(row)
    }

    /// A page of a directory's identities.
    ///
    /// # Errors
    /// [`StoreError::TooMuch`] when the query would look at more than [`list::SCAN_ROWS`] or keep more than
    /// [`list::SORT_KEPT`]; [`StoreError::Unavailable`] also while the tenant's other searches do not end; otherwise as
    /// [`TenantTx::get`].
    pub async fn list(&mut self, query: &ListRequest<'_>) -> Result<Page<Identity>, StoreError> {
        list::run(self, query).await
    }

    /// A page of a directory's groups.
    ///
    /// # Errors
    /// As [`TenantTx::list`].
    pub async fn list_groups(&mut self, query: &ListRequest<'_>) -> Result<Page<Group>, StoreError> {
        list::run(self, query).await
    }

    /// Leave to go through a whole directory; `None` inside a transaction, which must not wait for other work.
    pub(crate) async fn search_permit(&self) -> Result<Option<OwnedSemaphorePermit>, StoreError> {
        match &self.searches {
            Some(searches) => searches.enter(self.scope.tenant()).await.map(Some),
            None => Ok(None),
        }
    }

    /// PostgreSQL: opens row-level security for statements that do not do it themselves.
    pub(crate) async fn set_tenant(&mut self) -> Result<(), StoreError> {
        if !self.tenant_set {
            let tenant = self.tenant();
            self.tx.all(&tenant::OPEN, tenant).await?;
            self.tenant_set = true;
        }
        Ok(())
    }
}

/// How many identities a change reached: PostgreSQL counts them in one row, SQLite returns a 1 for each.
pub(crate) fn counted(rows: &[QueryResult]) -> Result<i64, StoreError> {
    rows.first().map_or(Ok(0), |row| Columns::of(row).next())
}
