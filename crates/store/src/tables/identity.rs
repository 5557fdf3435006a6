//! `identity`: people and rooms, and the statements that change one together with its event and its log row.
//!
//! On PostgreSQL each change is one statement (a chain of `WITH`), on SQLite one text of three statements that is handed
//! to the connection's thread once. The outbox row comes after the change it is about, so that its id is greater than
//! those of everything it depends on (`docs/background/feeds.md`, "Order of commits").

use domain::event::Event;
use domain::id::{DirectoryId, IdentityId, TenantId};
use domain::identity::{ExternalId, Identity, MatchKeys};
use domain::log::LogEntry;
use domain::scope::TenantScope;
use scim::resource::{Resource, fold};
use sea_orm::QueryResult;

use super::keys::{Keys, fit, shadow};
use super::named::{self, ById, ByKey, Others};
use super::names::{CreatedAt, Id, Key, Shadow};
use super::{groups_of_member, log, membership, outbox};
use crate::engine::autocommit::Resend;
use crate::engine::parameter::{Bind, parameters};
use crate::engine::read::Columns;
use crate::engine::statement::{Built, Opens, SET_TENANT, Statement, of_tenant};
use crate::error::StoreError;
use crate::settings::Backend;
use crate::tenant_tx::{CreateOutcome, SaveOutcome, TenantTx, counted};

/// What a `SELECT` of identities reads, for [`read`]; the groups are not read.
pub(crate) const COLUMNS: &str =
    "id, directory_id, revision, document, created_at, modified_at, CAST(NULL AS text) AS groups";

/// As [`COLUMNS`], with the groups of an identity that is in few; `row` is the row's table or its alias.
pub(crate) fn columns_with_groups(on: Backend, row: &str) -> String {
    let groups = groups_of_member::groups_of_row(on, row);
    format!("id, directory_id, revision, document, created_at, modified_at, {groups} AS groups")
}

pub(crate) static BY_ID: Statement<ById> = Statement::select(by_id);
pub(crate) static LOCK_BY_ID: Statement<ById> = Statement::opening(Opens::TenantForUpdate, |on| {
    // After a wait for the row PostgreSQL has its newest revision, but of other tables what was there before the wait.
    named::by_id(
        &on.either(COLUMNS.to_owned(), columns_with_groups(on, "identity")),
        "identity",
    )
});
pub(crate) static BY_USER_NAME: Statement<ByKey> = Statement::select(|_| by_key("user_name_key = :key"));
pub(crate) static LOCK_BY_USER_NAME: Statement<ByKey> =
    Statement::opening(Opens::TenantForUpdate, |_| by_key("user_name_key = :key"));
/// The oldest identity that has this `externalId`.
pub(crate) static BY_EXTERNAL_ID: Statement<ByKey> =
    Statement::select(|_| by_key("external_id = :key ORDER BY id LIMIT 1"));

fn by_id(on: Backend) -> String {
    named::by_id(&columns_with_groups(on, "identity"), "identity")
}

fn by_key(condition: &str) -> String {
    named::by_key(COLUMNS, "identity", condition)
}

/// Reads a row of [`COLUMNS`].
pub(crate) fn read(row: &QueryResult) -> Result<Identity, StoreError> {
    let mut columns = Columns::of(row);
    Ok(Identity {
        id: IdentityId::from_uuid(columns.next()?),
        directory: DirectoryId::from_uuid(columns.next()?),
        revision: columns.revision()?,
        // Rows of older versions do not hold defaults; every reader gets them all the same (ADR 0035).
        resource: document(columns.next()?)?.with_defaults(),
        created_at: columns.time()?,
        modified_at: columns.time()?,
        groups: groups_of_member::read_groups(columns.next()?)?,
    })
}

/// Reads a document.
pub(crate) fn document(text: String) -> Result<Resource, StoreError> {
    Resource::from_text(text).map_err(|_| no_object())
}

pub(crate) fn no_object() -> StoreError {
    StoreError::Corrupt("a stored document is no JSON object".into())
}

/// What each revision of an identity writes.
pub(crate) struct Revision<'a> {
    tenant: TenantId,
    identity: &'a Identity,
    keys: Keys,
    /// The `externalId` where it is the profile's key.
    external_id_key: Option<String>,
}

parameters!(Revision<'_>, |new| {
    tenant: new.tenant,
    directory: new.identity.directory,
    id: new.identity.id,
    revision: new.identity.revision,
    document: &new.identity.resource,
    name_key: new.keys.user_name,
    external_id: new.keys.external_id,
    work_email: new.keys.work_email,
    display_name: new.keys.display_name,
    modified_at: new.identity.modified_at,
    external_id_key: new.external_id_key,
});

impl<'a> Revision<'a> {
    fn of(scope: TenantScope, identity: &'a Identity, external_id: ExternalId) -> Self {
        let keys = Keys::of(&identity.resource);
        let key = keys.external_id.clone();
        Self {
            tenant: scope.tenant(),
            identity,
            keys,
            external_id_key: key.filter(|_| external_id == ExternalId::IsKey),
        }
    }

    fn shadow(&self) -> Shadow {
        Shadow(shadow(&self.keys.user_name, self.identity.id.uuid()))
    }
}

/// An identity, its event and its log row. The first number says how many identities were reached, as do those of [`SAVE`] and
/// [`DELETE`]; the second of [`CREATE`] and [`SAVE`] whether another identity has its `externalId`.
pub(crate) static CREATE: Statement<(Revision<'_>, CreatedAt, &Event, &LogEntry)> = Statement::new(|on| {
    let insert = "INSERT INTO identity (tenant_id, directory_id, id, revision, document, user_name_key, external_id, \
                  work_email, display_name, created_at, modified_at, external_id_is_key) \
                  SELECT :tenant, :directory, :id, :revision, :document, :name_key, :external_id, \
                  :work_email, :display_name, :created_at, :modified_at, :external_id_key IS NOT NULL";
    let taken = external_id_taken();
    // Any key may be taken: the name, or the externalId.
    let conflict = "ON CONFLICT DO NOTHING";
    on.either(
                // The externalId is looked for once the tenant's rows are open, which a `CASE` makes sure of: it is no join
                // that could be turned round.
                format!(
                    "WITH {SET_TENANT}, i AS ({insert} FROM s \
                     WHERE CASE WHEN s.tenant IS NULL THEN false ELSE NOT {taken} END {conflict} RETURNING tenant_id), {} \
                     SELECT count(*), {EXTERNAL_ID_SHARED} FROM i",
                    outbox_and_log(on),
                ),
                format!(
                    "{insert} WHERE NOT {taken} {conflict} RETURNING 1, {EXTERNAL_ID_SHARED}; {}",
                    outbox_and_log(on)
                ),
            )
});

/// As [`CREATE`]. Refused, without an error that would end the transaction, when a key is taken that the row did not have
/// before; the revision must be the next one.
pub(crate) static SAVE: Statement<(Revision<'_>, Shadow, &Event, &LogEntry)> = Statement::new(|on| {
    let save = named::Save {
        table: "identity",
        key: "user_name_key",
        set: "external_id = :external_id, work_email = :work_email, display_name = :display_name, \
              external_id_is_key = CASE WHEN identity.external_id = :external_id THEN identity.external_id_is_key \
              ELSE :external_id_key IS NOT NULL END",
        unless: &format!(
            " AND (identity.external_id = :external_id_key OR NOT {})",
            external_id_taken()
        ),
        returning: &format!(", {EXTERNAL_ID_SHARED}"),
    };
    save.text(on, &outbox_and_log(on))
});

/// Whether another identity has the `externalId` that is to be this one's key. Rows of before ADR 0036 are
/// not marked (`external_id_is_key`), so all are asked; the index over the marked ones decides between two at the same moment.
fn external_id_taken() -> String {
    format!(
        "EXISTS (SELECT 1 FROM identity y WHERE {} AND y.directory_id = :directory \
         AND y.external_id = :external_id_key AND y.id <> :id)",
        of_tenant("y.tenant_id")
    )
}

/// Whether another identity has the same `externalId`, key or not.
const EXTERNAL_ID_SHARED: &str = "EXISTS (SELECT 1 FROM identity y WHERE NOT (y.tenant_id IS DISTINCT FROM :tenant) \
                                  AND y.directory_id = :directory AND y.external_id = :external_id AND y.id <> :id)";

pub(crate) static NAME_TAKEN: Statement<Others> =
    Statement::select(|_| named::name_taken("identity", "user_name_key"));

/// An identity with its memberships; its event and its log row as in [`CREATE`].
pub(crate) static DELETE: Statement<(ById, &Event, &LogEntry)> = Statement::new(|on| {
    let delete =
        "DELETE FROM identity WHERE tenant_id = :tenant AND directory_id = :directory AND id = :id RETURNING";
    on.either(
        format!(
            "WITH i AS ({delete} tenant_id), {}, {} SELECT count(*) FROM i",
            membership::LEAVE_ALL_POSTGRES,
            outbox_and_log(on),
        ),
        format!(
            "{}; {delete} 1; {}",
            membership::LEAVE_ALL_SQLITE,
            outbox_and_log(on)
        ),
    )
});

/// The event, then the log row, if the change was made: on PostgreSQL as parts of its `WITH`, where the change is `i`; on SQLite
/// as statements, each depending on whether the one before changed a row.
fn outbox_and_log(on: Backend) -> String {
    on.either(
        format!(
            "o AS ({} FROM i RETURNING tenant_id, id), \
             l AS (INSERT INTO provisioning_log ({}, outbox_id) SELECT o.tenant_id, {}, o.id FROM o)",
            outbox::insert("i.tenant_id"),
            log::COLUMNS,
            log::VALUES,
        ),
        format!(
            "{} WHERE changes() > 0; {}",
            outbox::insert(":tenant"),
            log::then_insert()
        ),
    )
}

impl TenantTx {
    /// The identity, if this directory of this tenant has it.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    pub async fn get(
        &mut self,
        directory: DirectoryId,
        id: IdentityId,
    ) -> Result<Option<Identity>, StoreError> {
        let by_id = (self.within(directory), Id(id.uuid()));
        self.find(&BY_ID, by_id).await
    }

    /// As [`TenantTx::get`], and keeps other transactions from changing it until the transaction ends.
    ///
    /// # Errors
    /// As [`TenantTx::get`].
    pub async fn lock(
        &mut self,
        directory: DirectoryId,
        id: IdentityId,
    ) -> Result<Option<Identity>, StoreError> {
        let by_id = (self.within(directory), Id(id.uuid()));
        let statement = if self.tx.is_open() { &LOCK_BY_ID } else { &BY_ID };
        self.find(statement, by_id).await
    }

    /// The identity with this `userName`, folded as [`scim::resource::fold`] does. Locks it in [`crate::Store::write`].
    ///
    /// # Errors
    /// As [`TenantTx::get`].
    pub async fn find_by_user_name(
        &mut self,
        directory: DirectoryId,
        folded: &str,
    ) -> Result<Option<Identity>, StoreError> {
        let statement = if self.tx.is_open() {
            &LOCK_BY_USER_NAME
        } else {
            &BY_USER_NAME
        };
        let by_name = (self.within(directory), Key(fit(folded).into()));
        let found = self.find(statement, by_name).await?;
        // A key may stand for several names (store::tables::keys).
        Ok(found.filter(|identity| fold(identity.resource.user_name().unwrap_or_default()) == folded))
    }

    /// The oldest identity with this `externalId`, a key as in [`domain::identity::MatchKeys`].
    ///
    /// # Errors
    /// As [`TenantTx::get`].
    pub async fn find_by_external_id(
        &mut self,
        directory: DirectoryId,
        key: &str,
    ) -> Result<Option<Identity>, StoreError> {
        let by_external_id = (self.within(directory), Key(fit(key).into()));
        self.find(&BY_EXTERNAL_ID, by_external_id).await
    }

    async fn find<P: Bind>(
        &mut self,
        statement: &Built<P>,
        parameters: P,
    ) -> Result<Option<Identity>, StoreError> {
        let row = self.open_one(statement, parameters).await?;
        row.as_ref().map(read).transpose()
    }

    /// Writes a new identity, its event and its log row, in one round trip on PostgreSQL.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the directory is not this tenant's or the id exists, [`StoreError::Unavailable`].
    pub async fn create(
        &mut self,
        identity: &Identity,
        external_id: ExternalId,
        event: &Event,
        entry: &LogEntry,
    ) -> Result<CreateOutcome, StoreError> {
        let revision = Revision::of(self.scope, identity, external_id);
        let parameters = (revision, CreatedAt(identity.created_at), event, entry);
        let rows = self.tx.with_outbox(&CREATE, parameters, Resend::Always).await?;
        self.tenant_set |= self.tx.is_open();
        if counted(&rows)? == 0 {
            return Ok(CreateOutcome::Taken);
        }
        self.tx.note_outbox();
        Ok(match is_shared(&rows)? {
            true => CreateOutcome::DoneBeside,
            false => CreateOutcome::Done,
        })
    }

    /// Writes an identity's next revision, its event and its log row. Lock it first.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn save(
        &mut self,
        identity: &Identity,
        external_id: ExternalId,
        event: &Event,
        entry: &LogEntry,
    ) -> Result<SaveOutcome, StoreError> {
        let revision = Revision::of(self.scope, identity, external_id);
        let shadow = revision.shadow();
        let parameters = (revision, shadow, event, entry);
        let rows = match self.tx.with_outbox(&SAVE, parameters, Resend::IfRefused).await {
            Err(StoreError::Conflict(why)) => {
                // PostgreSQL: another transaction took the key between our read and our write. The transaction is lost; the next
                // attempt sees it.
                self.tx.ask_to_repeat();
                return Err(StoreError::Conflict(why));
            }
            rows => rows?,
        };
        self.tenant_set |= self.tx.is_open();
        if counted(&rows)? == 0 {
            return self.why_not_saved(identity, external_id).await;
        }
        self.tx.note_outbox();
        Ok(match is_shared(&rows)? {
            true => SaveOutcome::DoneBeside,
            false => SaveOutcome::Done,
        })
    }

    async fn why_not_saved(
        &mut self,
        identity: &Identity,
        external_id: ExternalId,
    ) -> Result<SaveOutcome, StoreError> {
        if !self.tx.is_open() {
            // Another request was faster than this read and this write, or has the key: both are to be one transaction.
            self.tx.ask_to_repeat();
            return Ok(SaveOutcome::Gone);
        }
        if self.name_taken(identity).await? {
            return Ok(SaveOutcome::NameTaken);
        }
        let key = MatchKeys::of(&identity.resource).external_id;
        if let (ExternalId::IsKey, Some(key)) = (external_id, key) {
            let holder = self.find_by_external_id(identity.directory, &key).await?;
            if holder.is_some_and(|holder| holder.id != identity.id) {
                return Ok(SaveOutcome::ExternalIdTaken);
            }
        }
        Ok(SaveOutcome::Gone)
    }

    async fn name_taken(&mut self, identity: &Identity) -> Result<bool, StoreError> {
        let key = fit(&fold(identity.resource.user_name().unwrap_or_default()));
        let id = Id(identity.id.uuid());
        let others = (self.within(identity.directory), id, Key(key.into()));
        Ok(self.tx.one(&NAME_TAKEN, others).await?.is_some())
    }

    /// Deletes an identity with its memberships and writes its event and its log row; nothing at all if it is gone already.
    /// Lock it first.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn delete(
        &mut self,
        identity: &Identity,
        event: &Event,
        entry: &LogEntry,
    ) -> Result<(), StoreError> {
        self.set_tenant().await?;
        let by_id = (self.within(identity.directory), Id(identity.id.uuid()));
        let parameters = (by_id, event, entry);
        let made = counted(
            &self
                .tx
                .with_outbox(&DELETE, parameters, Resend::IfRefused)
                .await?,
        )?;
        if made > 0 {
            self.tx.note_outbox();
        }
        Ok(())
    }
}

/// Whether another identity has the same `externalId`: PostgreSQL says a boolean, SQLite a number.
fn is_shared(rows: &[QueryResult]) -> Result<bool, StoreError> {
    let Some(row) = rows.first() else { return Ok(false) };
    row.try_get_by_index(1).map_err(StoreError::of)
}
