//! What a SCIM operation is given: an authorised request and everything around it but its body.

use std::sync::Arc;

use actix_web::HttpResponse;
use provisioning::Request;
use scim::etag::Revision;
use scim::query::{ListParameters, parse_search};
use serde_json::Value;

use super::error::{ErrorCode, Failure};
use super::respond;
use crate::extract::connection::AnsweredCreations;
use crate::long;
use crate::state::State;
use crate::tenant_limits::Permits;

/// A request of an authorised caller, and where its answer goes.
pub struct RequestContext<'a> {
    pub(super) state: &'a State,
    /// The caller and the circumstances, as the use-cases are given them.
    pub(super) request: Arc<Request>,
    pub(super) query: ListParameters,
    /// The full Tenant URL, as the client called it.
    pub(super) base: String,
    /// What the Tenant URL begins with.
    pub(super) origin: String,
    /// Its places among the requests at work.
    pub(super) taken: Permits,
    /// The creations that its connection has answered.
    pub(super) answered: Option<&'a AnsweredCreations>,
}

impl RequestContext<'_> {
    /// The same request, asking what a search body says (RFC 7644 §3.4.3). A filter that stands in the URL instead would be
    /// lost, so it is refused there.
    pub(super) fn searching(self, body: Value) -> Result<Self, Failure> {
        if self.query != ListParameters::default() {
            return Err(Failure::with(
                ErrorCode::InvalidSyntax,
                "A search says what it looks for in the body of the POST, not in the URL. Move the parameters there.",
            ));
        }
        Ok(Self {
            query: parse_search(body)?,
            ..self
        })
    }

    /// Runs a use-case: here, or on threads of its own when the request is long, so that the other connections of this
    /// worker go on meanwhile.
    pub(super) async fn run<T, W>(&self, work: impl FnOnce(Arc<Request>) -> W) -> Result<T, Failure>
    where
        T: Send + 'static,
        W: Future<Output = Result<T, provisioning::Error>> + Send + 'static,
    {
        let work = work(Arc::clone(&self.request));
        if self.taken.is_long() {
            Ok(long::run(&self.state.long, work).await??)
        } else {
            Ok(work.await?)
        }
    }

    /// The answer to a reading, where the tag of what would be answered decides it: 304 for one that the client has.
    pub(super) fn unread(&self, revision: Revision, tag: &str) -> Result<Option<HttpResponse>, Failure> {
        let precondition = &self.request.metadata.precondition;
        if precondition.is_known(tag) {
            return Ok(Some(respond::not_modified(tag)));
        }
        precondition
            .check_if_match(revision)
            .map_err(provisioning::Error::Stale)?;
        Ok(None)
    }
}
