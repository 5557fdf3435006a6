//! The change of a group's members that is saved with the group's row, in the same statement.
//!
//! It was decided by the group's revision and `member_count`, perhaps without a lock. Each change of members by a request makes a
//! revision, and each deletion of a member counts down; so while both are as they were, the members are too, and the statement finds them
//! so when it has the group's row. The members that join are held against deletion before that, in the order of locks that a
//! deletion has: the member, then its groups.

use domain::id::ResourceId;

use super::membership::{CHUNK, KEEP, of_kind, present, remove};
use super::resource::SaveParts;
use crate::engine::parameter::{Ids, parameters};
use crate::settings::Backend;

/// The members that a group's new revision gains and loses with its row.
#[derive(Debug, Clone, Default)]
pub struct MemberChange {
    /// The number of members before; the save is refused when the row has another.
    pub count_before: i64,
    /// Those who exist and are not in the group.
    pub joining: Vec<ResourceId>,
    /// Those who are in the group.
    pub leaving: Vec<ResourceId>,
}

impl MemberChange {
    /// The most members that one joins and leaves together; more are written apart, before the row, in a transaction.
    pub const MOST: usize = CHUNK;
}

parameters!(MemberChange, |change| {
    count_before: change.count_before,
    joining: change.joining.len(),
    people: of_kind(&change.joining, true),
    groups: of_kind(&change.joining, false),
    members: Ids::of(change.leaving.iter().map(|id| id.uuid())),
});

/// On PostgreSQL nothing is done unless all who join exist. SQLite's rows are written first, and taken back with the job when the
/// save is refused.
pub(crate) fn save_parts(on: Backend) -> SaveParts {
    let insert = |tenant: &str, from: &str| {
        format!(
            "INSERT INTO membership (tenant_id, directory_id, group_id, member_id, member_kind) \
             SELECT {tenant}, :directory, :id, k.id, k.kind FROM {from} k"
        )
    };
    let present = present(on, "x.id", on.either(KEEP, ""));
    on.either(
        SaveParts {
            before: format!(
                ", kept AS MATERIALIZED (SELECT j.kind, j.id FROM s CROSS JOIN LATERAL \
                 (SELECT * FROM ({present}) p WHERE s.tenant IS NOT NULL OFFSET 0) j)"
            ),
            condition: " AND groups.member_count = :count_before AND (SELECT count(*) FROM kept) = :joining",
            after: format!(
                ", joined AS ({}), parted AS ({})",
                insert("i.tenant_id", "i CROSS JOIN kept"),
                remove(on, "i.tenant_id", ":id", "i CROSS JOIN unnest(:members) w(id)")
            ),
        },
        SaveParts {
            before: format!(
                "{}; {}; ",
                remove(on, ":tenant", ":id", ""),
                insert(":tenant", &format!("({present})"))
            ),
            condition: " AND groups.member_count = :count_before AND changes() = :joining",
            after: String::new(),
        },
    )
}
