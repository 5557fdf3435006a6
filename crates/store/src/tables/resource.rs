//! The tables of identities and groups: what they have in common. [`super::identity`] and [`super::group`] hold the statements
//! and what differs; the methods over both are in [`crate::tenant_tx`].
//!
//! A row has a revision, a document, and a name that is taken once a directory. Each change writes events and a log row too: on
//! PostgreSQL as one statement (a chain of `WITH`), on SQLite as one text of several statements, which is handed to the
//! connection's thread once. The rows of the outbox come after the change that they are about, so that their ids are greater
//! than those of everything they depend on (`docs/background/feeds.md`, "Order of commits").

#![expect(
    private_bounds,
    reason = "sealed: other crates have identities and groups, and nothing of their tables"
)]

use chrono::{DateTime, Utc};
use domain::group::Group;
use domain::id::{DirectoryId, GroupId, IdentityId, ResourceId, TenantId};
use domain::identity::{ExternalId, Identity};
use domain::log::LogEntry;
use scim::etag::Revision;
use scim::resource::Resource;

use super::member_change::MemberChange;
use super::names::{AtRevision, CreatedAt, DirectoryKey, DisplacedKey, Id, Key, RevisionBefore};
use super::outbox::Events;
use super::{keys, log, membership, outbox};
use crate::engine::parameter::{Bind, parameters};
use crate::engine::read::{Read, columns};
use crate::engine::statement::{SET_TENANT, Statement, of_tenant};
use crate::error::{Result, StoreError};
use crate::list::ListedResource;
use crate::settings::Backend;

/// What a directory holds: an [`Identity`] or a [`Group`].
pub trait StoredResource: ListedResource + Table<MemberChange = <Self as StoredResource>::Members> {
    /// The change of members that is saved with it.
    type Members: Bind + Send;
}

impl StoredResource for Identity {
    type Members = ();
}

impl StoredResource for Group {
    type Members = MemberChange;
}

/// The id of a [`StoredResource`].
pub trait StoredId: Copy + Send + Into<ResourceId> {
    /// Its resource.
    type Resource: StoredResource;
}

impl StoredId for IdentityId {
    type Resource = Identity;
}

impl StoredId for GroupId {
    type Resource = Group;
}

/// A table of resources.
pub(crate) trait Table: Read + Send + Sync + 'static {
    /// What only this table keeps of a revision.
    type Own: Bind + Send;
    /// What only a change of this table's rows writes beside the row.
    type MemberChange: Bind + Send;

    const TABLE: &'static str;
    /// What [`Read`] takes; the first two are id and creation, by which lists are put in order.
    const COLUMNS: &'static str;
    /// The column of the name's key.
    const NAME_KEY: &'static str;
    /// The columns of [`Table::Own`], their values at creation, and how a change sets them.
    const OWN: [&'static str; 3];
    /// Whether another row has the same `externalId`, which is no key.
    const EXTERNAL_ID_SHARED: &'static str = "false";
    /// A condition on a new row, beside its name.
    const CREATE_IF: &'static str = "true";
    /// A condition on a changed row, beside its name.
    const SAVE_IF: &'static str = "true";
    /// Whether a change may have several events.
    const SEVERAL_EVENTS: bool;
    /// Whether its rows have members, which leave when it is deleted.
    const HAS_MEMBERS: bool;

    /// As [`Table::COLUMNS`] of the row `row`, with what an answer shows beside the document.
    fn shown_columns(_on: Backend, _row: &str) -> String {
        Self::COLUMNS.to_owned()
    }

    /// The text for [`Table::MemberChange`].
    fn save_parts(_on: Backend) -> SaveParts {
        SaveParts::default()
    }

    fn statements<'s>() -> Statements<'s, Self>;
    fn row(&self) -> Row<'_>;
    /// The value that is taken once a directory.
    fn name(resource: &Resource) -> Option<&str>;
    fn own(&self, external_id: ExternalId) -> Self::Own;
}

/// What is the same text in both tables: their statements and what a row has.
macro_rules! statements_and_row {
    (by_external_id: $by_external_id:expr) => {
        fn statements<'s>() -> $crate::tables::resource::Statements<'s, Self> {
            $crate::tables::resource::Statements {
                by_id: &BY_ID,
                lock_by_id: &LOCK_BY_ID,
                by_name: &BY_NAME,
                lock_by_name: &LOCK_BY_NAME,
                by_external_id: $by_external_id,
                name_taken: &NAME_TAKEN,
                create: &CREATE,
                save: &SAVE,
                delete: &DELETE,
            }
        }

        fn row(&self) -> $crate::tables::resource::Row<'_> {
            $crate::tables::resource::Row {
                id: self.id.into(),
                directory: self.directory,
                revision: self.revision,
                resource: &self.resource,
                created_at: self.created_at,
                modified_at: self.modified_at,
            }
        }
    };
}
pub(crate) use statements_and_row;

/// What a save has beside the change of the row and what depends on that in every table.
#[derive(Default)]
pub(crate) struct SaveParts {
    /// On PostgreSQL parts of the `WITH`, each after a comma; on SQLite statements, each with a semicolon.
    pub(crate) before: String,
    /// Of the change, after an `AND`.
    pub(crate) condition: &'static str,
    /// PostgreSQL: parts of the `WITH`, each after a comma; the change is `i`.
    pub(crate) after: String,
}

/// The statements on a table.
pub(crate) struct Statements<'s, R: Table> {
    pub(crate) by_id: &'s Statement<ById, R>,
    pub(crate) lock_by_id: &'s Statement<ById, R>,
    pub(crate) by_name: &'s Statement<ByKey, R>,
    pub(crate) lock_by_name: &'s Statement<ByKey, R>,
    /// Where `externalId` may be a key.
    pub(crate) by_external_id: Option<&'s Statement<ByKey, R>>,
    pub(crate) name_taken: &'s Statement<SameKeyOtherId>,
    pub(crate) create: &'s Statement<Create<'s, R>, ChangeResult>,
    pub(crate) save: &'s Statement<Save<'s, R>, ChangeResult>,
    pub(crate) delete: &'s Statement<Delete<'s, R>, i64>,
}

/// The fields that every resource has.
pub(crate) struct Row<'r> {
    pub(crate) id: ResourceId,
    pub(crate) directory: DirectoryId,
    pub(crate) revision: Revision,
    pub(crate) resource: &'r Resource,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) modified_at: DateTime<Utc>,
}

/// One row.
pub(crate) type ById = (DirectoryKey, Id);
/// The rows with a key.
pub(crate) type ByKey = (DirectoryKey, Key);
/// The rows but one with a name's key.
pub(crate) type SameKeyOtherId = (DirectoryKey, Id, Key);
/// What a creation writes.
pub(crate) type Create<'s, R> = (New<'s, R>, CreatedAt, Events<'s, R>, &'s LogEntry);
/// What a change writes.
pub(crate) type Save<'s, R> = (
    (New<'s, R>, RevisionBefore, DisplacedKey),
    <R as Table>::MemberChange,
    Events<'s, R>,
    &'s LogEntry,
);
/// What a deletion needs.
pub(crate) type Delete<'s, R> = (ById, AtRevision, Events<'s, R>, &'s LogEntry);
/// A new revision.
pub(crate) type New<'s, R> = (NewRow<'s>, <R as Table>::Own);
/// How many rows a change reached, and [`Table::EXTERNAL_ID_SHARED`].
pub(crate) type ChangeResult = (i64, bool);

/// What each revision of any resource writes.
pub(crate) struct NewRow<'r> {
    pub(crate) tenant: TenantId,
    pub(crate) row: Row<'r>,
    pub(crate) name_key: String,
}

parameters!(NewRow<'_>, |new| {
    tenant: new.tenant,
    directory: new.row.directory,
    id: new.row.id,
    revision: new.row.revision,
    document: new.row.resource,
    name_key: new.name_key,
    external_id: keys::external_id(new.row.resource),
    modified_at: new.row.modified_at,
});

columns! {
    Resource = String => |text| Self::from_text(text).map_err(|_| no_object());
}

pub(crate) fn no_object() -> StoreError {
    StoreError::Corrupt("a stored document is no JSON object".into())
}

/// The row of [`ById`].
pub(crate) fn by_id<R: Table>(on: Backend) -> String {
    select_by_id(&R::shown_columns(on, R::TABLE), R::TABLE)
}

/// The same for `FOR UPDATE`: after a wait for the row PostgreSQL has its newest revision, but of other tables what was there
/// before the wait.
pub(crate) fn by_id_to_lock<R: Table>(on: Backend) -> String {
    let shown = R::shown_columns(on, R::TABLE);
    select_by_id(on.either(R::COLUMNS, &shown), R::TABLE)
}

fn select_by_id(columns: &str, table: &str) -> String {
    format!(
        "SELECT {columns} FROM {table} WHERE tenant_id = :tenant AND directory_id = :directory AND id = :id"
    )
}

/// The rows of [`ByKey`]; `condition` compares `:key` with a column.
pub(crate) fn by_key<R: Table>(condition: &str) -> String {
    let (columns, table) = (R::COLUMNS, R::TABLE);
    format!(
        "SELECT {columns} FROM {table} WHERE {} AND directory_id = :directory AND {condition}",
        of_tenant("tenant_id")
    )
}

/// Whether there is a row of [`Others`].
pub(crate) fn name_taken<R: Table>(_: Backend) -> String {
    let (table, key) = (R::TABLE, R::NAME_KEY);
    format!(
        "SELECT 1 FROM {table} WHERE {} AND directory_id = :directory AND id <> :id AND {key} = :key",
        of_tenant("tenant_id")
    )
}

/// Writes a row, its events and its log row, unless a key is taken.
pub(crate) fn create<R: Table>(on: Backend) -> String {
    let (table, key, [own, values, _]) = (R::TABLE, R::NAME_KEY, R::OWN);
    let (shared, condition, log) = (R::EXTERNAL_ID_SHARED, R::CREATE_IF, outbox_and_log::<R>(on));
    let insert = format!(
        "INSERT INTO {table} (tenant_id, directory_id, id, revision, document, {key}, external_id, created_at, modified_at, {own}) \
         SELECT :tenant, :directory, :id, :revision, :document, :name_key, :external_id, :created_at, :modified_at, {values}"
    );
    // Any key may be taken: the name, or the externalId.
    let conflict = "ON CONFLICT DO NOTHING";
    on.either(
        // The condition is evaluated once the tenant's rows are open, which a `CASE` makes sure of: it is no join that could be
        // turned round.
        format!(
            "WITH {SET_TENANT}, i AS ({insert} FROM s WHERE CASE WHEN s.tenant IS NULL THEN false ELSE {condition} END \
             {conflict} RETURNING tenant_id), {log} SELECT count(*), {shared} FROM i"
        ),
        format!("{insert} WHERE {condition} {conflict} RETURNING 1, {shared}; {log}"),
    )
}

/// Writes the next revision of a row, its events and its log row. Refused, without an error that would end the transaction, when
/// a key is taken that the row did not have before.
pub(crate) fn save<R: Table>(on: Backend) -> String {
    let (table, key, [_, _, set]) = (R::TABLE, R::NAME_KEY, R::OWN);
    let (shared, condition, log) = (R::EXTERNAL_ID_SHARED, R::SAVE_IF, outbox_and_log::<R>(on));
    let SaveParts {
        before,
        condition: members,
        after,
    } = R::save_parts(on);
    let shadow = format!("{table}.{key} = :shadow");
    let taken = format!(
        "EXISTS (SELECT 1 FROM {table} x WHERE {} AND x.directory_id = :directory AND x.{key} = :name_key AND x.id <> :id)",
        of_tenant("x.tenant_id")
    );
    let update = format!(
        "UPDATE {table} SET revision = :revision, document = :document, modified_at = :modified_at, \
         external_id = :external_id, {set}, {key} = CASE WHEN {shadow} AND {taken} THEN {table}.{key} ELSE :name_key END \
         WHERE tenant_id = {} AND directory_id = :directory AND id = :id AND revision = :revision_before \
         AND ({shadow} OR NOT {taken}) AND {condition}{members}",
        tenant_in_force(on),
    );
    on.either(
        format!(
            "WITH {SET_TENANT}{before}, i AS ({update} RETURNING tenant_id){after}, {log} SELECT count(*), {shared} FROM i"
        ),
        format!("{before}{update} RETURNING 1, {shared}; {log}"),
    )
}

/// The tenant, once it is set: when its id is asked for by an index, as all plans of the store go, that is before the first row.
fn tenant_in_force(on: Backend) -> &'static str {
    on.either("(SELECT s.tenant::uuid FROM s)", ":tenant")
}

/// Deletes a row of that revision with its memberships, and writes its events and its log row. On PostgreSQL the deletion is refused by
/// the database (`migrations/sql/0011_deleted_members.postgres.sql`) when the statement has waited for one that made it a member.
pub(crate) fn delete<R: Table>(on: Backend) -> String {
    let (table, log) = (R::TABLE, outbox_and_log::<R>(on));
    let delete = format!(
        "DELETE FROM {table} WHERE tenant_id = {} AND directory_id = :directory AND id = :id AND revision = :revision RETURNING",
        tenant_in_force(on)
    );
    let empty = if R::HAS_MEMBERS {
        let empty = format!(
            "DELETE FROM membership WHERE directory_id = :directory AND group_id = :id AND tenant_id = {}",
            on.either("(SELECT i.tenant_id FROM i)", ":tenant")
        );
        on.either(format!(", emptied AS ({empty})"), format!("; {empty}"))
    } else {
        String::new()
    };
    on.either(
        format!(
            "WITH {SET_TENANT}, i AS ({delete} tenant_id, directory_id){empty}, {}, {log} SELECT count(*) FROM i",
            membership::LEAVE_ALL_POSTGRES
        ),
        format!("{}{empty}; {delete} 1; {log}", membership::LEAVE_ALL_SQLITE),
    )
}

/// The events, then the log row, if the change was made: on PostgreSQL as parts of its `WITH`, where the change is `i`; on SQLite
/// as statements, each depending on whether the one before changed a row. The log row belongs to the last of several events:
/// when that has a position, all have.
fn outbox_and_log<R: Table>(on: Backend) -> String {
    let (events, last, group) = if R::SEVERAL_EVENTS {
        (outbox::insert_several(on), "max(o.id)", " GROUP BY o.tenant_id")
    } else {
        (outbox::insert(on), "o.id", "")
    };
    let (columns, values) = (log::COLUMNS, log::VALUES);
    on.either(
        format!(
            "o AS ({events} RETURNING tenant_id, id), l AS (INSERT INTO provisioning_log ({columns}, outbox_id) \
             SELECT o.tenant_id, {values}, {last} FROM o{group})"
        ),
        format!("{events}; {}", log::then_insert()),
    )
}
