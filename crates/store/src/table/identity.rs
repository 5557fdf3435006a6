//! `identity`: people and rooms, and the statements that change one together with its event and its log row.
//!
//! On PostgreSQL each change is one statement (a chain of `WITH`), on SQLite one text of three statements that is handed
//! to the connection's thread once. The outbox row comes after the change it tells of, so that its id is greater than
//! those of everything it depends on (`docs/background/feeds.md`, "Order of commits").

use std::sync::LazyLock;

use domain::event::Event;
use domain::id::{DirectoryId, IdentityId};
use domain::identity::{ExternalId, Identity};
use domain::log::LogEntry;
use scim::resource::Resource;
use sea_orm::{QueryResult, Value};

use super::keys::{Keys, shadow};
use super::read::Columns;
use super::{log, membership, named, outbox};
use crate::error::StoreError;
use crate::sql::{Rows, SET_TENANT, Sql, json_text, of_tenant, placeholders, text};

/// What a `SELECT` of identities reads, for [`read`].
pub(crate) const COLUMNS: &str = "id, directory_id, revision, document, created_at, modified_at";

/// `$1` tenant, `$2` directory, `$3` id.
pub(crate) static BY_ID: LazyLock<Sql> = LazyLock::new(|| by("tenant_id = $1", "id = $3", Rows::Read));
/// As [`BY_ID`].
pub(crate) static LOCK_BY_ID: LazyLock<Sql> = LazyLock::new(|| by("tenant_id = $1", "id = $3", Rows::Lock));
/// `$1` tenant, `$2` directory, `$3` the user name's key.
pub(crate) static BY_USER_NAME: LazyLock<Sql> =
    LazyLock::new(|| by(&of_tenant("tenant_id"), "user_name_key = $3", Rows::Read));
/// As [`BY_USER_NAME`].
pub(crate) static LOCK_BY_USER_NAME: LazyLock<Sql> =
    LazyLock::new(|| by(&of_tenant("tenant_id"), "user_name_key = $3", Rows::Lock));

fn by(tenant: &str, condition: &str, rows: Rows) -> Sql {
    Sql::select(
        &format!("SELECT {COLUMNS} FROM identity WHERE {tenant} AND directory_id = $2 AND {condition}"),
        rows,
    )
}

/// Reads a row of [`COLUMNS`].
pub(crate) fn read(row: &QueryResult) -> Result<Identity, StoreError> {
    let mut columns = Columns::of(row);
    Ok(Identity {
        id: IdentityId::from_uuid(columns.next()?),
        directory: DirectoryId::from_uuid(columns.next()?),
        revision: columns.next()?,
        // Rows of before say nothing of a default; everybody reads it all the same (ADR 0035).
        resource: document(columns.next()?)?.with_defaults(),
        created_at: columns.time()?,
        modified_at: columns.time()?,
    })
}

/// Reads a document.
pub(crate) fn document(text: String) -> Result<Resource, StoreError> {
    Resource::from_text(text).map_err(|_| no_object())
}

pub(crate) fn no_object() -> StoreError {
    StoreError::Corrupt("a stored document is no JSON object".into())
}

/// The number of the name's shadow among [`values`], and of the `externalId` where it is the profile's key.
const SHADOW: usize = 20 + log::VALUES;
const EXTERNAL_KEY: usize = SHADOW + 1;

/// `$1` tenant; `$2`… as [`values`]: identity, event, log. Its first number says how many identities were reached, as do
/// those of [`SAVE`] and [`DELETE`]; the second of [`CREATE`] and [`SAVE`] whether another identity has its `externalId`.
pub(crate) static CREATE: LazyLock<Sql> = LazyLock::new(|| {
    let identity = "INSERT INTO identity (tenant_id, directory_id, id, revision, document, user_name_key, external_id, \
                    work_email, display_name, created_at, modified_at, external_id_is_key)";
    // Any key may be taken: the name, or the externalId. PostgreSQL looks for that once the tenant's rows are open, which a
    // `CASE` makes sure of: it is no join that could be turned round.
    let conflict = "ON CONFLICT DO NOTHING";
    Sql::pair(
        &format!(
            "WITH {SET_TENANT}, i AS ({identity} SELECT $1, {}, ${EXTERNAL_KEY} IS NOT NULL FROM s \
             WHERE CASE WHEN s.tenant IS NULL THEN false ELSE NOT {} END {conflict} RETURNING tenant_id), {} \
             SELECT count(*), {} FROM i",
            placeholders(2, 10),
            external_id_taken(),
            outbox_of("i"),
            EXTERNAL_ID_SHARED,
        ),
        &format!(
            "{identity} SELECT $1, {}, ${EXTERNAL_KEY} IS NOT NULL WHERE NOT {} {conflict} RETURNING 1, {}; {}",
            placeholders(2, 10),
            external_id_taken(),
            EXTERNAL_ID_SHARED,
            then_outbox()
        ),
    )
});

/// As [`CREATE`]. Refused, without an error that would end the transaction, when a key is taken that the row did not have
/// before; the revision must be the next one.
pub(crate) static SAVE: LazyLock<Sql> = LazyLock::new(|| {
    let set = format!(
        "revision = $4, document = $5, external_id = $7, work_email = $8, display_name = $9, modified_at = $11, \
         external_id_is_key = CASE WHEN identity.external_id = $7 THEN identity.external_id_is_key \
         ELSE ${EXTERNAL_KEY} IS NOT NULL END"
    );
    let unless = format!(
        " AND (identity.external_id = ${EXTERNAL_KEY} OR NOT {})",
        external_id_taken()
    );
    let save = named::Save {
        table: "identity",
        key: "user_name_key",
        set: &set,
        shadow: SHADOW,
        unless: &unless,
        returning: &format!(", {EXTERNAL_ID_SHARED}"),
    };
    named::save(&save, &outbox_of("i"), &then_outbox())
});

/// Whether another identity has the `externalId` that is to be this one's key. Rows of before ADR 0036 are
/// not marked (`external_id_is_key`), so all are asked; the index over the marked ones decides between two at the same moment.
fn external_id_taken() -> String {
    format!(
        "EXISTS (SELECT 1 FROM identity y WHERE {} AND y.directory_id = $2 \
         AND y.external_id = ${EXTERNAL_KEY} AND y.id <> $3)",
        of_tenant("y.tenant_id")
    )
}

/// Whether another identity has the same `externalId`, key or not.
const EXTERNAL_ID_SHARED: &str = "EXISTS (SELECT 1 FROM identity y WHERE NOT (y.tenant_id IS DISTINCT FROM $1) \
     AND y.directory_id = $2 AND y.external_id = $7 AND y.id <> $3)";

/// `$1` tenant, `$2` directory, `$3` the `externalId`'s key: the oldest identity that has it.
pub(crate) static BY_EXTERNAL_ID: LazyLock<Sql> = LazyLock::new(|| {
    by(
        &of_tenant("tenant_id"),
        "external_id = $3 ORDER BY id LIMIT 1",
        Rows::Read,
    )
});

/// Whether an identity of that key and another id exists: `$1` tenant, `$2` directory, `$3` id, `$4` folded user name.
pub(crate) static NAME_TAKEN: LazyLock<Sql> =
    LazyLock::new(|| named::name_taken("identity", "user_name_key"));

/// `$1` tenant, `$2` directory, `$3` id, the event's and the log's values as in [`CREATE`]; `$4` to `$11` are bound and
/// not used, so that one numbering serves all three statements. The identity's memberships go with it.
pub(crate) static DELETE: LazyLock<Sql> = LazyLock::new(|| {
    let delete = "DELETE FROM identity WHERE";
    Sql::pair(
        &format!(
            "WITH i AS ({delete} tenant_id = $1 AND directory_id = $2 AND id = $3 RETURNING tenant_id), {}, {} \
             SELECT count(*) FROM i",
            membership::LEAVE_ALL_POSTGRES,
            outbox_of("i"),
        ),
        &format!(
            "{}; {delete} tenant_id = $1 AND directory_id = $2 AND id = $3 RETURNING 1; {}",
            membership::LEAVE_ALL_SQLITE,
            then_outbox()
        ),
    )
});

/// PostgreSQL: the event, then the log row, if the change was made.
fn outbox_of(change: &str) -> String {
    format!(
        "o AS (INSERT INTO outbox ({}) SELECT {change}.tenant_id, {} FROM {change} RETURNING tenant_id, id), \
         l AS (INSERT INTO provisioning_log ({}, outbox_id) SELECT o.tenant_id, {}, o.id FROM o)",
        outbox::COLUMNS,
        placeholders(12, 8),
        log::COLUMNS,
        placeholders(20, log::VALUES),
    )
}

/// SQLite: the same, each statement depending on whether the one before changed a row.
fn then_outbox() -> String {
    format!(
        "INSERT INTO outbox ({}) SELECT $1, {} WHERE changes() > 0; \
         INSERT INTO provisioning_log ({}, outbox_id) SELECT $1, {}, last_insert_rowid() WHERE changes() > 0",
        outbox::COLUMNS,
        placeholders(12, 8),
        log::COLUMNS,
        placeholders(20, log::VALUES),
    )
}

/// The values of [`CREATE`], [`SAVE`] and [`DELETE`].
pub(crate) fn values(
    tenant: Value,
    (identity, external_id): (&Identity, ExternalId),
    event: &Event,
    entry: &LogEntry,
) -> Result<Vec<Value>, StoreError> {
    let keys = Keys::of(&identity.resource);
    let document = json_text(identity.resource.as_map())?;
    let shadow = shadow(&keys.user_name, identity.id.uuid());
    let mut values = vec![
        tenant,
        Value::from(identity.directory.uuid()),
        Value::from(identity.id.uuid()),
        Value::from(identity.revision),
        document,
        Value::from(keys.user_name),
        text(keys.external_id.as_deref()),
        text(keys.work_email.as_deref()),
        text(keys.display_name.as_deref()),
        Value::from(identity.created_at.timestamp_millis()),
        Value::from(identity.modified_at.timestamp_millis()),
    ];
    values.extend(outbox::values(identity.directory, event, entry.at));
    values.extend(log::values(entry)?);
    values.push(Value::from(shadow));
    values.push(text(match external_id {
        ExternalId::IsKey => keys.external_id.as_deref(),
        ExternalId::IsFree => None,
    }));
    Ok(values)
}
