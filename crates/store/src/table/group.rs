//! `groups`: groups without their members, and the statements that change one together with its events and its log row.
//!
//! Built as the statements of [`super::identity`] are; read those first. A change may be told in several events (the
//! parts of one membership change), which travel as one value ([`outbox::several`]).

use std::sync::LazyLock;

use domain::event::Event;
use domain::group::Group;
use domain::id::{DirectoryId, GroupId};
use domain::log::LogEntry;
use sea_orm::{QueryResult, Value};

use super::identity::document;
use super::keys::{GroupKeys, shadow};
use super::read::Columns;
use super::{log, membership, named, outbox};
use crate::error::StoreError;
use crate::sql::{Rows, SET_TENANT, Sql, json_text, of_tenant, placeholders, text};

/// What a `SELECT` of groups reads, for [`read`].
pub(crate) const COLUMNS: &str =
    "id, directory_id, revision, document, member_count, created_at, modified_at";

/// `$1` tenant, `$2` directory, `$3` id.
pub(crate) static BY_ID: LazyLock<Sql> = LazyLock::new(|| by("tenant_id = $1", "id = $3", Rows::Read));
/// As [`BY_ID`].
pub(crate) static LOCK_BY_ID: LazyLock<Sql> = LazyLock::new(|| by("tenant_id = $1", "id = $3", Rows::Lock));
/// `$1` tenant, `$2` directory, `$3` folded display name.
pub(crate) static BY_NAME: LazyLock<Sql> =
    LazyLock::new(|| by(&of_tenant("tenant_id"), "display_name_key = $3", Rows::Read));
/// As [`BY_NAME`].
pub(crate) static LOCK_BY_NAME: LazyLock<Sql> =
    LazyLock::new(|| by(&of_tenant("tenant_id"), "display_name_key = $3", Rows::Lock));

fn by(tenant: &str, condition: &str, rows: Rows) -> Sql {
    Sql::select(
        &format!("SELECT {COLUMNS} FROM groups WHERE {tenant} AND directory_id = $2 AND {condition}"),
        rows,
    )
}

/// Reads a row of [`COLUMNS`].
pub(crate) fn read(row: &QueryResult) -> Result<Group, StoreError> {
    let mut columns = Columns::of(row);
    Ok(Group {
        id: GroupId::from_uuid(columns.next()?),
        directory: DirectoryId::from_uuid(columns.next()?),
        revision: columns.next()?,
        resource: document(columns.next()?)?,
        member_count: columns.next()?,
        created_at: columns.time()?,
        modified_at: columns.time()?,
    })
}

/// The number of the events among [`values`], and of the log's first value after them.
const EVENTS: usize = 11;
const LOG: usize = EVENTS + 1;

/// `$1` tenant; `$2`… as [`values`]: group, events, log. Its first number says how many groups were reached, as do those of
/// [`SAVE`] and [`DELETE`].
pub(crate) static CREATE: LazyLock<Sql> = LazyLock::new(|| {
    let group = "INSERT INTO groups (tenant_id, directory_id, id, revision, document, display_name_key, external_id, \
                 member_count, created_at, modified_at)";
    let conflict = "ON CONFLICT DO NOTHING";
    Sql::pair(
        &format!(
            "WITH {SET_TENANT}, i AS ({group} SELECT $1, {} FROM s {conflict} RETURNING tenant_id), {} \
             SELECT count(*) FROM i",
            placeholders(2, 9),
            outbox_of("i"),
        ),
        &format!(
            "{group} VALUES ($1, {}) {conflict} RETURNING 1; {}",
            placeholders(2, 9),
            then_outbox()
        ),
    )
});

/// As [`CREATE`]. Refused, without an error that would end the transaction, when the name is taken; the revision must be
/// the next one.
pub(crate) static SAVE: LazyLock<Sql> = LazyLock::new(|| {
    let save = named::Save {
        table: "groups",
        key: "display_name_key",
        set: "revision = $4, document = $5, external_id = $7, member_count = $8, modified_at = $10",
        shadow: LOG + log::VALUES,
        unless: "",
        returning: "",
    };
    named::save(&save, &outbox_of("i"), &then_outbox())
});

/// Whether a group of that key and another id exists: `$1` tenant, `$2` directory, `$3` id, `$4` folded display name.
pub(crate) static NAME_TAKEN: LazyLock<Sql> =
    LazyLock::new(|| named::name_taken("groups", "display_name_key"));

/// `$1` tenant, `$2` directory, `$3` id, the events' and the log's values as in [`CREATE`]; the others are bound and not
/// used. Its members leave it, and it leaves the groups it is a member of.
pub(crate) static DELETE: LazyLock<Sql> = LazyLock::new(|| {
    let delete = "DELETE FROM groups WHERE";
    let emptied = "DELETE FROM membership WHERE directory_id = $2 AND group_id = $3 AND tenant_id =";
    Sql::pair(
        &format!(
            "WITH i AS ({delete} tenant_id = $1 AND directory_id = $2 AND id = $3 RETURNING tenant_id), \
             emptied AS ({emptied} $1), {}, {} SELECT count(*) FROM i",
            membership::LEAVE_ALL_POSTGRES,
            outbox_of("i"),
        ),
        &format!(
            "{}; {emptied} $1; {delete} tenant_id = $1 AND directory_id = $2 AND id = $3 RETURNING 1; {}",
            membership::LEAVE_ALL_SQLITE,
            then_outbox()
        ),
    )
});

/// PostgreSQL: the events, then the log row, if the change was made. The log follows the last event: when that has come
/// somewhere, all have.
fn outbox_of(change: &str) -> String {
    format!(
        "o AS ({} RETURNING tenant_id, id), \
         l AS (INSERT INTO provisioning_log ({}, outbox_id) SELECT o.tenant_id, {}, max(o.id) FROM o GROUP BY o.tenant_id)",
        outbox::several_on_postgres(change, EVENTS),
        log::COLUMNS,
        placeholders(LOG, log::VALUES),
    )
}

/// SQLite: the same, each statement depending on whether the one before changed a row.
fn then_outbox() -> String {
    format!(
        "{}; INSERT INTO provisioning_log ({}, outbox_id) SELECT $1, {}, last_insert_rowid() WHERE changes() > 0",
        outbox::several_on_sqlite(EVENTS),
        log::COLUMNS,
        placeholders(LOG, log::VALUES),
    )
}

/// The values of [`CREATE`], [`SAVE`] and [`DELETE`].
pub(crate) fn values(
    tenant: Value,
    group: &Group,
    events: &[Event],
    entry: &LogEntry,
) -> Result<Vec<Value>, StoreError> {
    let keys = GroupKeys::of(&group.resource);
    let document = json_text(group.resource.as_map())?;
    let shadow = shadow(&keys.display_name, group.id.uuid());
    let mut values = vec![
        tenant,
        Value::from(group.directory.uuid()),
        Value::from(group.id.uuid()),
        Value::from(group.revision),
        document,
        Value::from(keys.display_name),
        text(keys.external_id.as_deref()),
        Value::from(group.member_count),
        Value::from(group.created_at.timestamp_millis()),
        Value::from(group.modified_at.timestamp_millis()),
        outbox::several(events, entry.at),
    ];
    values.extend(log::values(entry)?);
    values.push(Value::from(shadow));
    Ok(values)
}
