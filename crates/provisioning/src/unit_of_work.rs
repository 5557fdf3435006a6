//! One operation with its transaction: load → decide → save, and a row of the log for a refusal.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use domain::clock::Ids;
use domain::credential::Caller;
use domain::event::{Cause, Origin};
use domain::id::{DirectoryId, EventId};
use domain::log::LogEntry;
use domain::profile::Profile;
use domain::tenant::Provider;
use scim::membership::Membership;
use scim::resource::Resource;
use scim::schema::ResourceType;
use store::{BoxFuture, SaveOutcome, Store, TenantTx};

use crate::error::Error;
use crate::log_record::{self, Records};
use crate::log_row::{LeftOut, LogSubject};
use crate::request::Request;
use crate::resource::ManagedResource;
use crate::taken::UniqueKey;

/// The constant part of one operation; shared, so that the store can run the decision again after a serialisation failure.
pub struct UnitOfWork {
    /// The request that the operation belongs to.
    pub(crate) request: Arc<Request>,
    /// The profile of its directory.
    pub(crate) profile: Arc<Profile>,
    /// The HTTP method, for the event's cause.
    method: &'static str,
    /// The time of the change.
    pub(crate) at: DateTime<Utc>,
    /// The id of its event, if it makes one.
    pub(crate) event: EventId,
    /// The rows of the log that it writes.
    pub(crate) records: Records,
}

/// Whether a decision sees the row that it changes locked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Locking {
    /// From the first attempt on.
    Locked,
    /// Not in the first attempt, in which each statement is committed by itself and the save checks the revision; when
    /// another request was faster, the next attempt locks the row.
    RevisionFirst,
}

impl UnitOfWork {
    /// For a directory that has such resources.
    ///
    /// # Errors
    /// As [`Request::profile`]; [`Error::GroupsNotServed`], which leaves no row in the log.
    pub(crate) fn new<R: ManagedResource>(
        request: Arc<Request>,
        method: &'static str,
    ) -> Result<Arc<Self>, Error> {
        let profile = request.profile()?;
        R::resource_type(&profile, request.provider())?;
        Ok(Arc::new(Self {
            profile,
            method,
            at: request.context.clock.now(),
            event: EventId::from_uuid(request.context.ids.next()),
            request,
            records: Records::default(),
        }))
    }

    pub(crate) fn caller(&self) -> &Caller {
        &self.request.caller
    }

    pub(crate) fn directory(&self) -> DirectoryId {
        self.caller().directory.id
    }

    /// Further ids.
    pub(crate) fn ids(&self) -> &dyn Ids {
        self.request.context.ids.as_ref()
    }

    /// The identity provider that calls, for texts.
    pub(crate) fn provider(&self) -> Provider {
        self.request.provider()
    }

    /// The type of this directory's resources, or [`Error::GroupsNotServed`].
    pub(crate) fn resource_type<R: ManagedResource>(&self) -> Result<&ResourceType, Error> {
        R::resource_type(&self.profile, self.provider())
    }

    /// Parses the id in the path; a text that is no id is answered like an unknown id.
    pub(crate) fn id<R: ManagedResource>(&self, text: &str) -> Result<R::Id, Error> {
        text.parse().map_err(|_| self.not_found())
    }

    /// The refusal of an unknown id.
    pub(crate) fn not_found(&self) -> Error {
        Error::not_found(&self.profile, self.provider())
    }

    /// The directory and its tenant, for events.
    pub(crate) fn origin(&self) -> Origin<'_> {
        let caller = self.caller();
        Origin {
            environment: self.request.context.environment,
            directory: &caller.directory,
            tenant_name: &caller.tenant_name,
            external_tenant_id: caller.external_tenant_id.as_deref(),
            profile: &self.profile,
        }
    }

    /// The request and its credential, for events.
    pub(crate) fn cause(&self) -> Cause {
        let request = &self.request;
        Cause {
            request: request.id,
            client_request_id: request.client_request_id.clone(),
            operation: self.method,
            token_alias: self.caller().token_alias.clone(),
            traceparent: request.traceparent,
        }
    }

    /// Loads a resource for a change, locked as [`Locking`] says, and checks the request's condition on its version.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Stale`].
    pub(crate) async fn load<R: ManagedResource>(&self, tx: &mut TenantTx, id: R::Id) -> Result<R, Error> {
        let found = R::lock(tx, self.directory(), id).await?;
        let resource = found.ok_or_else(|| self.not_found())?;
        let precondition = &self.request.precondition;
        precondition.check(resource.revision()).map_err(Error::Stale)?;
        Ok(resource.canonical(&self.profile))
    }

    /// Saves the next state of a loaded resource, or only a log row when nothing effectively changed.
    ///
    /// # Errors
    /// [`Error::Taken`]; [`Error::Invalid`] for members none of which is known.
    pub(crate) async fn save<R: ManagedResource>(
        &self,
        tx: &mut TenantTx,
        before: R,
        resource: Resource,
        membership: &Membership,
        ignored: &[String],
    ) -> Result<R, Error> {
        let settled = R::change_members(tx, &before, membership).await?;
        let after = before.next(self.at, resource, settled.member_count);
        let left_out = LeftOut {
            ignored,
            unknown: &settled.unknown,
        };
        let Some(events) = R::events(self, Some(&before), Some(&after), &settled.changed) else {
            tx.log(&self.row(&before, None, &left_out)).await?;
            return Ok(before);
        };
        let row = self.row(&after, events.as_ref().first(), &left_out);
        let key = match R::save(tx, self, [&before, &after], &settled.changed, &events, &row).await? {
            SaveOutcome::Done => return Ok(after),
            SaveOutcome::DoneSharingExternalId => {
                if before.resource().external_id() != after.resource().external_id() {
                    let warning = self.shared_external_id(&after);
                    self.records.add(&warning);
                    tx.log(&warning).await?;
                }
                return Ok(after);
            }
            SaveOutcome::NotFoundOrChanged => return Err(self.not_found()),
            SaveOutcome::NameTaken => UniqueKey::Name,
            SaveOutcome::ExternalIdTaken => UniqueKey::ExternalId,
        };
        let holder = R::holder(tx, key, &after).await?;
        Err(self.taken_at_change(key, holder.as_ref()))
    }

    /// Runs a decision over what was prepared for it, in one transaction or as `locking` says; the store may run it again
    /// after a serialisation failure.
    pub(crate) async fn transact<W, T, F>(
        self: &Arc<Self>,
        locking: Locking,
        work: W,
        decide: F,
    ) -> Result<T, Error>
    where
        W: Send + Sync + 'static,
        T: Send + 'static,
        F: for<'t> Fn(&'t mut TenantTx, &'t Self, &'t W) -> BoxFuture<'t, Result<T, Error>>
            + Send
            + Sync
            + 'static,
    {
        let (store, scope) = (&self.request.context.store, self.caller().scope);
        let decision = self.bind_decision(work, decide);
        let done = match locking {
            Locking::Locked => store.write(scope, decision).await,
            Locking::RevisionFirst => store.write_once(scope, decision).await,
        };
        if done.is_ok() {
            self.records.tell(self.caller());
        }
        done
    }

    /// A decision over what was prepared for it, as the store runs it.
    fn bind_decision<W, T, F>(
        self: &Arc<Self>,
        work: W,
        decide: F,
    ) -> impl for<'t> Fn(&'t mut TenantTx) -> BoxFuture<'t, Result<T, Error>> + Send + Sync + 'static
    where
        W: Send + Sync + 'static,
        F: for<'t> Fn(&'t mut TenantTx, &'t Self, &'t W) -> BoxFuture<'t, Result<T, Error>>
            + Send
            + Sync
            + 'static,
    {
        let shared = Arc::new((Arc::clone(self), work, decide));
        move |tx| {
            let shared = Arc::clone(&shared);
            Box::pin(async move {
                let (unit, work, decide) = shared.as_ref();
                unit.records.begin();
                decide(tx, unit, work).await
            })
        }
    }

    /// The outcome, after a refusal was logged.
    pub(crate) async fn conclude<T>(
        &self,
        subject: LogSubject,
        outcome: Result<T, Error>,
    ) -> Result<T, Error> {
        match outcome {
            Ok(done) => Ok(done),
            Err(error) => Err(self.refuse(subject, error).await),
        }
    }

    /// Logs a refusal, so that the log says what happened to a person, and returns the error.
    pub(crate) async fn refuse(&self, subject: LogSubject, error: Error) -> Error {
        if error.is_refusal() {
            let store = &self.request.context.store;
            self.note(store, self.refused(subject, &error)).await;
        }
        error
    }

    /// Writes a row of the log by itself. A log that cannot be written does not change what is answered.
    pub(crate) async fn note(&self, store: &Store, entry: LogEntry) {
        let entry = Arc::new(entry);
        let row = Arc::clone(&entry);
        let written = store
            .write(self.caller().scope, move |tx| {
                let entry = Arc::clone(&row);
                Box::pin(async move { tx.log(&entry).await.map_err(Error::from) })
            })
            .await;
        match written {
            Ok(()) => log_record::tell(self.caller(), Arc::unwrap_or_clone(entry)),
            Err(failure) => {
                let id = self.request.id;
                tracing::warn!(request.id = %id, error = %failure, "a row of the provisioning log could not be written");
            }
        }
    }
}
