//! The only door to a tenant's data. Every statement behind it carries the tenant.
//!
//! Here: identities, the log, lists; `groups`: groups and their members. Read next: `table` for the statements, [`crate::list`] for filters.

mod groups;

use domain::event::Event;
use domain::group::Group;
use domain::id::{DirectoryId, IdentityId};
use domain::identity::{ExternalId, Identity, MatchKeys};
use domain::log::LogEntry;
use domain::scope::TenantScope;
use scim::resource::fold;
use sea_orm::QueryResult;
use tokio::sync::OwnedSemaphorePermit;

use crate::error::{RetryAction, StoreError};
use crate::list::concurrency_limit::ConcurrencyLimit;
use crate::list::{self, ListRequest, Page};
use crate::parameter::Bind;
use crate::settings::Backend;
use crate::statement::Built;
use crate::table::keys::fit;
use crate::table::log::{LogQuery, LogRow};
use crate::table::names::{CreatedAt, Id, In, InDirectory, Key, OfTenant, OutboxRows};
use crate::table::read::Columns;
use crate::table::{identity, log, tenant};
use crate::tx::Tx;

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
    tx: Tx,
    scope: TenantScope,
    /// PostgreSQL: `usher.tenant` is set in this transaction.
    tenant_set: bool,
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

    pub(crate) fn tx(&mut self) -> &mut Tx {
        &mut self.tx
    }

    fn tenant(&self) -> OfTenant {
        OfTenant(self.scope.tenant())
    }

    /// A directory of this tenant.
    pub(crate) fn within(&self, directory: DirectoryId) -> In {
        (self.tenant(), InDirectory(directory))
    }

    /// The identity, if this directory of this tenant has it.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    pub async fn get(
        &mut self,
        directory: DirectoryId,
        id: IdentityId,
    ) -> Result<Option<Identity>, StoreError> {
        let by_id = (self.within(directory), Id(id.uuid()));
        self.find(&identity::BY_ID, by_id).await
    }

    /// As [`TenantTx::get`], and keeps everybody else from changing it until the transaction ends.
    ///
    /// # Errors
    /// As [`TenantTx::get`].
    pub async fn lock(
        &mut self,
        directory: DirectoryId,
        id: IdentityId,
    ) -> Result<Option<Identity>, StoreError> {
        let by_id = (self.within(directory), Id(id.uuid()));
        self.find(&identity::LOCK_BY_ID, by_id).await
    }

    /// The identity with this `userName`, folded as [`scim::resource::fold`] does. Locks it in [`crate::Store::write`].
    ///
    /// # Errors
    /// As [`TenantTx::get`].
    pub async fn find_by_user_name(
        &mut self,
        directory: DirectoryId,
        folded: &str,
    ) -> Result<Option<Identity>, StoreError> {
        let statement = if self.tx.is_open() {
            &identity::LOCK_BY_USER_NAME
        } else {
            &identity::BY_USER_NAME
        };
        let by_name = (self.within(directory), Key(fit(folded).into()));
        let found = self.find(statement, by_name).await?;
        // A key may stand for several names (store::table::keys).
        Ok(found.filter(|identity| fold(identity.resource.user_name().unwrap_or_default()) == folded))
    }

    /// The oldest identity with this `externalId`, a key as in [`domain::identity::MatchKeys`].
    ///
    /// # Errors
    /// As [`TenantTx::get`].
    pub async fn find_by_external_id(
        &mut self,
        directory: DirectoryId,
        key: &str,
    ) -> Result<Option<Identity>, StoreError> {
        let by_external_id = (self.within(directory), Key(fit(key).into()));
        self.find(&identity::BY_EXTERNAL_ID, by_external_id).await
    }

    async fn find<P: Bind>(
        &mut self,
        statement: &Built<P>,
        parameters: P,
    ) -> Result<Option<Identity>, StoreError> {
        let row = self.open_one(statement, parameters).await?;
        row.as_ref().map(identity::read).transpose()
    }

    /// The first row of a statement that opens row-level security: in a transaction it is open afterwards.
    async fn open_one<P: Bind>(
        &mut self,
        statement: &Built<P>,
        parameters: P,
    ) -> Result<Option<QueryResult>, StoreError> {
        let row = self.tx.one(statement, parameters).await?;
        self.tenant_set |= self.tx.is_open();
        Ok(row)
    }

    /// Writes a new identity, its event and its log row, in one round trip on PostgreSQL.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the directory is not this tenant's or the id exists, [`StoreError::Unavailable`].
    pub async fn create(
        &mut self,
        identity: &Identity,
        external_id: ExternalId,
        event: &Event,
        entry: &LogEntry,
    ) -> Result<CreateOutcome, StoreError> {
        let revision = identity::Revision::of(self.scope, identity, external_id);
        let parameters = (revision, CreatedAt(identity.created_at), event, entry);
        let rows = self.tx.with_outbox(&identity::CREATE, parameters).await?;
        self.tenant_set |= self.tx.is_open();
        if counted(&rows)? == 0 {
            return Ok(CreateOutcome::Taken);
        }
        self.tx.outbox_written = true;
        Ok(match is_shared(&rows)? {
            true => CreateOutcome::DoneBeside,
            false => CreateOutcome::Done,
        })
    }

    /// Writes an identity's next revision, its event and its log row. Lock it first.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn save(
        &mut self,
        identity: &Identity,
        external_id: ExternalId,
        event: &Event,
        entry: &LogEntry,
    ) -> Result<SaveOutcome, StoreError> {
        self.set_tenant().await?;
        let revision = identity::Revision::of(self.scope, identity, external_id);
        let shadow = revision.shadow();
        let parameters = (revision, shadow, event, entry);
        let rows = match self.tx.with_outbox(&identity::SAVE, parameters).await {
            Err(StoreError::Conflict(why)) => {
                // PostgreSQL: somebody took the key between our look and our write. The transaction is lost; the next
                // attempt sees it.
                self.tx.retry_action = Some(RetryAction::Again);
                return Err(StoreError::Conflict(why));
            }
            rows => rows?,
        };
        if counted(&rows)? == 0 {
            return self.why_not_saved(identity, external_id).await;
        }
        self.tx.outbox_written = true;
        Ok(match is_shared(&rows)? {
            true => SaveOutcome::DoneBeside,
            false => SaveOutcome::Done,
        })
    }

    async fn why_not_saved(
        &mut self,
        identity: &Identity,
        external_id: ExternalId,
    ) -> Result<SaveOutcome, StoreError> {
        if self.name_taken(identity).await? {
            return Ok(SaveOutcome::NameTaken);
        }
        let key = MatchKeys::of(&identity.resource).external_id;
        if let (ExternalId::IsKey, Some(key)) = (external_id, key) {
            let holder = self.find_by_external_id(identity.directory, &key).await?;
            if holder.is_some_and(|holder| holder.id != identity.id) {
                return Ok(SaveOutcome::ExternalIdTaken);
            }
        }
        Ok(SaveOutcome::Gone)
    }

    async fn name_taken(&mut self, identity: &Identity) -> Result<bool, StoreError> {
        let key = fit(&fold(identity.resource.user_name().unwrap_or_default()));
        let id = Id(identity.id.uuid());
        let others = (self.within(identity.directory), id, Key(key.into()));
        Ok(self.tx.one(&identity::NAME_TAKEN, others).await?.is_some())
    }

    /// Deletes an identity with its memberships and writes its event and its log row; nothing at all if it is gone already.
    /// Lock it first.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn delete(
        &mut self,
        identity: &Identity,
        event: &Event,
        entry: &LogEntry,
    ) -> Result<(), StoreError> {
        self.set_tenant().await?;
        let by_id = (self.within(identity.directory), Id(identity.id.uuid()));
        let parameters = (by_id, event, entry);
        let made = counted(&self.tx.with_outbox(&identity::DELETE, parameters).await?)?;
        self.tx.outbox_written |= made > 0;
        Ok(())
    }

    /// Writes a row of the provisioning log that no event belongs to.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn log(&mut self, entry: &LogEntry) -> Result<(), StoreError> {
        self.tx.change(&log::INSERT, (self.tenant(), entry)).await?;
        self.tenant_set |= self.tx.is_open();
        Ok(())
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

    /// Searches the provisioning log; with each row, how far its event has come.
    ///
    /// # Errors
    /// As [`TenantTx::get`].
    pub async fn search_log(&mut self, query: &LogQuery) -> Result<Vec<LogRow>, StoreError> {
        let search = log::search(self.tx.backend(), self.scope.tenant(), query)?;
        let rows = self.tx.all_of(&search).await?;
        let found = rows.iter().map(log::read).collect::<Result<Vec<_>, _>>()?;
        let events: Vec<i64> = found.iter().filter_map(|(outbox, _)| *outbox).collect();
        let mut delivered = if events.is_empty() {
            std::collections::HashMap::new()
        } else {
            log::read_deliveries(&self.tx.all(&log::DELIVERIES, OutboxRows(events)).await?)?
        };
        let row = |(outbox, entry): (Option<i64>, LogEntry)| LogRow {
            entry,
            delivered: outbox.and_then(|id| delivered.remove(&id)).unwrap_or_default(),
        };
        Ok(found.into_iter().map(row).collect())
    }

    /// PostgreSQL: opens row-level security for statements that do not do it themselves.
    async fn set_tenant(&mut self) -> Result<(), StoreError> {
        if !self.tenant_set {
            let tenant = self.tenant();
            self.tx.all(&tenant::OPEN, tenant).await?;
            self.tenant_set = true;
        }
        Ok(())
    }
}

/// Whether another identity has the same `externalId`: PostgreSQL says a boolean, SQLite a number.
fn is_shared(rows: &[sea_orm::QueryResult]) -> Result<bool, StoreError> {
    let Some(row) = rows.first() else { return Ok(false) };
    row.try_get_by_index(1).map_err(StoreError::of)
}

/// How many identities a change reached: PostgreSQL counts them in one row, SQLite returns a 1 for each.
fn counted(rows: &[sea_orm::QueryResult]) -> Result<i64, StoreError> {
    rows.first().map_or(Ok(0), |row| Columns::of(row).next())
}
