//! `groups`: groups without their members, and the statements that change one together with its events and its log row.
//!
//! Built as the statements of [`super::identity`] are; read those first. A change may have several events (the
//! parts of one membership change), which travel as one value ([`outbox::several`]).

use domain::event::Event;
use domain::group::Group;
use domain::id::{DirectoryId, GroupId, TenantId};
use domain::log::LogEntry;
use domain::scope::TenantScope;
use scim::resource::fold;
use sea_orm::QueryResult;

use super::identity::document;
use super::keys::{GroupKeys, fit, shadow};
use super::named::{self, ById, ByKey, Others};
use super::names::{CreatedAt, Id, Key, Shadow};
use super::outbox::Events;
use super::{log, membership, outbox};
use crate::engine::autocommit::Resend;
use crate::engine::parameter::{Bind, parameters};
use crate::engine::read::Columns;
use crate::engine::statement::{Built, Opens, SET_TENANT, Statement};
use crate::error::StoreError;
use crate::settings::Backend;
use crate::tenant_tx::{CreateOutcome, SaveOutcome, TenantTx, counted};

/// What a `SELECT` of groups reads, for [`read`].
pub(crate) const COLUMNS: &str =
    "id, directory_id, revision, document, member_count, created_at, modified_at";

pub(crate) static BY_ID: Statement<ById> = Statement::select(|_| by_id());
pub(crate) static LOCK_BY_ID: Statement<ById> = Statement::opening(Opens::TenantForUpdate, |_| by_id());
pub(crate) static BY_NAME: Statement<ByKey> = Statement::select(|_| by_name());
pub(crate) static LOCK_BY_NAME: Statement<ByKey> = Statement::opening(Opens::TenantForUpdate, |_| by_name());

fn by_id() -> String {
    named::by_id(COLUMNS, "groups")
}

fn by_name() -> String {
    named::by_key(COLUMNS, "groups", "display_name_key = :key")
}

/// Reads a row of [`COLUMNS`].
pub(crate) fn read(row: &QueryResult) -> Result<Group, StoreError> {
    let mut columns = Columns::of(row);
    Ok(Group {
        id: GroupId::from_uuid(columns.next()?),
        directory: DirectoryId::from_uuid(columns.next()?),
        revision: columns.revision()?,
        resource: document(columns.next()?)?,
        member_count: columns.next()?,
        created_at: columns.time()?,
        modified_at: columns.time()?,
    })
}

/// What each revision of a group writes.
pub(crate) struct Revision<'a> {
    tenant: TenantId,
    group: &'a Group,
    keys: GroupKeys,
}

parameters!(Revision<'_>, |new| {
    tenant: new.tenant,
    directory: new.group.directory,
    id: new.group.id,
    revision: new.group.revision,
    document: &new.group.resource,
    name_key: new.keys.display_name,
    external_id: new.keys.external_id,
    member_count: new.group.member_count,
    modified_at: new.group.modified_at,
});

impl<'a> Revision<'a> {
    fn of(scope: TenantScope, group: &'a Group) -> Self {
        Self {
            tenant: scope.tenant(),
            group,
            keys: GroupKeys::of(&group.resource),
        }
    }

    fn shadow(&self) -> Shadow {
        Shadow(shadow(&self.keys.display_name, self.group.id.uuid()))
    }
}

/// A group, its events and its log row. The first number says how many groups were reached, as do those of [`SAVE`] and
/// [`DELETE`].
pub(crate) static CREATE: Statement<(Revision<'_>, CreatedAt, Events<'_>, &LogEntry)> = Statement::new(
    |on| {
        let insert = "INSERT INTO groups (tenant_id, directory_id, id, revision, document, display_name_key, external_id, \
                      member_count, created_at, modified_at)";
        let values = ":tenant, :directory, :id, :revision, :document, :name_key, :external_id, \
                      :member_count, :created_at, :modified_at";
        let conflict = "ON CONFLICT DO NOTHING RETURNING";
        on.either(
            format!(
                "WITH {SET_TENANT}, i AS ({insert} SELECT {values} FROM s {conflict} tenant_id), {} \
                 SELECT count(*) FROM i",
                outbox_and_log(on),
            ),
            format!("{insert} VALUES ({values}) {conflict} 1; {}", outbox_and_log(on)),
        )
    },
);

/// As [`CREATE`]. Refused, without an error that would end the transaction, when the name is taken; the revision must be
/// the next one.
pub(crate) static SAVE: Statement<(Revision<'_>, Shadow, Events<'_>, &LogEntry)> = Statement::new(|on| {
    let save = named::Save {
        table: "groups",
        key: "display_name_key",
        set: "external_id = :external_id, member_count = :member_count",
        unless: "",
        returning: "",
    };
    save.text(on, &outbox_and_log(on))
});

pub(crate) static NAME_TAKEN: Statement<Others> =
    Statement::select(|_| named::name_taken("groups", "display_name_key"));

/// A group; its events and its log row as in [`CREATE`]. Its members leave it, and it leaves the groups it is a member of.
pub(crate) static DELETE: Statement<(ById, Events<'_>, &LogEntry)> = Statement::new(|on| {
    let delete =
        "DELETE FROM groups WHERE tenant_id = :tenant AND directory_id = :directory AND id = :id RETURNING";
    let emptied =
        "DELETE FROM membership WHERE directory_id = :directory AND group_id = :id AND tenant_id = :tenant";
    on.either(
        format!(
            "WITH i AS ({delete} tenant_id), emptied AS ({emptied}), {}, {} SELECT count(*) FROM i",
            membership::LEAVE_ALL_POSTGRES,
            outbox_and_log(on),
        ),
        format!(
            "{}; {emptied}; {delete} 1; {}",
            membership::LEAVE_ALL_SQLITE,
            outbox_and_log(on)
        ),
    )
});

/// The events, then the log row, if the change was made: on PostgreSQL as parts of its `WITH`, where the change is `i`; on
/// SQLite as statements, each depending on whether the one before changed a row. The log follows the last event: when that has
/// come somewhere, all have.
fn outbox_and_log(on: Backend) -> String {
    on.either(
        format!(
            "o AS ({} RETURNING tenant_id, id), \
             l AS (INSERT INTO provisioning_log ({}, outbox_id) SELECT o.tenant_id, {}, max(o.id) FROM o GROUP BY o.tenant_id)",
            outbox::insert_several(on),
            log::COLUMNS,
            log::VALUES,
        ),
        format!("{}; {}", outbox::insert_several(on), log::then_insert()),
    )
}

impl TenantTx {
    /// The group, if this directory of this tenant has it.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    pub async fn get_group(
        &mut self,
        directory: DirectoryId,
        id: GroupId,
    ) -> Result<Option<Group>, StoreError> {
        let by_id = (self.within(directory), Id(id.uuid()));
        self.find_group(&BY_ID, by_id).await
    }

    /// As [`TenantTx::get_group`], and keeps other transactions from changing it or its members until the transaction ends.
    ///
    /// # Errors
    /// As [`TenantTx::get_group`].
    pub async fn lock_group(
        &mut self,
        directory: DirectoryId,
        id: GroupId,
    ) -> Result<Option<Group>, StoreError> {
        let by_id = (self.within(directory), Id(id.uuid()));
        self.find_group(&LOCK_BY_ID, by_id).await
    }

    /// The group with this `displayName`, folded as [`scim::resource::fold`] does. Locks it in [`crate::Store::write`].
    ///
    /// # Errors
    /// As [`TenantTx::get_group`].
    pub async fn find_group_by_name(
        &mut self,
        directory: DirectoryId,
        folded: &str,
    ) -> Result<Option<Group>, StoreError> {
        let statement = if self.tx.is_open() {
            &LOCK_BY_NAME
        } else {
            &BY_NAME
        };
        let by_name = (self.within(directory), Key(fit(folded).into()));
        let found = self.find_group(statement, by_name).await?;
        // A key may stand for several names (store::tables::keys).
        Ok(found.filter(|group| fold(group.resource.display_name().unwrap_or_default()) == folded))
    }

    async fn find_group<P: Bind>(
        &mut self,
        statement: &Built<P>,
        parameters: P,
    ) -> Result<Option<Group>, StoreError> {
        let row = self.open_one(statement, parameters).await?;
        row.as_ref().map(read).transpose()
    }

    /// Writes a new group, its events (at least one) and its log row, in one round trip on PostgreSQL. Its members are
    /// added afterwards ([`TenantTx::add_members`]); `member_count` counts them already.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the directory is not this tenant's or the id exists, [`StoreError::Unavailable`].
    pub async fn create_group(
        &mut self,
        group: &Group,
        events: &[Event],
        entry: &LogEntry,
    ) -> Result<CreateOutcome, StoreError> {
        let revision = Revision::of(self.scope, group);
        let parameters = (revision, CreatedAt(group.created_at), Events(events), entry);
        let made = counted(
            &self
                .tx
                .with_outbox(&CREATE, parameters, Resend::IfRefused)
                .await?,
        )?;
        self.tenant_set |= self.tx.is_open();
        if made == 0 {
            return Ok(CreateOutcome::Taken);
        }
        self.tx.note_outbox();
        Ok(CreateOutcome::Done)
    }

    /// Writes a group's next revision, its events (at least one, all of that revision) and its log row. Lock it first.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn save_group(
        &mut self,
        group: &Group,
        events: &[Event],
        entry: &LogEntry,
    ) -> Result<SaveOutcome, StoreError> {
        self.set_tenant().await?;
        let revision = Revision::of(self.scope, group);
        let shadow = revision.shadow();
        let parameters = (revision, shadow, Events(events), entry);
        let rows = match self.tx.with_outbox(&SAVE, parameters, Resend::IfRefused).await {
            Err(StoreError::Conflict(why)) => {
                // PostgreSQL: as in TenantTx::save, another transaction took the name between our read and our write.
                self.tx.ask_to_repeat();
                return Err(StoreError::Conflict(why));
            }
            rows => rows?,
        };
        if counted(&rows)? == 0 {
            let taken = self.group_name_taken(group).await?;
            return Ok(if taken {
                SaveOutcome::NameTaken
            } else {
                SaveOutcome::Gone
            });
        }
        self.tx.note_outbox();
        Ok(SaveOutcome::Done)
    }

    async fn group_name_taken(&mut self, group: &Group) -> Result<bool, StoreError> {
        let key = fit(&fold(group.resource.display_name().unwrap_or_default()));
        let others = (self.within(group.directory), Id(group.id.uuid()), Key(key.into()));
        Ok(self.tx.one(&NAME_TAKEN, others).await?.is_some())
    }

    /// Deletes a group with its memberships, also where it is a member itself, and writes its events and its log row;
    /// nothing at all if it is gone already. Lock it first.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn delete_group(
        &mut self,
        group: &Group,
        events: &[Event],
        entry: &LogEntry,
    ) -> Result<(), StoreError> {
        self.set_tenant().await?;
        let by_id = (self.within(group.directory), Id(group.id.uuid()));
        let parameters = (by_id, Events(events), entry);
        let made = counted(
            &self
                .tx
                .with_outbox(&DELETE, parameters, Resend::IfRefused)
                .await?,
        )?;
        if made > 0 {
            self.tx.note_outbox();
        }
        Ok(())
    }
}
