//! A request whose address, parameters and body were read, so that it can run more than once: when its credential has
//! changed, it is verified again and run again (ADR 0038).

use std::sync::Arc;

use actix_web::http::header::{CONTENT_LENGTH, HeaderName, IF_MATCH, IF_NONE_MATCH};
use actix_web::web::{self, Bytes};
use actix_web::{HttpRequest, HttpResponse};
use domain::credential::Caller;
use domain::group::Group;
use domain::id::RequestId;
use domain::identity::Identity;
use provisioning::{ManagedResource as _, Request};
use scim::bulk::UserOrGroup;
use scim::etag::Precondition;
use scim::query::{ListParameters, has_filter, parse_query};
use serde_json::Value;
use store::CredentialGuard;

use super::context::RequestContext;
use super::error::{ErrorCode, Failure};
use super::route::Route;
use super::routes::{Action, ExpectedBody, Operation};
use super::{bulk, discovery, handlers, search};
use crate::extract::body::{bytes, json};
use crate::extract::caller::{Source, caller};
use crate::extract::connection::AnsweredCreations;
use crate::extract::origin;
use crate::observe::Facts;
use crate::state::State;
use crate::tenant_limits::Permits;

/// The parts of a request that were read.
pub struct Prepared<'a> {
    state: &'a State,
    request: &'a HttpRequest,
    route: &'a Route<'a>,
    action: &'a Action,
    query: ListParameters,
    precondition: Precondition,
    body: Option<Bytes>,
}

impl<'a> Prepared<'a> {
    /// Reads a request of this caller, and takes its permits among the tenant's requests.
    ///
    /// # Errors
    /// As [`parse_query`] and [`crate::extract::body::bytes`]; `groupsNotServed`, `tenantBusy`.
    pub async fn of(
        state: &'a State,
        request: &'a HttpRequest,
        payload: &mut web::Payload,
        (route, action): (&'a Route<'a>, &'a Action),
        caller: &Caller,
    ) -> Result<(Self, Permits), Failure> {
        let mut prepared = Self {
            state,
            request,
            route,
            action,
            query: query(request, action.operation)?,
            precondition: Precondition::NONE,
            body: None,
        };
        let mut permits = prepared.permits(caller).await?;
        prepared.precondition = precondition(request)?;
        if action.body == ExpectedBody::Group {
            let profile = state.provisioning.profile(caller)?;
            Group::resource_type(&profile, caller.directory.provider)?;
        }
        if action.body != ExpectedBody::Nothing {
            prepared.body = Some(bytes(state, request, payload, &mut permits).await?);
        }
        Ok((prepared, permits))
    }

    /// Verifies the caller again, by its record in the database.
    ///
    /// # Errors
    /// As [`caller`].
    pub async fn caller(&self) -> Result<Caller, Failure> {
        caller(self.state, self.request, &self.route.base, Source::Database).await
    }

    /// The permits of this request.
    ///
    /// # Errors
    /// `tenantBusy`, `bodiesBusy`.
    pub async fn permits(&self, caller: &Caller) -> Result<Permits, Failure> {
        let announced = announced_length(self.request);
        self.state
            .tenant_limits
            .enter(caller.scope.tenant(), announced)
            .await
    }

    /// Runs the operation; with a guard, only if the credential is unchanged.
    ///
    /// # Errors
    /// As the operation.
    pub async fn run(
        &self,
        caller: Caller,
        permits: Permits,
        guard: Option<CredentialGuard>,
    ) -> Result<HttpResponse, Failure> {
        let state = self.state;
        let body = match &self.body {
            None => Value::Null,
            Some(bytes) => json(state, bytes, &permits).await?,
        };
        let answered = self.request.conn_data::<AnsweredCreations>();
        let origin = origin::of(self.request, state);
        let mut context = state.provisioning.clone();
        if let Some(guard) = guard {
            context.store = context.store.guarded(guard);
        }
        let facts = Facts::of(self.request);
        let id = facts.as_ref().map(|facts| facts.request);
        let ctx = RequestContext {
            state,
            request: Arc::new(Request {
                context,
                caller: Arc::new(caller),
                id: id.unwrap_or_else(|| RequestId::from_uuid(state.ids.next())),
                traceparent: facts.as_ref().and_then(|facts| facts.traceparent),
                client_request_id: facts.and_then(|facts| facts.client_request_id),
                precondition: self.precondition.clone(),
                created: answered.map(AnsweredCreations::all).unwrap_or_default(),
            }),
            query: self.query.clone(),
            base: format!("{origin}{}", self.route.base.path()),
            origin,
            permits,
            answered,
        };
        perform(ctx, self.action, &self.route.id, body).await
    }
}

async fn perform(
    ctx: RequestContext<'_>,
    action: &Action,
    id: &str,
    body: Value,
) -> Result<HttpResponse, Failure> {
    match action.operation {
        Operation::Resource(UserOrGroup::User, verb) => {
            handlers::answer::<Identity>(ctx, verb, id, body).await
        }
        Operation::Resource(UserOrGroup::Group, verb) => handlers::answer::<Group>(ctx, verb, id, body).await,
        Operation::SearchAll => search::answer(&ctx.searching(body)?).await,
        Operation::Bulk => bulk::answer(&ctx, body).await,
        Operation::Discovery(page) => discovery::answer(&ctx, page, id),
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

/// The condition on the resource's version.
fn precondition(request: &HttpRequest) -> Result<Precondition, Failure> {
    let field = |name: HeaderName| -> Option<String> {
        let lines: Vec<_> = request
            .headers()
            .get_all(name)
            .map(|line| String::from_utf8_lossy(line.as_bytes()))
            .collect();
        (!lines.is_empty()).then(|| lines.join(","))
    };
    Ok(Precondition::parse(
        field(IF_MATCH).as_deref(),
        field(IF_NONE_MATCH).as_deref(),
    )?)
}
