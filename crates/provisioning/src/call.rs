//! One SCIM request, apart from what it asks for.

use domain::event::Cause;
use domain::id::{IdentityId, RequestId};
use domain::trace::TraceParent;
use scim::etag::Precondition;

/// The circumstances of a request: they end up in its event and in the provisioning log.
#[derive(Debug, Clone)]
pub struct RequestMetadata {
    /// Our id of the request, answered as `request-id`; the event's `txn`.
    pub request: RequestId,
    /// The client's own id of the request, when it sent one; not trusted to be unique.
    pub client_request_id: Option<String>,
    /// The W3C trace context of the request's span.
    pub traceparent: Option<TraceParent>,
    /// What must be true of the resource's version; checked against the locked row (RFC 7644 §3.14).
    pub precondition: Precondition,
    /// The last identities whose creation was answered on this request's connection: its client has read those answers,
    /// so it does not send a lost creation again (ADR 0006).
    pub created: Vec<IdentityId>,
}

impl RequestMetadata {
    /// The cause of an event made by this request.
    pub(crate) fn cause(&self, operation: &'static str, token_alias: &str) -> Cause {
        Cause {
            request: self.request,
            client_request_id: self.client_request_id.clone(),
            operation,
            token_alias: token_alias.to_owned(),
            traceparent: self.traceparent,
        }
    }

    /// The trace id, as the provisioning log keeps it.
    pub(crate) fn trace_id(&self) -> Option<String> {
        self.traceparent.map(TraceParent::trace_id)
    }
}
