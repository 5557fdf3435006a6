//! `membership`: who is directly in which group, a row each.
//!
//! No statement here costs more for a big group than for a small one, but for those that are about all members. Sets of
//! ids travel as one value ([`crate::sql::ids`]), those of people and of groups apart where it matters; on PostgreSQL each
//! id is looked up by its whole key inside a `LATERAL`, so that no estimate can make the planner read a group from end to
//! end.
//!
//! Locks: whoever changes a group's members holds the group's row ([`super::group`]); [`KNOWN_KEPT`] holds the members'
//! rows against deletion until the commit. Whoever deletes a resource holds its row, then locks its groups in the order
//! of their ids, then deletes the memberships.

use std::sync::LazyLock;

use domain::group::{GroupRef, Member};
use domain::id::{GroupId, IdentityId, ResourceId};
use sea_orm::{QueryResult, Value};
use serde::Deserialize;
use uuid::Uuid;

use super::identity::no_object;
use super::read::Columns;
use crate::error::StoreError;
use crate::settings::Backend;
use crate::sql::{Rows, Sql, ids};

/// How many ids travel in one statement.
pub(crate) const CHUNK: usize = 1000;
/// Groups of identities read at a time.
pub(crate) const REFERENCES: usize = 5_000;

/// An id inside a list of them.
const ID_SQLITE: &str = "unhex(w.value)";

/// The ids of one kind of member, people or groups, in ascending order: rows are locked and inserted in the same order
/// everywhere.
fn of_kind(backend: Backend, members: &[ResourceId], people: bool) -> Value {
    let is = |member: &&ResourceId| matches!(member, ResourceId::Identity(_)) == people;
    let mut found: Vec<Uuid> = members.iter().filter(is).map(|member| member.uuid()).collect();
    found.sort_unstable();
    ids(backend, found)
}

/// The two last values of [`KNOWN`] and [`ADD`]: people, then groups.
pub(crate) fn by_kind(backend: Backend, members: &[ResourceId]) -> [Value; 2] {
    [true, false].map(|people| of_kind(backend, members, people))
}

/// As one value, in ascending order.
pub(crate) fn uuids<I: Into<ResourceId> + Copy>(backend: Backend, of: &[I]) -> Value {
    let mut found: Vec<Uuid> = of.iter().map(|id| (*id).into().uuid()).collect();
    found.sort_unstable();
    ids(backend, found)
}

/// Those of the ids that exist in the directory, with their documents: `$1` tenant, `$2` directory, `$3` and `$4`
/// [`by_kind`].
pub(crate) static KNOWN: LazyLock<Sql> = LazyLock::new(|| known(""));
/// As [`KNOWN`], and nobody deletes them until the transaction ends.
pub(crate) static KNOWN_KEPT: LazyLock<Sql> = LazyLock::new(|| known(" FOR KEY SHARE"));

fn known(lock: &str) -> Sql {
    let (postgres, sqlite) = present("x.id, x.document", 3, lock);
    Sql::select_pair(&postgres, &sqlite, Rows::Read)
}

/// The rows of the directory `$2` that the values numbered `list` (people) and the next one (groups) name, in the words of
/// both databases: kind and `columns`. Row by row, by the whole key: with a join or an `EXISTS` PostgreSQL may read the
/// directory instead.
fn present(columns: &str, list: usize, lock: &str) -> (String, String) {
    let which = "x.tenant_id = $1 AND x.directory_id = $2 AND x.id =";
    let of = |table: &str, kind: &str, list: usize| {
        (
            format!(
                "SELECT * FROM (SELECT '{kind}' AS kind, r.* FROM unnest(${list}) w(id) CROSS JOIN LATERAL \
                 (SELECT {columns} FROM {table} x WHERE {which} w.id OFFSET 0{lock}) r) {table}"
            ),
            format!(
                "SELECT '{kind}' AS kind, {columns} FROM json_each(${list}) w CROSS JOIN {table} x ON {which} {ID_SQLITE}"
            ),
        )
    };
    let (people, groups) = (of("identity", "User", list), of("groups", "Group", list + 1));
    (
        format!("{} UNION ALL {}", people.0, groups.0),
        format!("{} UNION ALL {}", people.1, groups.1),
    )
}

/// Makes members of those of the ids that exist; returns the new ones. `$1` tenant, `$2` directory, `$3` group, `$4` and
/// `$5` [`by_kind`].
pub(crate) static ADD: LazyLock<Sql> = LazyLock::new(|| {
    let insert = |present: &str| {
        format!(
            "INSERT INTO membership (tenant_id, directory_id, group_id, member_id, member_kind) \
             SELECT g.tenant_id, g.directory_id, g.id, k.id, k.kind FROM groups g CROSS JOIN ({present}) k \
             WHERE g.tenant_id = $1 AND g.directory_id = $2 AND g.id = $3 \
             ON CONFLICT DO NOTHING RETURNING member_kind, member_id"
        )
    };
    let (postgres, sqlite) = present("x.id", 4, "");
    Sql::pair(&insert(&postgres), &insert(&sqlite))
});

/// Ends memberships; returns those that were. `$1` tenant, `$2` directory, `$3` group, `$4` [`uuids`]. On PostgreSQL by the
/// place of each row (`ctid`), which stands still while the group is locked.
pub(crate) static REMOVE: LazyLock<Sql> = LazyLock::new(|| {
    let returning = "RETURNING member_kind, member_id";
    Sql::pair(
        &format!(
            "DELETE FROM membership WHERE ctid = ANY (ARRAY( \
             SELECT m.place FROM unnest($4) w(id) CROSS JOIN LATERAL \
             (SELECT x.ctid AS place FROM membership x WHERE x.tenant_id = $1 AND x.directory_id = $2 \
             AND x.group_id = $3 AND x.member_id = w.id OFFSET 0) m)) {returning}"
        ),
        &format!(
            "DELETE FROM membership WHERE tenant_id = $1 AND directory_id = $2 AND group_id = $3 \
             AND member_id IN (SELECT {ID_SQLITE} FROM json_each($4) w) {returning}"
        ),
    )
});

/// Ends all memberships of a group: `$1` tenant, `$2` directory, `$3` group.
pub(crate) static CLEAR: LazyLock<Sql> = LazyLock::new(|| {
    Sql::same("DELETE FROM membership WHERE tenant_id = $1 AND directory_id = $2 AND group_id = $3")
});

/// A page of a group's members by id: `$1` tenant, `$2` directory, `$3` group, `$4` after which, `$5` how many.
///
/// The documents are looked up one by one for the page only.
pub(crate) static PAGE: LazyLock<Sql> = LazyLock::new(|| {
    let of = |table: &str| {
        format!("(SELECT x.document FROM {table} x WHERE x.tenant_id = m.tenant_id AND x.id = m.member_id)")
    };
    Sql::select(
        &format!(
            "SELECT m.member_kind, m.member_id, CASE m.member_kind WHEN 'Group' THEN {} ELSE {} END FROM \
             (SELECT tenant_id, member_kind, member_id FROM membership WHERE tenant_id = :tenant AND directory_id = $2 \
             AND group_id = $3 AND member_id > $4 ORDER BY member_id LIMIT $5) m",
            of("groups"),
            of("identity")
        ),
        Rows::Read,
    )
});

/// How many members a group has, and the sum of their revisions: `$1` tenant, `$2` directory, `$3` group.
pub(crate) static MARK: LazyLock<Sql> = LazyLock::new(|| {
    let of = |table: &str| {
        format!("(SELECT x.revision FROM {table} x WHERE x.tenant_id = m.tenant_id AND x.id = m.member_id)")
    };
    Sql::select(
        &format!(
            "SELECT count(*), CAST(coalesce(sum(CASE m.member_kind WHEN 'Group' THEN {} ELSE {} END), 0) AS bigint) \
             FROM membership m WHERE m.tenant_id = :tenant AND m.directory_id = $2 AND m.group_id = $3",
            of("groups"),
            of("identity")
        ),
        Rows::Read,
    )
});

/// The groups that identities are direct members of: `$1` tenant, `$2` directory, `$3` [`uuids`], `$4` how many at most.
pub(crate) static GROUPS_OF: LazyLock<Sql> = LazyLock::new(|| {
    Sql::select_pair(
        "SELECT m.member_id, g.id, g.document FROM unnest($3) w(id) \
         CROSS JOIN LATERAL (SELECT x.member_id, x.group_id FROM membership x WHERE x.directory_id = $2 \
         AND x.member_id = w.id AND x.member_kind <> '' AND NOT (x.tenant_id IS DISTINCT FROM :tenant) OFFSET 0) m \
         CROSS JOIN LATERAL (SELECT y.id, y.document FROM groups y WHERE y.tenant_id = :tenant \
         AND y.id = m.group_id OFFSET 0) g LIMIT $4",
        &format!(
            "SELECT m.member_id, g.id, g.document FROM json_each($3) w CROSS JOIN membership m \
             ON m.directory_id = $2 AND m.member_id = {ID_SQLITE} AND NOT (m.tenant_id IS DISTINCT FROM :tenant) \
             CROSS JOIN groups g ON g.tenant_id = m.tenant_id AND g.id = m.group_id LIMIT $4"
        ),
        Rows::Read,
    )
});

/// Which of some members are in which of some groups: `$1` tenant, `$2` directory, `$3` [`uuids`] of groups, `$4` those of
/// members; group, kind and id.
pub(crate) static AMONG: LazyLock<Sql> = LazyLock::new(|| {
    let sqlite = ID_SQLITE.replace("w.", "v.");
    Sql::select_pair(
        "SELECT m.* FROM unnest($4) w(id) CROSS JOIN unnest($3) v(id) \
         CROSS JOIN LATERAL (SELECT x.group_id, x.member_kind, x.member_id FROM membership x WHERE x.tenant_id = :tenant \
         AND x.directory_id = $2 AND x.group_id = v.id AND x.member_id = w.id OFFSET 0) m",
        &format!(
            "SELECT x.group_id, x.member_kind, x.member_id FROM json_each($4) w CROSS JOIN json_each($3) v \
             CROSS JOIN membership x ON x.directory_id = $2 AND x.member_id = {ID_SQLITE} AND x.group_id = {sqlite} \
             AND NOT (x.tenant_id IS DISTINCT FROM :tenant)"
        ),
        Rows::Read,
    )
});

/// Three `WITH`s that end all memberships of the resource `$3` in directory `$2` of tenant `$1`: its groups are locked in
/// the order of their ids, left, and counted down. A group that is a member of itself is not counted down: it is being
/// deleted, and a statement changes a row once.
pub(crate) const LEAVE_ALL_POSTGRES: &str = "\
    leased AS MATERIALIZED (SELECT h.id FROM (SELECT group_id FROM membership WHERE directory_id = $2 AND member_id = $3 \
    AND member_kind <> '' AND NOT (tenant_id IS DISTINCT FROM $1) AND group_id <> $3 ORDER BY group_id OFFSET 0) w CROSS JOIN LATERAL (SELECT y.id FROM groups y \
    WHERE y.tenant_id = $1 AND y.id = w.group_id OFFSET 0 FOR UPDATE) h), \
    gone AS (DELETE FROM membership m WHERE m.directory_id = $2 AND m.member_id = $3 \
    AND m.member_kind <> '' AND m.group_id = ANY (ARRAY(SELECT id FROM leased)) AND NOT (m.tenant_id IS DISTINCT FROM $1) \
    RETURNING m.group_id), \
    fewer AS (UPDATE groups f SET member_count = f.member_count - 1 WHERE f.tenant_id = $1 \
    AND f.id = ANY (ARRAY(SELECT group_id FROM gone)))";

/// As [`LEAVE_ALL_POSTGRES`], two statements.
pub(crate) const LEAVE_ALL_SQLITE: &str = "\
    UPDATE groups SET member_count = member_count - 1 WHERE tenant_id = $1 AND id IN \
    (SELECT group_id FROM membership WHERE directory_id = $2 AND member_id = $3 AND NOT (tenant_id IS DISTINCT FROM $1)); \
    DELETE FROM membership WHERE directory_id = $2 AND member_id = $3 AND NOT (tenant_id IS DISTINCT FROM $1)";

/// Reads a row of [`AMONG`].
pub(crate) fn read_among(row: &QueryResult) -> Result<(Uuid, ResourceId), StoreError> {
    let mut columns = Columns::of(row);
    Ok((columns.next()?, id_from(&mut columns)?))
}

/// Reads a row of [`MARK`].
pub(crate) fn read_position(row: &QueryResult) -> Result<(i64, i64), StoreError> {
    let mut columns = Columns::of(row);
    Ok((columns.next()?, columns.next()?))
}

/// Reads kind and id.
pub(crate) fn read_id(row: &QueryResult) -> Result<ResourceId, StoreError> {
    id_from(&mut Columns::of(row))
}

fn id_from(columns: &mut Columns<'_>) -> Result<ResourceId, StoreError> {
    let (kind, id): (String, Uuid) = (columns.next()?, columns.next()?);
    ResourceId::of_type(&kind, id)
        .ok_or_else(|| StoreError::Corrupt("a member is neither User nor Group".into()))
}

/// Reads kind, id and document.
pub(crate) fn read_member(row: &QueryResult) -> Result<Member, StoreError> {
    let mut columns = Columns::of(row);
    let id = id_from(&mut columns)?;
    let text: Option<String> = columns.next()?;
    let names = text.as_deref().map(Names::read).transpose()?.unwrap_or_default();
    Ok(Member {
        id,
        external_id: names.external_id,
        display: names.display_name,
    })
}

/// Reads a row of [`GROUPS_OF`].
pub(crate) fn read_group_of(row: &QueryResult) -> Result<(IdentityId, GroupRef), StoreError> {
    let mut columns = Columns::of(row);
    let member = IdentityId::from_uuid(columns.next()?);
    let id = GroupId::from_uuid(columns.next()?);
    let display = Names::read(&columns.next::<String>()?)?.display_name;
    Ok((member, GroupRef { id, display }))
}

/// What is said of a member or of a group in a list; the rest of the document is passed over.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Names {
    external_id: Option<String>,
    display_name: Option<String>,
}

impl Names {
    fn read(document: &str) -> Result<Self, StoreError> {
        serde_json::from_str(document).map_err(|_| no_object())
    }
}
