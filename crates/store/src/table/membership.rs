//! `membership`: who is directly in which group, a row each.
//!
//! No statement here costs more for a big group than for a small one, but for those that are about all members. Sets of
//! ids travel as one value ([`Ids`]), those of people and of groups apart where it matters; on PostgreSQL each
//! id is looked up by its whole key inside a `LATERAL`, so that no estimate can make the planner read a group from end to
//! end.
//!
//! Locks: whoever changes a group's members holds the group's row ([`super::group`]); [`KNOWN_KEPT`] holds the members'
//! rows against deletion until the commit. Whoever deletes a resource holds its row, then locks its groups in the order
//! of their ids, then deletes the memberships.

use domain::group::{GroupRef, Member};
use domain::id::{GroupId, IdentityId, ResourceId};
use sea_orm::QueryResult;
use uuid::Uuid;

use super::identity::document;
use super::names::{After, Groups, Identities, In, InGroup, Limit, Members, People};
use super::read::Columns;
use crate::error::StoreError;
use crate::parameter::Ids;
use crate::settings::Backend;
use crate::statement::Statement;

/// How many ids travel in one statement.
pub(crate) const CHUNK: usize = 1000;
/// Groups of identities read at a time.
pub(crate) const REFERENCES: usize = 5_000;

/// An id inside a list of them on SQLite.
const ID_SQLITE: &str = "unhex(w.value)";

/// Resources of a directory, people and groups apart.
pub(crate) type Both = (In, People, Groups);

pub(crate) fn both(directory: In, ids: &[ResourceId]) -> Both {
    let of_kind = |people: bool| {
        let is = |id: &&ResourceId| matches!(id, ResourceId::Identity(_)) == people;
        Ids::of(ids.iter().filter(is).map(|id| id.uuid()))
    };
    (directory, People(of_kind(true)), Groups(of_kind(false)))
}

/// One group's members.
pub(crate) type Of = (In, InGroup);

/// Those of the ids that exist in the directory, with their documents.
pub(crate) static KNOWN: Statement<Both> = Statement::select(|on| known(on, ""));
/// As [`KNOWN`], and nobody deletes them until the transaction ends.
pub(crate) static KNOWN_KEPT: Statement<Both> = Statement::select(|on| known(on, " FOR KEY SHARE"));

fn known(on: Backend, lock: &str) -> String {
    present(on, "x.id, x.document", lock)
}

/// The rows that [`Both`] names: kind and `columns`. Row by row, by the whole key: with a join or an `EXISTS` PostgreSQL may
/// read the directory instead.
fn present(on: Backend, columns: &str, lock: &str) -> String {
    let which = "x.tenant_id = :tenant AND x.directory_id = :directory AND x.id =";
    let of = |table: &str, kind: &str, list: &str| {
        on.either(
            format!(
                "SELECT * FROM (SELECT '{kind}' AS kind, r.* FROM unnest({list}) w(id) CROSS JOIN LATERAL \
                 (SELECT {columns} FROM {table} x WHERE {which} w.id OFFSET 0{lock}) r) {table}"
            ),
            format!(
                "SELECT '{kind}' AS kind, {columns} FROM json_each({list}) w CROSS JOIN {table} x ON {which} {ID_SQLITE}"
            ),
        )
    };
    let (people, groups) = (
        of("identity", "User", ":people"),
        of("groups", "Group", ":groups"),
    );
    format!("{people} UNION ALL {groups}")
}

/// Makes members of those of the ids that exist; returns the new ones.
pub(crate) static ADD: Statement<(Both, InGroup)> = Statement::new(|on| {
    format!(
        "INSERT INTO membership (tenant_id, directory_id, group_id, member_id, member_kind) \
             SELECT g.tenant_id, g.directory_id, g.id, k.id, k.kind FROM groups g CROSS JOIN ({}) k \
             WHERE g.tenant_id = :tenant AND g.directory_id = :directory AND g.id = :group \
             ON CONFLICT DO NOTHING RETURNING member_kind, member_id",
        present(on, "x.id", "")
    )
});

/// Ends memberships; returns those that were. On PostgreSQL by the place of each row (`ctid`), which stands still while the group
/// is locked.
pub(crate) static REMOVE: Statement<(Of, Members)> = Statement::new(|on| {
    let which = on.either(
            "ctid = ANY (ARRAY( \
             SELECT m.place FROM unnest(:members) w(id) CROSS JOIN LATERAL \
             (SELECT x.ctid AS place FROM membership x WHERE x.tenant_id = :tenant AND x.directory_id = :directory \
             AND x.group_id = :group AND x.member_id = w.id OFFSET 0) m))"
                .to_owned(),
            format!(
                "tenant_id = :tenant AND directory_id = :directory AND group_id = :group \
                 AND member_id IN (SELECT {ID_SQLITE} FROM json_each(:members) w)"
            ),
        );
    format!("DELETE FROM membership WHERE {which} RETURNING member_kind, member_id")
});

/// Ends all memberships of a group.
pub(crate) static CLEAR: Statement<Of> = Statement::new(|_| {
    "DELETE FROM membership WHERE tenant_id = :tenant AND directory_id = :directory AND group_id = :group"
        .into()
});

/// What a member `m` has in its own table.
fn of_member(column: &str) -> String {
    let of = |table: &str| {
        format!("(SELECT x.{column} FROM {table} x WHERE x.tenant_id = m.tenant_id AND x.id = m.member_id)")
    };
    format!(
        "CASE m.member_kind WHEN 'Group' THEN {} ELSE {} END",
        of("groups"),
        of("identity")
    )
}

/// A page of a group's members by id. The documents are looked up one by one for the page only.
pub(crate) static PAGE: Statement<(Of, After, Limit)> = Statement::select(|_| {
    format!(
        "SELECT m.member_kind, m.member_id, {} FROM \
             (SELECT tenant_id, member_kind, member_id FROM membership WHERE tenant_id = :tenant \
             AND directory_id = :directory AND group_id = :group AND member_id > :after ORDER BY member_id LIMIT :limit) m",
        of_member("document")
    )
});

/// How many members a group has, and the sum of their revisions.
pub(crate) static POSITION: Statement<Of> = Statement::select(|_| {
    format!(
        "SELECT count(*), CAST(coalesce(sum({}), 0) AS bigint) FROM membership m \
             WHERE m.tenant_id = :tenant AND m.directory_id = :directory AND m.group_id = :group",
        of_member("revision")
    )
});

/// The groups that identities are direct members of.
pub(crate) static GROUPS_OF: Statement<(In, Identities, Limit)> = Statement::select(|on| {
    on.either(
            "SELECT m.member_id, g.id, g.document FROM unnest(:identities) w(id) \
             CROSS JOIN LATERAL (SELECT x.member_id, x.group_id FROM membership x WHERE x.directory_id = :directory \
             AND x.member_id = w.id AND x.member_kind <> '' AND NOT (x.tenant_id IS DISTINCT FROM :tenant) OFFSET 0) m \
             CROSS JOIN LATERAL (SELECT y.id, y.document FROM groups y WHERE y.tenant_id = :tenant \
             AND y.id = m.group_id OFFSET 0) g LIMIT :limit"
                .to_owned(),
            format!(
                "SELECT m.member_id, g.id, g.document FROM json_each(:identities) w CROSS JOIN membership m \
                 ON m.directory_id = :directory AND m.member_id = {ID_SQLITE} \
                 AND NOT (m.tenant_id IS DISTINCT FROM :tenant) \
                 CROSS JOIN groups g ON g.tenant_id = m.tenant_id AND g.id = m.group_id LIMIT :limit"
            ),
        )
});

/// Which of some members are in which of some groups: group, kind and id.
pub(crate) static AMONG: Statement<(In, Groups, Members)> = Statement::select(|on| {
    let sqlite = ID_SQLITE.replace("w.", "v.");
    on.either(
            "SELECT m.* FROM unnest(:members) w(id) CROSS JOIN unnest(:groups) v(id) \
             CROSS JOIN LATERAL (SELECT x.group_id, x.member_kind, x.member_id FROM membership x \
             WHERE x.tenant_id = :tenant AND x.directory_id = :directory AND x.group_id = v.id AND x.member_id = w.id \
             OFFSET 0) m"
                .to_owned(),
            format!(
                "SELECT x.group_id, x.member_kind, x.member_id FROM json_each(:members) w CROSS JOIN json_each(:groups) v \
                 CROSS JOIN membership x ON x.directory_id = :directory AND x.member_id = {ID_SQLITE} \
                 AND x.group_id = {sqlite} AND NOT (x.tenant_id IS DISTINCT FROM :tenant)"
            ),
        )
});

/// Three `WITH`s that end all memberships of the resource `:id`: its groups are locked in
/// the order of their ids, left, and counted down. A group that is a member of itself is not counted down: it is being
/// deleted, and a statement changes a row once.
pub(crate) const LEAVE_ALL_POSTGRES: &str = "\
    leased AS MATERIALIZED (SELECT h.id FROM (SELECT group_id FROM membership WHERE directory_id = :directory \
    AND member_id = :id AND member_kind <> '' AND NOT (tenant_id IS DISTINCT FROM :tenant) AND group_id <> :id \
    ORDER BY group_id OFFSET 0) w CROSS JOIN LATERAL (SELECT y.id FROM groups y \
    WHERE y.tenant_id = :tenant AND y.id = w.group_id OFFSET 0 FOR UPDATE) h), \
    gone AS (DELETE FROM membership m WHERE m.directory_id = :directory AND m.member_id = :id \
    AND m.member_kind <> '' AND m.group_id = ANY (ARRAY(SELECT id FROM leased)) AND NOT (m.tenant_id IS DISTINCT FROM :tenant) \
    RETURNING m.group_id), \
    fewer AS (UPDATE groups f SET member_count = f.member_count - 1 WHERE f.tenant_id = :tenant \
    AND f.id = ANY (ARRAY(SELECT group_id FROM gone)))";

/// As [`LEAVE_ALL_POSTGRES`], two statements.
pub(crate) const LEAVE_ALL_SQLITE: &str = "\
    UPDATE groups SET member_count = member_count - 1 WHERE tenant_id = :tenant AND id IN \
    (SELECT group_id FROM membership WHERE directory_id = :directory AND member_id = :id \
    AND NOT (tenant_id IS DISTINCT FROM :tenant)); \
    DELETE FROM membership WHERE directory_id = :directory AND member_id = :id AND NOT (tenant_id IS DISTINCT FROM :tenant)";

/// Reads a row of [`AMONG`].
pub(crate) fn read_among(row: &QueryResult) -> Result<(Uuid, ResourceId), StoreError> {
    let mut columns = Columns::of(row);
    Ok((columns.next()?, id_from(&mut columns)?))
}

/// Reads a row of [`POSITION`].
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
    let resource = text.as_deref().map(document).transpose()?.unwrap_or_default();
    Ok(Member {
        id,
        external_id: resource.external_id().map(str::to_owned),
        display: resource.display_name().map(str::to_owned),
    })
}

/// Reads a row of [`GROUPS_OF`].
pub(crate) fn read_group_of(row: &QueryResult) -> Result<(IdentityId, GroupRef), StoreError> {
    let mut columns = Columns::of(row);
    let member = IdentityId::from_uuid(columns.next()?);
    let id = GroupId::from_uuid(columns.next()?);
    let resource = document(&columns.next::<String>()?)?;
    let display = resource.display_name().map(str::to_owned);
    Ok((member, GroupRef { id, display }))
}
