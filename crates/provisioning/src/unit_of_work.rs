//! What is told of an operation: its event and its row in the provisioning log.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use domain::clock::Ids;
use domain::credential::Caller;
use domain::environment::Environment;
use domain::event::{Event, Origin, from_change};
use domain::id::{EventId, ResourceId};
use domain::identity::Identity;
use domain::log::{LogAction, LogEntry, LogStatus};
use domain::profile::Profile;
use domain::tenant::Provider;
use store::{BoxFuture, TenantTx};

use crate::call::RequestMetadata;
use crate::context::Context;
use crate::error::Error;

/// Everything that stays the same while one operation is decided; owned, so that the store may run the decision again
/// after a serialisation failure.
#[derive(Clone)]
pub(crate) struct UnitOfWork {
    pub environment: Environment,
    pub caller: Caller,
    pub call: RequestMetadata,
    pub profile: Arc<Profile>,
    /// The HTTP method, for the event's cause.
    pub method: &'static str,
    /// When it happens.
    pub at: DateTime<Utc>,
    /// The id of the event it may make.
    pub event: EventId,
    /// Further ids, for changes that make several events.
    pub ids: Arc<dyn Ids>,
}

impl UnitOfWork {
    pub(crate) fn new(
        context: &Context,
        caller: &Caller,
        call: &RequestMetadata,
        method: &'static str,
    ) -> Result<Self, Error> {
        Ok(Self {
            environment: context.environment,
            caller: caller.clone(),
            call: call.clone(),
            profile: context.profile(caller)?,
            method,
            at: context.clock.now(),
            event: EventId::from_uuid(context.ids.next()),
            ids: Arc::clone(&context.ids),
        })
    }

    /// Whether a locked resource is of the version that the request asks for; Entra never asks.
    ///
    /// # Errors
    /// [`Error::Stale`].
    pub(crate) fn check_version(&self, revision: i64) -> Result<(), Error> {
        self.call.precondition.check(revision).map_err(Error::Stale)
    }

    /// The refusal of an id that names nothing here.
    pub(crate) fn not_found(&self) -> Error {
        Error::not_found(&self.profile, self.provider())
    }

    /// Who asks, for texts.
    pub(crate) fn provider(&self) -> Provider {
        self.caller.directory.provider
    }

    /// The row that says of an identity that another one has its `externalId`, which no key of the directory is: allowed, and
    /// rarely meant.
    pub(crate) fn shared_external_id(&self, identity: &Identity) -> LogEntry {
        LogEntry {
            resource: Some(identity.id.into()),
            external_id: identity.resource.external_id().map(str::to_owned),
            user_name: identity.resource.user_name().map(str::to_owned),
            status: LogStatus::Warning,
            detail: Some(format!(
                "Another identity of the {} directory has the same externalId. It is not the key there, so both are kept; whoever \
                 matches by it finds two. Map a value to externalId that no two people share, such as the object id.",
                self.profile.name
            )),
            ..self.blank()
        }
    }

    /// Where it happens, as events tell it.
    pub(crate) fn origin(&self) -> Origin<'_> {
        Origin {
            environment: self.environment,
            directory: &self.caller.directory,
            tenant_name: &self.caller.tenant_name,
            external_tenant_id: self.caller.external_tenant_id.as_deref(),
            profile: &self.profile,
        }
    }

    /// The event of a change, or `None` when nothing effectively changed.
    pub(crate) fn event(&self, before: Option<&Identity>, after: Option<&Identity>) -> Option<Event> {
        let cause = self.call.cause(self.method, &self.caller.token_alias);
        from_change(self.origin(), &cause, self.event, self.at, before, after)
    }

    /// The log row of a change, or of a call that changed nothing (`event` is `None`).
    pub(crate) fn row(&self, identity: &Identity, event: Option<&Event>, ignored: &[String]) -> LogEntry {
        let status = match (event, ignored) {
            (_, [_, ..]) => LogStatus::Warning,
            (Some(_), []) => LogStatus::Success,
            (None, []) => LogStatus::Skipped,
        };
        LogEntry {
            resource: Some(identity.id.into()),
            external_id: identity.resource.external_id().map(str::to_owned),
            user_name: identity.resource.user_name().map(str::to_owned),
            action: event.map_or(LogAction::Other, |event| event.action),
            status,
            detail: (!ignored.is_empty()).then(|| left_out(ignored)),
            event: event.map(|event| event.id),
            changed: event.map(|event| event.changed.clone()).unwrap_or_default(),
            ..self.blank()
        }
    }

    /// A row that says nothing yet but where, when and by whom.
    pub(crate) fn blank(&self) -> LogEntry {
        LogEntry {
            request: self.call.request,
            at: self.at,
            directory: self.caller.directory.id,
            resource: None,
            external_id: None,
            user_name: None,
            action: LogAction::Other,
            status: LogStatus::Failure,
            code: None,
            detail: None,
            event: None,
            changed: Vec::new(),
            token_id: self.caller.token_id.clone(),
            trace_id: self.call.trace_id(),
        }
    }

    /// Runs a decision in one transaction, over what was prepared for it; the store may run it again after a
    /// serialisation failure.
    pub(crate) async fn transact<W, T, F>(&self, context: &Context, work: W, decide: F) -> Result<T, Error>
    where
        W: Send + Sync + 'static,
        T: Send + 'static,
        F: for<'t> Fn(&'t mut TenantTx, &'t Self, &'t W) -> BoxFuture<'t, Result<T, Error>>
            + Send
            + Sync
            + 'static,
    {
        let shared = Arc::new((self.clone(), work, decide));
        context
            .store
            .write(self.caller.scope, move |tx| {
                let shared = Arc::clone(&shared);
                Box::pin(async move {
                    let (operation, work, decide) = shared.as_ref();
                    decide(tx, operation, work).await
                })
            })
            .await
    }

    /// The outcome as it is answered; a refusal is logged first.
    pub(crate) async fn conclude<T>(
        &self,
        context: &Context,
        subject: LogSubject,
        outcome: Result<T, Error>,
    ) -> Result<T, Error> {
        match outcome {
            Ok(done) => Ok(done),
            Err(error) => Err(self.refuse(context, subject, error).await),
        }
    }

    /// Logs a refusal, so that "what happened to this person" has an answer, and hands the error back. A log that
    /// cannot be written does not change the answer.
    pub(crate) async fn refuse(&self, context: &Context, subject: LogSubject, error: Error) -> Error {
        if !error.is_refusal() {
            return error;
        }
        let entry = LogEntry {
            resource: subject.resource,
            external_id: subject.external_id,
            user_name: subject.user_name,
            action: subject.action,
            code: Some(error.code().to_owned()),
            detail: Some(error.to_string()),
            ..self.blank()
        };
        self.note(context, entry).await;
        error
    }

    /// Writes a row of the log by itself. A log that cannot be written does not change what is answered.
    pub(crate) async fn note(&self, context: &Context, entry: LogEntry) {
        let written = context
            .store
            .write(self.caller.scope, move |tx| {
                let entry = entry.clone();
                Box::pin(async move { tx.log(&entry).await.map_err(Error::from) })
            })
            .await;
        if let Err(failure) = written {
            tracing::warn!(request.id = %self.call.request, error = %failure, "a row of the provisioning log could not be written");
        }
    }
}

/// What was not kept, in words; a client can send any number of names of any length, a log row stays a row.
pub(crate) fn left_out(ignored: &[String]) -> String {
    const SHOWN: usize = 50;
    let short = |path: &String| path.chars().take(160).collect::<String>();
    let names: Vec<String> = ignored.iter().take(SHOWN).map(short).collect();
    let more = match ignored.len().saturating_sub(SHOWN) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!(
        "Not part of this directory and left out: {}{more}",
        names.join(", ")
    )
}

/// Whom a refused call was about, as far as it can be told.
#[derive(Default)]
pub(crate) struct LogSubject {
    pub resource: Option<ResourceId>,
    pub external_id: Option<String>,
    pub user_name: Option<String>,
    pub action: LogAction,
}

impl LogSubject {
    /// Read off a body that may be wrong in every other way.
    pub(crate) fn of_body(action: LogAction, body: &serde_json::Value) -> Self {
        Self::named_by(action, body, "userName")
    }

    /// The same of a resource whose name is in the attribute `name`.
    pub(crate) fn named_by(action: LogAction, body: &serde_json::Value, name: &str) -> Self {
        let text = |name: &str| {
            let fields = body.as_object()?;
            let (_, value) = fields.iter().find(|(key, _)| key.eq_ignore_ascii_case(name))?;
            // A log is no store: what is longer than any real name is cut.
            // And it takes no U+0000, for which the request is refused.
            let kept = |c| if c == '\0' { '\u{fffd}' } else { c };
            value
                .as_str()
                .map(|text| text.chars().take(256).map(kept).collect())
        };
        Self {
            resource: None,
            external_id: text("externalId"),
            user_name: text(name),
            action,
        }
    }

    /// Known by its id only.
    pub(crate) fn of_id(action: LogAction, id: impl Into<ResourceId>) -> Self {
        Self {
            resource: Some(id.into()),
            action,
            ..Self::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_left_out_is_named_within_bounds() {
        let names = |count: usize| (0..count).map(|n| format!("k{n}")).collect::<Vec<_>>();
        assert_eq!(
            left_out(&names(2)),
            "Not part of this directory and left out: k0, k1"
        );
        assert!(left_out(&names(120_000)).ends_with("k49 and 119950 more"));
        assert!(left_out(&["x".repeat(100_000)]).len() < 300);
    }
}
