//! Release policies (ADR 0050): an app's policy in the row of its feed, and the events that tell it what a change brings and takes.

use chrono::{DateTime, Utc};
use domain::event::Event;
use domain::group::Group;
use domain::id::{AppId, DirectoryId};
use domain::identity::Identity;
use domain::release_policy::{Release, ReleasePolicy, Scope};
use domain::scope::TenantScope;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::job::{self, NewJob};
use super::names::{
    After, At, DirectoryKey, Limit, New, NewPlace, OfApp, OfRelease, OfTenant, Payload, Place, Why,
};
use super::outbox;
use super::resource::Table;
use super::{epoch, feed};
use crate::admin_tx::AdminTx;
use crate::engine::read::{Columns, Read};
use crate::engine::statement::{Opens, Statement};
use crate::error::{Result, StoreError};
use crate::store::Store;
use crate::tenant_tx::TenantTx;

/// Three columns: the number of the policy, the policy, the scopes before.
pub(crate) struct Stored(pub(crate) Release);

impl Read for Stored {
    fn read(columns: &mut Columns<'_>) -> Result<Self> {
        let revision = columns.next()?;
        Ok(Self(Release {
            revision,
            policy: json(columns.next()?)?,
            before: json(columns.next()?)?.unwrap_or_default(),
        }))
    }
}

fn json<T: DeserializeOwned>(text: Option<String>) -> Result<Option<T>> {
    let read = text.map(|text| serde_json::from_str(&text)).transpose();
    read.map_err(|_| StoreError::Corrupt("the release policy of an app has an unknown form".into()))
}

/// The policy of an app's feed, and what is told of it still.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleaseWalk {
    /// The policy. Its scopes before are empty when everything is told.
    pub release: Release,
    /// Where the telling is; empty at its beginning.
    pub place: String,
}

impl Read for ReleaseWalk {
    fn read(columns: &mut Columns<'_>) -> Result<Self> {
        Ok(Self {
            release: columns.next::<Stored>()?.0,
            place: columns.next::<Option<String>>()?.unwrap_or_default(),
        })
    }
}

pub(crate) static WALK: Statement<OfApp, ReleaseWalk> = Statement::new(|_| {
    "SELECT policy_revision, policy, policy_before, policy_place FROM feed WHERE app_id = :app".into()
});

/// The next policy of a feed that still has the one before.
pub(crate) static SET: Statement<(OfApp, OfRelease, New<'_>, Why<'_>)> = Statement::new(|_| {
    "UPDATE feed SET policy = :new, policy_before = :why, policy_place = NULL, policy_revision = policy_revision + 1 \
     WHERE app_id = :app AND policy_revision = :release"
        .into()
});

/// A place of the telling, and the next one: only of this policy, and only by one process at a time.
pub(crate) type OneStep = ((OfApp, OfRelease), Place);
const AT_PLACE: &str = "WHERE app_id = :app AND policy_revision = :release AND policy_before IS NOT NULL \
    AND coalesce(policy_place, '') = :place";

pub(crate) static MOVE: Statement<(OneStep, NewPlace)> =
    Statement::new(|_| format!("UPDATE feed SET policy_place = :new_place {AT_PLACE}"));

pub(crate) static END: Statement<OneStep> =
    Statement::new(|_| format!("UPDATE feed SET policy_before = NULL, policy_place = NULL {AT_PLACE}"));

/// Events for one app's feed.
pub(crate) static TELL: Statement<((OfTenant, OfApp), At, Payload)> = Statement::new(|on| {
    let columns = outbox::COLUMNS;
    on.either(
        format!(
            "INSERT INTO outbox ({columns}, app_id) SELECT :tenant, e.directory, e.subject, e.sequence, e.id, e.type, e.source, \
             e.body, :at, :app FROM json_to_recordset(:payload::json) \
             AS e(directory uuid, subject uuid, sequence bigint, id uuid, type text, source text, body text)"
        ),
        format!(
            "INSERT INTO outbox ({columns}, app_id) SELECT :tenant, unhex(e.value ->> 'directory'), unhex(e.value ->> 'subject'), \
             e.value ->> 'sequence', unhex(e.value ->> 'hex'), e.value ->> 'type', e.value ->> 'source', e.value ->> 'body', :at, \
             :app FROM json_each(:payload) e WHERE true ORDER BY e.key"
        ),
    )
});

/// A tenant's rows after an id, locked: what changes them comes after what is told of them.
pub(crate) type RowsAfter = (OfTenant, After, Limit);
pub(crate) static LOCK_IDENTITIES: Statement<RowsAfter, Identity> =
    Statement::opening(Opens::TenantForUpdate, |_| rows_after::<Identity>());
pub(crate) static LOCK_GROUPS: Statement<RowsAfter, Group> =
    Statement::opening(Opens::TenantForUpdate, |_| rows_after::<Group>());

fn rows_after<R: Table>() -> String {
    let (columns, table) = (R::COLUMNS, R::TABLE);
    format!(
        "SELECT {columns} FROM {table} WHERE tenant_id = :tenant AND id > :after ORDER BY id LIMIT :limit"
    )
}

/// The identities of a directory.
pub(crate) static COUNT: Statement<DirectoryKey, i64> = Statement::select(|_| {
    "SELECT count(*) FROM identity WHERE tenant_id = :tenant AND directory_id = :directory".into()
});

fn text<T: serde::Serialize>(value: &T) -> Result<String> {
    serde_json::to_string(value).map_err(|_| StoreError::Corrupt("a policy cannot be written as JSON".into()))
}

impl AdminTx {
    /// The first policy of a new app.
    pub(crate) async fn begin_policy(&mut self, app: AppId, policy: &ReleasePolicy) -> Result<()> {
        let policy = text(policy)?;
        let parameters = (OfApp(app), OfRelease(0), New(Some(&policy)), Why(None));
        self.executor.change(&SET, parameters).await.map(|_| ())
    }

    /// Sets the policy of an app whose present one is `before`; `false`, and nothing happens, when it is another by now.
    ///
    /// With `scopes`, those before, the job `tell` tells the app what came and went. Without, the feed begins another epoch, so that
    /// the app takes a snapshot.
    ///
    /// # Errors
    /// [`crate::StoreError::Unavailable`].
    pub async fn set_release_policy(
        &mut self,
        app: AppId,
        before: i64,
        policy: Option<&ReleasePolicy>,
        tell: Option<(&[Scope], &NewJob)>,
    ) -> Result<bool> {
        let policy = policy.map(text).transpose()?;
        let scopes = tell.map(|(scopes, _)| text(&scopes)).transpose()?;
        let set = (
            OfApp(app),
            OfRelease(before),
            New(policy.as_deref()),
            Why(scopes.as_deref()),
        );
        if self.executor.change(&SET, set).await? == 0 {
            return Ok(false);
        }
        if let Some((_, job)) = tell {
            job::add(&mut self.executor, job).await?;
        } else if let Some(feed) = self.executor.one(&feed::BY_APP, OfApp(app)).await? {
            epoch::renew(&mut self.executor, app, &feed.epoch).await?;
        }
        Ok(true)
    }
}

impl Store {
    /// The release policy of an app, and how far its change is told; `None` when there is no such app.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    pub async fn release(&self, app: AppId) -> Result<Option<ReleaseWalk>> {
        self.autocommit().one(&WALK, OfApp(app)).await
    }

    /// How many identities a directory has.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn count_identities(&self, scope: TenantScope, directory: DirectoryId) -> Result<i64> {
        let of = (OfTenant(scope.tenant()), super::names::InDirectory(directory));
        Ok(self.autocommit().one(&COUNT, of).await?.unwrap_or_default())
    }

    /// Moves the telling of a policy from one place to the next, where nothing is to be told; to `None`: everything is told. `false`
    /// when another process was faster, or the policy is another one.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn move_release(
        &self,
        app: AppId,
        release: i64,
        place: &str,
        next: Option<&str>,
    ) -> Result<bool> {
        let step = ((OfApp(app), OfRelease(release)), Place(place.to_owned()));
        let moved = match next {
            Some(next) => self.change(&MOVE, (step, NewPlace(next.to_owned()))).await,
            None => self.change(&END, step).await,
        };
        Ok(moved? > 0)
    }
}

impl TenantTx {
    /// The identities of all directories after an id, by id, locked until the transaction ends.
    ///
    /// # Errors
    /// As [`TenantTx::get`].
    pub async fn lock_identities_after(&mut self, after: Uuid, limit: usize) -> Result<Vec<Identity>> {
        let after = (self.tenant(), After(after), Limit(limit));
        let mut found = self.executor.all(&LOCK_IDENTITIES, after).await?;
        found.sort_unstable_by_key(|identity| identity.id);
        Ok(found)
    }

    /// The groups of all directories after an id, as [`TenantTx::lock_identities_after`].
    ///
    /// # Errors
    /// As [`TenantTx::get`].
    pub async fn lock_groups_after(&mut self, after: Uuid, limit: usize) -> Result<Vec<Group>> {
        let after = (self.tenant(), After(after), Limit(limit));
        let mut found = self.executor.all(&LOCK_GROUPS, after).await?;
        found.sort_unstable_by_key(|group| group.id);
        Ok(found)
    }

    /// Writes events for the feed of one app, each with its directory, and moves the telling of its policy on; `false` when another
    /// process was faster, or the policy is another one: then return an error, so that nothing is written.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn tell_app(
        &mut self,
        (app, release): (AppId, i64),
        events: &[(DirectoryId, Event)],
        at: DateTime<Utc>,
        (place, next): (&str, &str),
    ) -> Result<bool> {
        if !events.is_empty() {
            let rows = serde_json::Value::from(rows(events));
            let told = ((self.tenant(), OfApp(app)), At(at), Payload(rows.to_string()));
            self.executor.change(&TELL, told).await?;
            self.executor.note_outbox();
        }
        let step = ((OfApp(app), OfRelease(release)), Place(place.to_owned()));
        let moved = self
            .executor
            .change(&MOVE, (step, NewPlace(next.to_owned())))
            .await?;
        Ok(moved > 0)
    }
}

fn rows(events: &[(DirectoryId, Event)]) -> Vec<serde_json::Value> {
    let rows = events.iter().map(|(directory, event)| {
        let mut row = outbox::row(event);
        if let Some(row) = row.as_object_mut() {
            let hex = |id: Uuid| id.simple().to_string().into();
            row.insert("directory".to_owned(), hex(directory.uuid()));
            row.insert("subject".to_owned(), hex(event.subject.uuid()));
        }
        row
    });
    rows.collect()
}
