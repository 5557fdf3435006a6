//! The groups of a member as they come with its row, or in rows of their own ([`super::membership`]).

use domain::group::GroupRef;
use domain::id::GroupId;
use serde::Deserialize;
use uuid::Uuid;

use super::resource::no_object;
use crate::engine::read::{Columns, Read, columns};
use crate::error::Result;
use crate::settings::Backend;

/// How many groups come with the row of a member, and how long their documents may be together, in characters. The groups of a
/// member with more are read apart, so that a page of members stays small.
const GROUPS_WITH_ROW: usize = 20;
const GROUPS_TEXT: usize = 16 * 1024;

/// The groups of the member `row` as one JSON text, `[[id, document], …]`; NULL where they are too many or too long.
pub(crate) fn groups_of_row(on: Backend, row: &str) -> String {
    let member = format!(
        "FROM membership x WHERE x.directory_id = {row}.directory_id AND x.member_id = {row}.id AND x.member_kind <> '' \
         AND NOT (x.tenant_id IS DISTINCT FROM {row}.tenant_id) LIMIT {}",
        GROUPS_WITH_ROW + 1
    );
    let (list, groups) = on.either(
        (
            "coalesce(json_agg(json_build_array(q.id, q.document)), '[]')::text",
            format!(
                "SELECT g.id, g.document FROM (SELECT x.group_id {member}) m CROSS JOIN LATERAL \
                 (SELECT o.id, o.document FROM groups o WHERE o.tenant_id = {row}.tenant_id AND o.id = m.group_id OFFSET 0) g"
            ),
        ),
        (
            "json_group_array(json_array(hex(q.id), q.document))",
            format!(
                "SELECT o.id, o.document FROM (SELECT x.group_id {member}) m \
                 CROSS JOIN groups o ON o.tenant_id = {row}.tenant_id AND o.id = m.group_id"
            ),
        ),
    );
    format!(
        "(SELECT CASE WHEN count(*) <= {GROUPS_WITH_ROW} AND coalesce(sum(length(q.document)), 0) <= {GROUPS_TEXT} \
         THEN {list} END FROM ({groups}) q)"
    )
}

columns! {
    // As [`groups_of_row`] answers it; in the order of ids.
    Vec<GroupRef> = String => |text| {
        let rows: Vec<(Uuid, String)> = serde_json::from_str(&text).map_err(|_| no_object())?;
        let groups = rows.into_iter().map(|(id, document)| {
            let display = Names::of(document)?.display_name;
            Ok(GroupRef { id: GroupId::from_uuid(id), display })
        });
        let mut groups = groups.collect::<Result<Self>>()?;
        groups.sort_unstable_by_key(|group| group.id);
        Ok(groups)
    };
    Names = String => |document| serde_json::from_str(&document).map_err(|_| no_object());
}

/// The attributes of a member, or of a group of a member, that are answered; the others are skipped.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Names {
    pub(crate) external_id: Option<String>,
    pub(crate) display_name: Option<String>,
}

/// Id and document.
impl Read for GroupRef {
    fn read(columns: &mut Columns<'_>) -> Result<Self> {
        let (id, names): (GroupId, Names) = columns.next()?;
        Ok(Self {
            id,
            display: names.display_name,
        })
    }
}
