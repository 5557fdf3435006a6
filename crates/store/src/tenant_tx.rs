//! One tenant's data, open: the only way to it. Every statement on it carries the tenant.
//!
//! What can be done with it stands in the files of `tables`; lists in [`crate::list`].

use domain::id::DirectoryId;
use domain::scope::TenantScope;

use crate::engine::executor::Executor;
use crate::error::Result;
use crate::list::concurrency_limit::ConcurrencyLimit;
use crate::list::{self, ListRequest, Page};
use crate::settings::Backend;
use crate::tables::names::{In, InDirectory, OfTenant};
use crate::tables::resource::StoredResource;
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
    pub(crate) executor: Executor,
    pub(crate) scope: TenantScope,
    /// PostgreSQL: `usher.tenant` is set in this transaction.
    pub(crate) tenant_set: bool,
    /// Limits the searches of a whole directory; `None` inside a transaction, which must not wait for other work.
    pub(crate) searches: Option<ConcurrencyLimit>,
}

impl std::fmt::Debug for TenantTx {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("TenantTx").field(&self.scope).finish()
    }
}

impl TenantTx {
    pub(crate) fn new(executor: Executor, scope: TenantScope) -> Self {
        Self {
            tenant_set: executor.backend() == Backend::Sqlite,
            executor,
            scope,
            searches: None,
        }
    }

    pub(crate) fn tenant(&self) -> OfTenant {
        OfTenant(self.scope.tenant())
    }

    /// A directory of this tenant.
    pub(crate) fn within(&self, directory: DirectoryId) -> In {
        (self.tenant(), InDirectory(directory))
    }

    /// A page of a directory's identities or groups.
    ///
    /// # Errors
    /// [`crate::StoreError::TooMuch`] when the query would look at more than [`list::SCAN_ROWS`] or keep more than
    /// [`list::SORT_KEPT`]; [`crate::StoreError::Unavailable`] also while the tenant's other searches do not end; otherwise as
    /// [`TenantTx::get`].
    pub async fn list<R: StoredResource>(&mut self, query: &ListRequest<'_>) -> Result<Page<R>> {
        Ok(list::run(self, query).await?.map(|(_, resource)| resource))
    }

    /// Notes that a statement has opened row-level security: in a transaction it is open afterwards.
    pub(crate) fn note_tenant_set(&mut self) {
        self.tenant_set |= self.executor.is_open();
    }

    /// PostgreSQL: opens row-level security for statements that do not do it themselves.
    pub(crate) async fn set_tenant(&mut self) -> Result<()> {
        if !self.tenant_set {
            let tenant = self.tenant();
            self.executor.one(&tenant::OPEN, tenant).await?;
            self.tenant_set = true;
        }
        Ok(())
    }
}
