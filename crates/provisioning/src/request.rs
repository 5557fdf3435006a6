//! One SCIM request as every operation is given it: what the process works with, the caller, and the circumstances. It is
//! owned once and shared, so that nothing of it is copied on the way into a transaction.

use std::sync::Arc;

use domain::credential::Caller;
use domain::id::{IdentityId, RequestId};
use domain::profile::Profile;
use domain::tenant::Provider;
use domain::trace::TraceParent;
use scim::etag::Precondition;

use crate::context::Context;
use crate::error::Error;

/// A request of an authorised caller.
#[derive(Clone)]
pub struct Request {
    /// What the process works with.
    pub context: Context,
    /// The verified token and the directory it opens.
    pub caller: Arc<Caller>,
    /// Our id of the request, answered as `request-id`; the event's `txn`.
    pub id: RequestId,
    /// The client's own id of the request, when it sent one; not trusted to be unique.
    pub client_request_id: Option<String>,
    /// The W3C trace context of the request's span.
    pub traceparent: Option<TraceParent>,
    /// What must be true of the resource's version; checked against the row that is changed (RFC 7644 §3.14).
    pub precondition: Precondition,
    /// The last identities whose creation was answered on this request's connection: its client has read those answers,
    /// so it does not send a lost creation again (ADR 0006).
    pub created: Vec<IdentityId>,
}

impl Request {
    /// The profile of the caller's directory.
    ///
    /// # Errors
    /// As [`Context::profile`].
    pub fn profile(&self) -> Result<Arc<Profile>, Error> {
        self.context.profile(&self.caller)
    }

    /// The identity provider that calls, for texts.
    pub(crate) fn provider(&self) -> Provider {
        self.caller.directory.provider
    }
}
