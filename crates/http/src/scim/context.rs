//! The context of a SCIM operation: an authorised request without its body.

use std::sync::Arc;

use actix_web::HttpResponse;
use provisioning::{ManagedResource, Request};
use scim::etag::Revision;
use scim::query::{ListParameters, parse_search};
use serde_json::Value;

use super::error::{ErrorCode, Failure};
use super::respond;
use crate::extract::connection::AnsweredCreations;
use crate::long;
use crate::state::State;
use crate::tenant_limits::Permits;

/// A request of an authorised caller.
pub struct RequestContext<'a> {
    pub(super) state: &'a State,
    /// The caller and the circumstances, as the use-cases are given them.
    pub(super) request: Arc<Request>,
    pub(super) query: ListParameters,
    /// The full Tenant URL.
    pub(super) base: String,
    /// The beginning of the Tenant URL: scheme and host.
    pub(super) origin: String,
    /// Its permits among the running requests.
    pub(super) permits: Permits,
    /// The creations that its connection has answered.
    pub(super) answered: Option<&'a AnsweredCreations>,
}

impl RequestContext<'_> {
    /// The same request with the parameters of a search body (RFC 7644 §3.4.3). Parameters in the URL would be ignored, so
    /// they are refused.
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

    /// Runs a use-case; that of a long request on the threads for long work, so that the other connections of this worker are
    /// served meanwhile.
    pub(super) async fn run<T, W>(&self, work: impl FnOnce(Arc<Request>) -> W) -> Result<T, Failure>
    where
        T: Send + 'static,
        W: Future<Output = Result<T, provisioning::Error>> + Send + 'static,
    {
        let work = work(Arc::clone(&self.request));
        if self.permits.is_long() {
            Ok(long::run(&self.state.long, work).await??)
        } else {
            Ok(work.await?)
        }
    }

    /// Whether the directory serves such resources.
    ///
    /// # Errors
    /// `profileMissing`.
    pub(super) fn serves<R: ManagedResource>(&self) -> Result<bool, Failure> {
        let profile = self.request.profile()?;
        Ok(R::resource_type(&profile, self.request.caller.directory.provider).is_ok())
    }

    /// 304 for a GET whose `If-None-Match` has the tag of the answer; `None` when the resource is to be answered.
    ///
    /// # Errors
    /// `preconditionFailed` for another version than `If-Match` has.
    pub(super) fn unread(&self, revision: Revision, tag: &str) -> Result<Option<HttpResponse>, Failure> {
        let precondition = &self.request.precondition;
        if precondition.is_known(tag) {
            return Ok(Some(respond::not_modified(tag)));
        }
        precondition
            .check_if_match(revision)
            .map_err(provisioning::Error::Stale)?;
        Ok(None)
    }
}
