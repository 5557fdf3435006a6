//! `groups`: groups without their members. What differs from identities; the rest is in [`super::resource`].

use domain::group::Group;
use domain::identity::ExternalId;
use scim::resource::Resource;

use super::member_change::{self, MemberChange};
use super::names::MemberCount;
use super::resource::{
    self, ById, ByKey, ChangeResult, Create, Delete, SameKeyOtherId, Save, SaveParts, Table, by_key,
    statements_and_row,
};
use crate::engine::read::record;
use crate::engine::statement::{Opens, Statement};
use crate::settings::Backend;

pub(crate) static BY_ID: Statement<ById, Group> = Statement::select(resource::by_id::<Group>);
pub(crate) static LOCK_BY_ID: Statement<ById, Group> =
    Statement::opening(Opens::TenantForUpdate, resource::by_id_to_lock::<Group>);
pub(crate) static BY_NAME: Statement<ByKey, Group> = Statement::select(|_| by_name());
pub(crate) static LOCK_BY_NAME: Statement<ByKey, Group> =
    Statement::opening(Opens::TenantForUpdate, |_| by_name());
pub(crate) static NAME_TAKEN: Statement<SameKeyOtherId> = Statement::select(resource::name_taken::<Group>);
pub(crate) static CREATE: Statement<Create<'_, Group>, ChangeResult> =
    Statement::new(resource::create::<Group>);
pub(crate) static SAVE: Statement<Save<'_, Group>, ChangeResult> = Statement::new(resource::save::<Group>);
pub(crate) static DELETE: Statement<Delete<'_, Group>, i64> = Statement::new(resource::delete::<Group>);

fn by_name() -> String {
    by_key::<Group>("display_name_key = :key")
}

record!(Group: id created_at directory revision resource modified_at member_count);

impl Table for Group {
    type Own = MemberCount;
    type MemberChange = MemberChange;

    const TABLE: &'static str = "groups";
    const COLUMNS: &'static str =
        "id, created_at, directory_id, revision, document, modified_at, member_count";
    const NAME_KEY: &'static str = "display_name_key";
    const OWN: [&'static str; 3] = ["member_count", ":member_count", "member_count = :member_count"];
    /// The parts of one membership change.
    const SEVERAL_EVENTS: bool = true;
    const HAS_MEMBERS: bool = true;

    fn save_parts(on: Backend) -> SaveParts {
        member_change::save_parts(on)
    }

    statements_and_row!(by_external_id: None);

    fn name(resource: &Resource) -> Option<&str> {
        resource.display_name()
    }

    fn own(&self, _: ExternalId) -> MemberCount {
        MemberCount(self.member_count)
    }
}
