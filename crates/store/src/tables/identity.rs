//! `identity`: people and rooms. What differs from groups; the rest is in [`super::resource`].

use domain::id::DirectoryId;
use domain::identity::{ExternalId, Identity};
use scim::resource::Resource;

use super::names::Key;
use super::resource::{
    self, ById, ByKey, ChangeResult, Create, Delete, SameKeyOtherId, Save, Table, by_key, statements_and_row,
};
use super::{groups_of_member, keys};
use crate::engine::parameter::parameters;
use crate::engine::read::{Columns, Read};
use crate::engine::statement::{Opens, Statement};
use crate::error::Result;
use crate::settings::Backend;
use crate::tenant_tx::TenantTx;

pub(crate) static BY_ID: Statement<ById, Identity> = Statement::select(resource::by_id::<Identity>);
pub(crate) static LOCK_BY_ID: Statement<ById, Identity> =
    Statement::opening(Opens::TenantForUpdate, resource::by_id_to_lock::<Identity>);
pub(crate) static BY_NAME: Statement<ByKey, Identity> = Statement::select(|_| by_user_name());
pub(crate) static LOCK_BY_NAME: Statement<ByKey, Identity> =
    Statement::opening(Opens::TenantForUpdate, |_| by_user_name());
/// The oldest identity that has this `externalId`.
pub(crate) static BY_EXTERNAL_ID: Statement<ByKey, Identity> =
    Statement::select(|_| by_key::<Identity>("external_id = :key ORDER BY id LIMIT 1"));
pub(crate) static NAME_TAKEN: Statement<SameKeyOtherId> = Statement::select(resource::name_taken::<Identity>);
pub(crate) static CREATE: Statement<Create<'_, Identity>, ChangeResult> =
    Statement::new(resource::create::<Identity>);
pub(crate) static SAVE: Statement<Save<'_, Identity>, ChangeResult> =
    Statement::new(resource::save::<Identity>);
pub(crate) static DELETE: Statement<Delete<'_, Identity>, i64> = Statement::new(resource::delete::<Identity>);

fn by_user_name() -> String {
    by_key::<Identity>("user_name_key = :key")
}

/// Whether another identity has the `externalId` that is to be this one's key. Rows of before ADR 0036 are not marked
/// (`external_id_is_key`), so all are asked; the index over the marked ones decides between two at the same moment.
macro_rules! external_id_taken {
    () => {
        "EXISTS (SELECT 1 FROM identity y WHERE NOT (y.tenant_id IS DISTINCT FROM :tenant) AND y.directory_id = :directory \
         AND y.external_id = :external_id_key AND y.id <> :id)"
    };
}

impl Table for Identity {
    type Own = Own;
    type MemberChange = ();

    const TABLE: &'static str = "identity";
    const COLUMNS: &'static str =
        "id, created_at, directory_id, revision, document, modified_at, CAST(NULL AS text) AS groups";
    const NAME_KEY: &'static str = "user_name_key";
    const OWN: [&'static str; 3] = [
        "work_email, display_name, external_id_is_key",
        ":work_email, :display_name, :external_id_key IS NOT NULL",
        "work_email = :work_email, display_name = :display_name, \
         external_id_is_key = CASE WHEN identity.external_id = :external_id THEN identity.external_id_is_key \
         ELSE :external_id_key IS NOT NULL END",
    ];
    const EXTERNAL_ID_SHARED: &'static str = "EXISTS (SELECT 1 FROM identity y WHERE NOT (y.tenant_id IS DISTINCT FROM :tenant) \
                                              AND y.directory_id = :directory AND y.external_id = :external_id AND y.id <> :id)";
    const CREATE_IF: &'static str = concat!("NOT ", external_id_taken!());
    const SAVE_IF: &'static str = concat!(
        "(identity.external_id = :external_id_key OR NOT ",
        external_id_taken!(),
        ")"
    );
    const SEVERAL_EVENTS: bool = false;
    const HAS_MEMBERS: bool = false;

    /// With the groups of an identity that is in few.
    fn shown_columns(on: Backend, row: &str) -> String {
        let groups = groups_of_member::groups_of_row(on, row);
        Self::COLUMNS.replace("CAST(NULL AS text)", &groups)
    }

    statements_and_row!(by_external_id: Some(&BY_EXTERNAL_ID));

    fn name(resource: &Resource) -> Option<&str> {
        resource.user_name()
    }

    fn own(&self, external_id: ExternalId) -> Own {
        let key = keys::external_id(&self.resource);
        Own {
            work_email: keys::work_email(&self.resource),
            display_name: self.resource.display_name().map(|name| keys::name(Some(name))),
            external_id_key: key.filter(|_| external_id == ExternalId::IsKey),
        }
    }
}

impl Read for Identity {
    fn read(columns: &mut Columns<'_>) -> Result<Self> {
        Ok(Self {
            id: columns.next()?,
            created_at: columns.next()?,
            directory: columns.next()?,
            revision: columns.next()?,
            // Rows of older versions do not hold defaults; every reader gets them all the same (ADR 0035).
            resource: columns.next::<Resource>()?.with_defaults(),
            modified_at: columns.next()?,
            groups: columns.next()?,
        })
    }
}

/// What only an identity's row has.
pub(crate) struct Own {
    work_email: Option<String>,
    display_name: Option<String>,
    /// The `externalId` where it is the profile's key.
    external_id_key: Option<String>,
}

parameters!(Own, |own| {
    work_email: own.work_email,
    display_name: own.display_name,
    external_id_key: own.external_id_key,
});

impl TenantTx {
    /// The oldest identity with this `externalId`, a key as in [`domain::identity::MatchKeys`].
    ///
    /// # Errors
    /// As [`TenantTx::get`].
    pub async fn find_by_external_id(
        &mut self,
        directory: DirectoryId,
        key: &str,
    ) -> Result<Option<Identity>> {
        let by_external_id = (self.within(directory), Key(keys::fit(key).into()));
        self.find(&BY_EXTERNAL_ID, by_external_id).await
    }
}
