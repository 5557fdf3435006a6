//! One tenant's data, open: the only way to it. Every statement on it carries the tenant.
//!
//! Here: identities and groups, alike ([`StoredResource`]), and the pages of a list. Members and the provisioning log are in the
//! files of `tables`.

use domain::event::Event;
use domain::id::DirectoryId;
use domain::identity::ExternalId;
use domain::log::LogEntry;
use domain::scope::TenantScope;
use scim::etag::Revision;
use scim::resource::fold;

use crate::engine::executor::Executor;
use crate::engine::parameter::Bind;
use crate::engine::retry_budget::Resend;
use crate::engine::statement::Statement;
use crate::error::{Result, StoreError};
use crate::list::concurrency_limit::ConcurrencyLimit;
use crate::list::{self, ListRequest, Page};
use crate::settings::Backend;
use crate::tables::names::{
    AtRevision, CreatedAt, DirectoryKey, DisplacedKey, Id, InDirectory, Key, OfTenant, RevisionBefore,
};
use crate::tables::outbox::Events;
use crate::tables::resource::{ChangeResult, New, NewRow, StoredId, StoredResource, Table};
use crate::tables::{keys, tenant};

/// How a creation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CreateOutcome {
    /// The resource, its events and its log row are written.
    Done,
    /// As [`CreateOutcome::Done`], and another identity of the directory has the same `externalId`, which is no key there.
    DoneSharingExternalId,
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
    DoneSharingExternalId,
    /// Another identity of the directory has this `userName`, or another group this `displayName`; nothing is written.
    NameTaken,
    /// Another identity of the directory has this `externalId`, which is the key there; nothing is written.
    ExternalIdTaken,
    /// There is no such resource, or its revision is not the one before; nothing is written.
    NotFoundOrChanged,
}

/// One tenant's data, open.
pub struct TenantTx {
    pub(crate) executor: Executor,
    pub(crate) scope: TenantScope,
    /// PostgreSQL: `usher.tenant` is set in this transaction.
    pub(crate) tenant_set: bool,
    /// For searches of a whole directory; `None` inside a transaction, which must not wait for other work.
    pub(crate) search_limit: Option<ConcurrencyLimit>,
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
            search_limit: None,
        }
    }

    pub(crate) fn tenant(&self) -> OfTenant {
        OfTenant(self.scope.tenant())
    }

    /// A directory of this tenant.
    pub(crate) fn within(&self, directory: DirectoryId) -> DirectoryKey {
        (self.tenant(), InDirectory(directory))
    }

    /// The resource, if this directory of this tenant has it.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    pub async fn get<I: StoredId>(&mut self, directory: DirectoryId, id: I) -> Result<Option<I::Resource>> {
        let by_id = (self.within(directory), Id(id.into().uuid()));
        self.find(I::Resource::statements().by_id, by_id).await
    }

    /// As [`TenantTx::get`], and keeps other transactions from changing it or its members until the transaction ends.
    ///
    /// # Errors
    /// As [`TenantTx::get`].
    pub async fn lock<I: StoredId>(&mut self, directory: DirectoryId, id: I) -> Result<Option<I::Resource>> {
        if !self.executor.is_open() {
            return self.get(directory, id).await;
        }
        let by_id = (self.within(directory), Id(id.into().uuid()));
        self.find(I::Resource::statements().lock_by_id, by_id).await
    }

    /// The resource with this `userName` or `displayName`, folded as [`scim::resource::fold`] does. Locks it in
    /// [`crate::Store::write`].
    ///
    /// # Errors
    /// As [`TenantTx::get`].
    pub async fn find_by_name<R: StoredResource>(
        &mut self,
        directory: DirectoryId,
        folded: &str,
    ) -> Result<Option<R>> {
        let statements = R::statements();
        let statement = if self.executor.is_open() {
            statements.lock_by_name
        } else {
            statements.by_name
        };
        let by_name = (self.within(directory), Key(keys::fit(folded).into()));
        let found = self.find(statement, by_name).await?;
        // A key may stand for several names (store::tables::keys).
        Ok(found.filter(|found: &R| fold(R::name(found.row().resource).unwrap_or_default()) == folded))
    }

    /// The first row.
    pub(crate) async fn find<P: Bind, R: Table>(
        &mut self,
        statement: &Statement<P, R>,
        parameters: P,
    ) -> Result<Option<R>> {
        let found = self.executor.one(statement, parameters).await?;
        self.note_tenant_set();
        Ok(found)
    }

    /// Writes a new resource, its events (of an identity one, of a group at least one) and its log row, in one round trip on
    /// PostgreSQL. `external_id` says what an identity's is. A group's members are added afterwards ([`TenantTx::add_members`]); `member_count` counts them already.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the directory is not this tenant's or the id exists, [`StoreError::Unavailable`].
    pub async fn create<'s, R: StoredResource>(
        &mut self,
        resource: &'s R,
        external_id: ExternalId,
        events: &'s [Event],
        entry: &'s LogEntry,
    ) -> Result<CreateOutcome> {
        let (new, row) = (self.new_row(resource, external_id), resource.row());
        let parameters = (new, CreatedAt(row.created_at), Events::of(events), entry);
        let create = R::statements().create;
        let rows = self.executor.with_outbox(create, parameters, Resend::Always);
        let rows = rows.await?;
        Ok(match self.note_written(&rows) {
            None => CreateOutcome::Taken,
            Some(false) => CreateOutcome::Done,
            Some(true) => CreateOutcome::DoneSharingExternalId,
        })
    }

    /// Whether another row has the same `externalId`; `None` when nothing was written.
    fn note_written(&mut self, rows: &[ChangeResult]) -> Option<bool> {
        self.note_tenant_set();
        let (_, is_shared) = rows.first().filter(|(reached, _)| *reached > 0)?;
        self.executor.note_outbox();
        Some(*is_shared)
    }

    /// Writes a resource's next revision if it still has the one `before`, its events (as for [`TenantTx::create`], all of that revision) and its log row; of a group
    /// also the members that join and leave. Lock it first, or use [`crate::Store::write_once`]. After another outcome than
    /// `Done…` return an error, so that SQLite takes the members back.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn save<'s, R: StoredResource>(
        &mut self,
        resource: &'s R,
        before: Revision,
        external_id: ExternalId,
        members: R::Members,
        events: &'s [Event],
        entry: &'s LogEntry,
    ) -> Result<SaveOutcome> {
        let new = self.new_row(resource, external_id);
        let displaced = DisplacedKey(keys::displaced_key(&new.0.name_key, new.0.row.id.uuid()));
        let save = R::statements().save;
        let rows = self.executor.with_outbox(
            save,
            (
                (new, RevisionBefore(before), displaced),
                members,
                Events::of(events),
                entry,
            ),
            Resend::IfRefused,
        );
        let rows = rows.await;
        let rows = self.repeat_after_conflict(rows)?;
        match self.note_written(&rows) {
            None => self.why_not_saved(resource, external_id).await,
            Some(false) => Ok(SaveOutcome::Done),
            Some(true) => Ok(SaveOutcome::DoneSharingExternalId),
        }
    }

    /// PostgreSQL: another transaction took the key, or made the resource a member, between our read and our write. The transaction
    /// is lost; the next attempt sees it.
    fn repeat_after_conflict<T>(&mut self, rows: Result<T>) -> Result<T> {
        rows.inspect_err(|error| {
            if let StoreError::Conflict(_) = error {
                self.executor.ask_to_repeat();
            }
        })
    }

    /// For work that one read and one write do not do: outside a transaction it ends here, and [`crate::Store::write_once`] runs it
    /// again in one.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] outside a transaction.
    pub fn require_transaction(&mut self) -> Result<()> {
        if self.executor.is_open() {
            return Ok(());
        }
        self.executor.ask_to_repeat();
        Err(StoreError::Unavailable("this work takes a transaction".into()))
    }

    fn new_row<'r, R: Table>(&self, resource: &'r R, external_id: ExternalId) -> New<'r, R> {
        let row = resource.row();
        let new = NewRow {
            tenant: self.scope.tenant(),
            name_key: keys::name(R::name(row.resource)),
            row,
        };
        (new, resource.own(external_id))
    }

    async fn why_not_saved<R: Table>(
        &mut self,
        resource: &R,
        external_id: ExternalId,
    ) -> Result<SaveOutcome> {
        if !self.executor.is_open() {
            // Another request was faster than this read and this write, or has the key: both are to be one transaction.
            self.executor.ask_to_repeat();
            return Ok(SaveOutcome::NotFoundOrChanged);
        }
        let (row, statements) = (resource.row(), R::statements());
        let name = Key(keys::name(R::name(row.resource)).into());
        let others = (self.within(row.directory), Id(row.id.uuid()), name);
        if self.executor.one(statements.name_taken, others).await?.is_some() {
            return Ok(SaveOutcome::NameTaken);
        }
        let key = keys::external_id(row.resource).filter(|_| external_id == ExternalId::IsKey);
        if let (Some(statement), Some(key)) = (statements.by_external_id, key) {
            let by_external_id = (self.within(row.directory), Key(key.into()));
            let holder = self.find(statement, by_external_id).await?;
            if holder.is_some_and(|holder| holder.row().id != row.id) {
                return Ok(SaveOutcome::ExternalIdTaken);
            }
        }
        Ok(SaveOutcome::NotFoundOrChanged)
    }

    /// Deletes a resource with its memberships, those of its members too, and writes its events (as for [`TenantTx::create`]) and its log row;
    /// nothing at all if it is gone already. Lock it first, or use [`crate::Store::write_once`].
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn delete<'s, R: StoredResource>(
        &mut self,
        resource: &R,
        events: &'s [Event],
        entry: &'s LogEntry,
    ) -> Result<()> {
        let row = resource.row();
        let by_id = (self.within(row.directory), Id(row.id.uuid()));
        let parameters = (by_id, AtRevision(row.revision), Events::of(events), entry);
        let delete = R::statements().delete;
        let rows = self.executor.with_outbox(delete, parameters, Resend::IfRefused);
        let rows = rows.await;
        let rows = self.repeat_after_conflict(rows)?;
        self.note_tenant_set();
        if rows.first() > Some(&0) {
            self.executor.note_outbox();
        } else if !self.executor.is_open() {
            // Another request was faster than this read and this write.
            self.executor.ask_to_repeat();
        }
        Ok(())
    }

    /// A page of a directory's identities or groups.
    ///
    /// # Errors
    /// [`StoreError::TooMuch`] when the query would read more than [`list::SCAN_ROWS`] or keep more than
    /// [`list::SORT_KEPT`]; [`StoreError::Unavailable`] also while the tenant's other searches do not end; otherwise as
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
