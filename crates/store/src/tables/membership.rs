//! `membership`: which resource is directly in which group, a row each.
//!
//! No statement here costs more for a big group than for a small one, but for those that are about all members. Sets of
//! ids travel as one value ([`Ids`]), those of people and of groups apart where it matters; on PostgreSQL each
//! id is looked up by its whole key inside a `LATERAL`, so that no estimate can make the planner read a group from end to
//! end.
//!
//! Locks: a change of a group's members holds the group's row ([`super::group`], or [`super::member_change`] in one statement);
//! what adds members holds their rows against deletion until the commit. A deletion of a resource holds its row, then locks its
//! groups in the order of their ids, then deletes the memberships.

use std::collections::HashMap;

use domain::group::{GroupRef, Member};
use domain::id::{DirectoryId, GroupId, IdentityId, ResourceId};
use uuid::Uuid;

use super::groups_of_member::Names;
use super::names::{After, DirectoryKey, Groups, Identities, InGroup, Limit, Members, People};
use crate::engine::parameter::{Bind, Ids};
use crate::engine::read::{Columns, Read};
use crate::engine::retry_budget::Resend;
use crate::engine::statement::Statement;
use crate::error::{Result, StoreError};
use crate::settings::Backend;
use crate::tenant_tx::TenantTx;

/// How many ids travel in one statement.
pub(crate) const CHUNK: usize = 1000;
/// Groups of identities read at a time.
pub(crate) const REFERENCES: usize = 5_000;

/// An id inside a list of them on SQLite.
const ID_SQLITE: &str = "unhex(w.value)";

/// Resources of a directory, people and groups apart.
pub(crate) type ResourcesByKind = (DirectoryKey, People, Groups);

pub(crate) fn both(directory: DirectoryKey, ids: &[ResourceId]) -> ResourcesByKind {
    let [people, groups] = [true, false].map(|people| of_kind(ids, people));
    (directory, People(people), Groups(groups))
}

/// People or groups.
pub(crate) fn of_kind(ids: &[ResourceId], people: bool) -> Ids {
    let is = |id: &&ResourceId| matches!(id, ResourceId::Identity(_)) == people;
    Ids::of(ids.iter().filter(is).map(|id| id.uuid()))
}

/// One group's members.
pub(crate) type GroupKey = (DirectoryKey, InGroup);

/// Those of the ids that exist in the directory, with their documents, and whether they are in the group.
pub(crate) static KNOWN: Statement<(ResourcesByKind, InGroup), (Member, bool)> =
    Statement::select(|on| known(on, ""));
/// As [`KNOWN`], and no other transaction deletes them until this one ends.
pub(crate) static KNOWN_KEPT: Statement<(ResourcesByKind, InGroup), (Member, bool)> =
    Statement::select(|on| known(on, KEEP));

/// Keeps other transactions from deleting the rows of [`present`].
pub(crate) const KEEP: &str = " FOR KEY SHARE";

fn known(on: Backend, lock: &str) -> String {
    // No `EXISTS`, for which PostgreSQL may read the group.
    let is_member = "coalesce((SELECT true FROM membership m WHERE m.tenant_id = x.tenant_id AND m.directory_id = :directory \
                     AND m.group_id = :group AND m.member_id = x.id), false)";
    present(on, &format!("x.id, x.document, {is_member} AS is_member"), lock)
}

/// The rows that [`ResourcesByKind`] names: kind and `columns`. Row by row, by the whole key: with a join or an `EXISTS` PostgreSQL
/// may read the directory instead.
pub(crate) fn present(on: Backend, columns: &str, lock: &str) -> String {
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
pub(crate) static ADD: Statement<(ResourcesByKind, InGroup), ResourceId> = Statement::new(|on| {
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
pub(crate) static REMOVE: Statement<(GroupKey, Members), ResourceId> = Statement::new(|on| {
    let from = on.either("unnest(:members) w(id)", "");
    format!(
        "{} RETURNING member_kind, member_id",
        remove(on, ":tenant", ":group", from)
    )
});

/// On PostgreSQL for the members `w.id` of `from`.
pub(crate) fn remove(on: Backend, tenant: &str, group: &str, from: &str) -> String {
    let which = on.either(
        format!(
            "ctid = ANY (ARRAY( \
             SELECT m.place FROM {from} CROSS JOIN LATERAL \
             (SELECT x.ctid AS place FROM membership x WHERE x.tenant_id = {tenant} AND x.directory_id = :directory \
             AND x.group_id = {group} AND x.member_id = w.id OFFSET 0) m))"
        ),
        format!(
            "tenant_id = {tenant} AND directory_id = :directory AND group_id = {group} \
             AND member_id IN (SELECT {ID_SQLITE} FROM json_each(:members) w)"
        ),
    );
    format!("DELETE FROM membership WHERE {which}")
}

/// Ends all memberships of a group.
pub(crate) static CLEAR: Statement<GroupKey> = Statement::new(|_| {
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
pub(crate) static PAGE: Statement<(GroupKey, After, Limit), Member> = Statement::select(|_| {
    format!(
        "SELECT m.member_kind, m.member_id, {} FROM \
         (SELECT tenant_id, member_kind, member_id FROM membership WHERE tenant_id = :tenant \
         AND directory_id = :directory AND group_id = :group AND member_id > :after ORDER BY member_id LIMIT :limit) m",
        of_member("document")
    )
});

/// How many members a group has, and the sum of their revisions.
pub(crate) static POSITION: Statement<GroupKey, (i64, i64)> = Statement::select(|_| {
    format!(
        "SELECT count(*), CAST(coalesce(sum({}), 0) AS bigint) FROM membership m \
         WHERE m.tenant_id = :tenant AND m.directory_id = :directory AND m.group_id = :group",
        of_member("revision")
    )
});

/// The groups that identities are direct members of.
pub(crate) static GROUPS_OF: Statement<(DirectoryKey, Identities, Limit), (IdentityId, GroupRef)> =
    Statement::select(groups_of);

fn groups_of(on: Backend) -> String {
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
}

/// Which of some members are in which of some groups: group, kind and id.
pub(crate) static AMONG: Statement<(DirectoryKey, Groups, Members), (Uuid, ResourceId)> = Statement::select(
    |on| {
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
    },
);

/// Three `WITH`s that end all memberships of the resource `:id`, whose row `i` has deleted: its groups are locked in
/// the order of their ids, left, and counted down. A group that is a member of itself is not counted down: it is being
/// deleted, and a statement changes a row once.
pub(crate) const LEAVE_ALL_POSTGRES: &str = "\
    leased AS MATERIALIZED (SELECT h.id FROM i CROSS JOIN LATERAL (SELECT group_id FROM membership \
    WHERE directory_id = i.directory_id AND member_id = :id AND member_kind <> '' \
    AND NOT (tenant_id IS DISTINCT FROM i.tenant_id) AND group_id <> :id \
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

/// The members that a statement of kinds and ids answers.
impl Read for ResourceId {
    fn read(columns: &mut Columns<'_>) -> Result<Self> {
        let (kind, id): (String, Uuid) = columns.next()?;
        Self::of_type(&kind, id)
            .ok_or_else(|| StoreError::Corrupt("a member is neither User nor Group".into()))
    }
}

/// Kind, id and document.
impl Read for Member {
    fn read(columns: &mut Columns<'_>) -> Result<Self> {
        let (id, names): (ResourceId, Option<Names>) = columns.next()?;
        let names = names.unwrap_or_default();
        Ok(Self {
            id,
            external_id: names.external_id,
            display: names.display_name,
        })
    }
}

impl TenantTx {
    /// Those of `ids` that exist in this directory, in no order, each once and with whether it is in the group. In
    /// [`crate::Store::write`] no other transaction can delete them until the transaction ends.
    ///
    /// # Errors
    /// As [`TenantTx::get`].
    pub async fn known_members(
        &mut self,
        directory: DirectoryId,
        group: GroupId,
        ids: &[ResourceId],
    ) -> Result<Vec<(Member, bool)>> {
        let statement = if self.executor.is_open() {
            &KNOWN_KEPT
        } else {
            &KNOWN
        };
        let mut known = Vec::new();
        for chunk in once(ids).chunks(CHUNK) {
            let named = (both(self.within(directory), chunk), InGroup(group));
            known.extend(self.executor.all(statement, named).await?);
            self.note_tenant_set();
        }
        Ok(known)
    }

    /// Adds members to a group; returns those that were not in it before. Lock the group first, and take only ids that
    /// [`TenantTx::known_members`] has found in the same transaction (others are passed over).
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn add_members(
        &mut self,
        directory: DirectoryId,
        group: GroupId,
        ids: &[ResourceId],
    ) -> Result<Vec<ResourceId>> {
        self.change_members(&ADD, directory, ids, |within, chunk| {
            (both(within, chunk), InGroup(group))
        })
        .await
    }

    /// Removes members from a group; returns those that were in it. Lock the group first.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn remove_members(
        &mut self,
        directory: DirectoryId,
        group: GroupId,
        ids: &[ResourceId],
    ) -> Result<Vec<ResourceId>> {
        self.change_members(&REMOVE, directory, ids, |within, chunk| {
            let members = Members(Ids::of(chunk.iter().map(|id| id.uuid())));
            ((within, InGroup(group)), members)
        })
        .await
    }

    async fn change_members<P: Bind>(
        &mut self,
        statement: &Statement<P, ResourceId>,
        directory: DirectoryId,
        ids: &[ResourceId],
        parameters: impl Fn(DirectoryKey, &[ResourceId]) -> P,
    ) -> Result<Vec<ResourceId>> {
        self.set_tenant().await?;
        let mut changed = Vec::new();
        for chunk in once(ids).chunks(CHUNK) {
            let parameters = parameters(self.within(directory), chunk);
            let rows = self
                .executor
                .with_outbox(statement, parameters, Resend::IfRefused);
            changed.extend(rows.await?);
        }
        Ok(changed)
    }

    /// Removes all members of a group; returns how many there were. Lock the group first.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn clear_members(&mut self, directory: DirectoryId, group: GroupId) -> Result<i64> {
        self.set_tenant().await?;
        let of = self.of_group(directory, group);
        let gone = self.executor.change(&CLEAR, of).await?;
        Ok(i64::try_from(gone).unwrap_or(i64::MAX))
    }

    /// A page of a group's direct members in the order of their ids: at most `limit` of those after `after`. Fewer than
    /// `limit` means that there are no more.
    ///
    /// # Errors
    /// As [`TenantTx::get`].
    pub async fn members(
        &mut self,
        directory: DirectoryId,
        group: GroupId,
        after: Option<ResourceId>,
        limit: usize,
    ) -> Result<Vec<Member>> {
        let after = After(after.map_or(Uuid::nil(), ResourceId::uuid));
        let page = (self.of_group(directory, group), after, Limit(limit));
        let mut members = self.executor.all(&PAGE, page).await?;
        members.sort_unstable_by_key(|member| member.id.uuid());
        Ok(members)
    }

    /// How many members a group has, and the sum of their revisions.
    ///
    /// # Errors
    /// As [`TenantTx::get`].
    pub async fn members_position(&mut self, directory: DirectoryId, group: GroupId) -> Result<(i64, i64)> {
        let of = self.of_group(directory, group);
        Ok(self.executor.one(&POSITION, of).await?.unwrap_or_default())
    }

    /// The groups that the first ones of `ids` are direct members of, by id: of as many as have up to
    /// 5,000 groups together, at least of one. With it, of how many; an identity in no group is absent.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn groups_of(
        &mut self,
        directory: DirectoryId,
        ids: &[IdentityId],
    ) -> Result<(usize, HashMap<IdentityId, Vec<GroupRef>>)> {
        let mut asked = ids.len().min(CHUNK);
        let rows = loop {
            // Of one identity all are read; of several, one row above the limit shows that they are too many.
            let limit = match asked {
                1 => usize::MAX,
                _ => REFERENCES + 1,
            };
            let identities = Identities(Ids::of(ids.iter().take(asked).map(|id| id.uuid())));
            let of = (self.within(directory), identities, Limit(limit));
            let rows = self.executor.all(&GROUPS_OF, of).await?;
            if rows.len() < limit {
                break rows;
            }
            asked = (asked / 8).max(1);
        };
        let mut found: HashMap<IdentityId, Vec<GroupRef>> = HashMap::new();
        for (identity, group) in rows {
            found.entry(identity).or_default().push(group);
        }
        for groups in found.values_mut() {
            groups.sort_unstable_by_key(|group| group.id);
            groups.dedup_by_key(|group| group.id);
        }
        Ok((asked, found))
    }

    /// Which of `members` are directly in which of `groups`, for filters that name members.
    pub(crate) async fn among_members(
        &mut self,
        directory: DirectoryId,
        groups: &[ResourceId],
        members: &[ResourceId],
    ) -> Result<Vec<(Uuid, ResourceId)>> {
        let groups = Groups(Ids::of(groups.iter().map(|id| id.uuid())));
        let members = Members(Ids::of(once(members).iter().map(|id| id.uuid())));
        let among = (self.within(directory), groups, members);
        self.executor.all(&AMONG, among).await
    }

    fn of_group(&self, directory: DirectoryId, group: GroupId) -> GroupKey {
        (self.within(directory), InGroup(group))
    }
}

/// Each id once, ascending, so that a set of any order locks its rows in the same order.
fn once(ids: &[ResourceId]) -> Vec<ResourceId> {
    let mut ids = ids.to_vec();
    ids.sort_unstable_by_key(|id| id.uuid());
    ids.dedup();
    ids
}
