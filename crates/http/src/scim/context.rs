//! A SCIM request: authorised, and with its address, parameters and body read, so that it can run more than once. When its
//! credential has changed, it is verified again and run again (ADR 0038).

use std::sync::Arc;

use actix_web::http::header::CONTENT_LENGTH;
use actix_web::web::{self, Bytes};
use actix_web::{HttpRequest, HttpResponse};
use domain::credential::Caller;
use domain::group::Group;
use domain::id::RequestId;
use domain::identity::Identity;
use provisioning::{ManagedResource, Request};
use scim::bulk::UserOrGroup;
use scim::etag::Revision;
use scim::query::{ListParameters, has_filter, parse_query, parse_search};
use serde_json::Value;
use store::CredentialGuard;

use super::error::{ErrorCode, Failure};
use super::route::Route;
use super::routes::{Action, ExpectedBody, Operation};
use super::{bulk, discovery, handlers, respond, search};
use crate::extract::body::{bytes, json};
use crate::extract::caller::{Source, caller};
use crate::extract::connection::AnsweredCreations;
use crate::extract::{origin, precondition};
use crate::long;
use crate::observe::Facts;
use crate::state::State;
use crate::tenant_limits::Permits;

/// A request of an authorised caller.
#[derive(Clone)]
pub struct RequestContext<'a> {
    pub(super) state: &'a State,
    http: &'a HttpRequest,
    route: &'a Route<'a>,
    action: &'a Action,
    /// The caller and the circumstances, for the use-cases.
    pub(super) request: Arc<Request>,
    pub(super) query: ListParameters,
    body: Option<Bytes>,
    /// Whether it has the permit for a long body.
    is_long: bool,
    /// The full Tenant URL.
    pub(super) base: String,
    /// The beginning of the Tenant URL: scheme and host.
    pub(super) origin: String,
    /// The creations that its connection has answered.
    pub(super) answered: Option<&'a AnsweredCreations>,
}

impl<'a> RequestContext<'a> {
    /// Reads a request of this caller, after it has its permits among the tenant's requests.
    ///
    /// # Errors
    /// As [`parse_query`] and [`bytes`]; `groupsNotServed`, `tenantBusy`, `bodiesBusy`.
    pub async fn of(
        state: &'a State,
        http: &'a HttpRequest,
        payload: &mut web::Payload,
        (route, action): (&'a Route<'a>, &'a Action),
        caller: Caller,
    ) -> Result<(Self, Permits), Failure> {
        let query = query(http, action.operation)?;
        let limits = &state.tenant_limits;
        let mut permits = limits
            .enter(caller.scope.tenant(), announced_length(http))
            .await?;
        let precondition = precondition::of(http)?;
        if action.body == ExpectedBody::Group {
            let profile = state.provisioning.profile(&caller)?;
            Group::resource_type(&profile, caller.directory.provider)?;
        }
        let body = match action.body {
            ExpectedBody::Nothing => None,
            ExpectedBody::Json | ExpectedBody::Group => {
                Some(bytes(state, http, payload, &mut permits).await?)
            }
        };
        let (facts, origin) = (Facts::of(http), origin::of(http, state));
        let id = facts.as_ref().map(|facts| facts.request);
        let answered = http.conn_data::<AnsweredCreations>();
        let ctx = Self {
            state,
            http,
            route,
            action,
            request: Arc::new(Request {
                context: state.provisioning.clone(),
                caller: Arc::new(caller),
                id: id.unwrap_or_else(|| RequestId::from_uuid(state.ids.next())),
                traceparent: facts.as_ref().and_then(|facts| facts.traceparent),
                client_request_id: facts.and_then(|facts| facts.client_request_id),
                precondition,
                created: answered.map(AnsweredCreations::all).unwrap_or_default(),
            }),
            query,
            body,
            is_long: permits.is_long(),
            base: format!("{origin}{}", route.base.path()),
            origin,
            answered,
        };
        Ok((ctx, permits))
    }

    /// Verifies the credential again, by its record in the database.
    ///
    /// # Errors
    /// As [`caller`].
    pub async fn verify_again(&mut self) -> Result<(), Failure> {
        let caller = caller(self.state, self.http, &self.route.base, Source::Database).await?;
        Arc::make_mut(&mut self.request).caller = Arc::new(caller);
        Ok(())
    }

    /// Runs the operation; with a guard, only if the credential is unchanged.
    ///
    /// # Errors
    /// As the operation.
    pub async fn run(&mut self, guard: Option<CredentialGuard>) -> Result<HttpResponse, Failure> {
        if let Some(guard) = guard {
            let store = self.state.provisioning.store.guarded(guard);
            Arc::make_mut(&mut self.request).context.store = store;
        }
        let body = match &self.body {
            None => Value::Null,
            Some(bytes) => json(self.state, bytes, self.is_long).await?,
        };
        let (ctx, id) = (&*self, &*self.route.id);
        match self.action.operation {
            Operation::Resource(UserOrGroup::User, verb) => {
                handlers::answer::<Identity>(ctx, verb, id, body).await
            }
            Operation::Resource(UserOrGroup::Group, verb) => {
                handlers::answer::<Group>(ctx, verb, id, body).await
            }
            Operation::SearchAll => search::answer(&ctx.searching(body)?).await,
            Operation::Bulk => bulk::answer(ctx, body).await,
            Operation::Discovery(document) => discovery::answer(ctx, document, id),
        }
    }

    /// The same request with the parameters of a search body (RFC 7644 §3.4.3). Parameters in the URL would be ignored, so
    /// they are refused.
    pub(super) fn searching(&self, body: Value) -> Result<Self, Failure> {
        if self.query != ListParameters::default() {
            return Err(Failure::with(
                ErrorCode::InvalidSyntax,
                "A search says what it looks for in the body of the POST, not in the URL. Move the parameters there.",
            ));
        }
        Ok(Self {
            query: parse_search(body)?,
            ..self.clone()
        })
    }

    /// Runs a use-case; that of a long request on the threads for long work, so that the other connections of this worker are
    /// served meanwhile.
    pub(super) async fn use_case<T, W>(&self, work: impl FnOnce(Arc<Request>) -> W) -> Result<T, Failure>
    where
        T: Send + 'static,
        W: Future<Output = Result<T, provisioning::Error>> + Send + 'static,
    {
        let work = work(Arc::clone(&self.request));
        if self.is_long {
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
    pub(super) fn not_modified(
        &self,
        revision: Revision,
        tag: &str,
    ) -> Result<Option<HttpResponse>, Failure> {
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

/// The parameters in the URL.
fn query(request: &HttpRequest, operation: Operation) -> Result<ListParameters, Failure> {
    let text = request.query_string();
    match operation {
        // Only a filter would have a meaning there, and a filter is refused (RFC 7644 §4).
        Operation::Discovery(_) if has_filter(text) => Err(Failure::new(ErrorCode::DiscoveryFilter)),
        Operation::Discovery(_) => Ok(ListParameters::default()),
        _ => Ok(parse_query(text)?),
    }
}

/// The announced length in bytes, 0 for none; a body without one is counted while it is read.
pub fn announced_length(request: &HttpRequest) -> usize {
    let length = request
        .headers()
        .get(CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok());
    length.and_then(|text| text.trim().parse().ok()).unwrap_or(0)
}
