//! SCIM 2.0 over HTTP (RFC 7644) at the Tenant URLs: one table of routes ([`routes`]), the operations once for users and
//! groups (`handlers`), one table of errors ([`error`]).
//!
//! The order of things (`docs/architecture.md`): size → route → method → credential → place → body → use-case →
//! projection. Must not know: how anything is decided or stored.

mod bulk;
mod context;
mod discovery;
pub mod error;
mod groups;
mod handlers;
pub mod respond;
mod response_body;
pub mod route;
pub mod routes;
mod search;
mod users;

use std::sync::Arc;
use std::time::Instant;

use actix_web::http::header::{CONTENT_LENGTH, HeaderName, IF_MATCH, IF_NONE_MATCH};
use actix_web::web::{self, Bytes};
use actix_web::{HttpRequest, HttpResponse};
use domain::credential::Caller;
use domain::group::Group;
use domain::identity::Identity;
use provisioning::{Request, RequestMetadata};
use scim::bulk::BulkResource;
use scim::etag::Precondition;
use scim::query::{ListParameters, has_filter, parse_query};
use serde_json::Value;
use store::CredentialGuard;

use self::context::RequestContext;
use self::error::{ErrorCode, Failure};
use self::route::Route;
use self::routes::{Action, ExpectedBody, Operation};
use crate::extract::body::{bytes, drain, json};
use crate::extract::caller::{Source, caller};
use crate::extract::connection::AnsweredCreations;
use crate::extract::origin;
use crate::limits::{ADMITTED, BODY_BYTES};
use crate::observe::Facts;
use crate::state::State;
use crate::tenant_limits::Permits;

/// Answers everything that is no other route of the gateway.
pub async fn serve(request: HttpRequest, mut payload: web::Payload, state: web::Data<State>) -> HttpResponse {
    match answer(&request, &mut payload, &state).await {
        Ok(answer) => answer,
        Err(failure) => {
            drain(&request, &mut payload).await;
            respond::failure(&request, &failure)
        }
    }
}

async fn answer(
    request: &HttpRequest,
    payload: &mut web::Payload,
    state: &State,
) -> Result<HttpResponse, Failure> {
    let begun = Instant::now();
    let announced = announced_length(request);
    if announced > BODY_BYTES {
        return Err(Failure::new(ErrorCode::BodyTooLarge));
    }
    let route = Route::of(request.path()).ok_or_else(|| Failure::new(ErrorCode::NoSuchRoute))?;
    let action = route.endpoint.action(request.method())?;
    Facts::record(request, |facts| facts.operation = Some(action.word));
    // The operations of a bulk request are admitted one by one, whatever the first of them finds.
    let source = match action.operation {
        Operation::Bulk => Source::Database,
        _ => Source::KeptOrDatabase,
    };
    let mut caller = caller(state, request, &route.base, source).await?;
    let query = query(request, action.operation)?;
    let mut taken = state.places.enter(caller.scope.tenant(), announced).await?;
    if action.body == ExpectedBody::Group {
        groups::served(&state.provisioning, &caller)?;
    }
    let precondition = precondition(request)?;
    let body = match action.body {
        ExpectedBody::Nothing => None,
        ExpectedBody::Json | ExpectedBody::Group => Some(bytes(state, request, payload, &mut taken).await?),
    };
    if begun.elapsed() > ADMITTED {
        // It has waited, for a place or for its body: what was taken back meanwhile does nothing any more.
        caller = self::caller(state, request, &route.base, source).await?;
    }
    let attempt = Attempt {
        state,
        request,
        route: &route,
        action,
        query: &query,
        precondition: &precondition,
        body: body.as_ref(),
    };
    if action.operation == Operation::Bulk {
        return attempt.run(caller, taken, None).await;
    }
    let admitted = caller.credential_state.clone();
    let guard = CredentialGuard::new(&caller.token_id, &admitted);
    let outcome = attempt.run(caller, taken, Some(guard.clone())).await;
    let is_ours = matches!(&outcome, Err(failure) if failure.code.row().status >= 500);
    if guard.was_checked() || is_ours && !guard.was_refused() {
        return outcome;
    }
    // The credential has changed, or no statement has checked it; either way nothing was done.
    let caller = self::caller(state, request, &route.base, Source::Database).await?;
    if !guard.was_refused() && caller.credential_state == admitted {
        return outcome;
    }
    let taken = state.places.enter(caller.scope.tenant(), announced).await?;
    attempt.run(caller, taken, None).await
}

/// A request whose body was read, and which may have to run twice.
struct Attempt<'a> {
    state: &'a State,
    request: &'a HttpRequest,
    route: &'a Route<'a>,
    action: &'a Action,
    query: &'a ListParameters,
    precondition: &'a Precondition,
    body: Option<&'a Bytes>,
}

impl Attempt<'_> {
    /// Does what the request asks for; with a guard, only if its credential is still what it was admitted with.
    async fn run(
        &self,
        caller: Caller,
        taken: Permits,
        guard: Option<CredentialGuard>,
    ) -> Result<HttpResponse, Failure> {
        let state = self.state;
        let body = match self.body {
            None => Value::Null,
            Some(bytes) => json(state, bytes, &taken).await?,
        };
        let answered = self.request.conn_data::<AnsweredCreations>();
        let origin = origin::of(self.request, state);
        let mut context = state.provisioning.clone();
        if let Some(guard) = guard {
            context.store = context.store.guarded(guard);
        }
        let ctx = RequestContext {
            state,
            request: Arc::new(Request {
                context,
                caller: Arc::new(caller),
                metadata: metadata(self.request, state, self.precondition.clone(), answered),
            }),
            query: self.query.clone(),
            base: format!("{origin}{}", self.route.base.path()),
            origin,
            taken,
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
        Operation::Resource(BulkResource::User, verb) => {
            handlers::answer::<Identity>(ctx, verb, id, body).await
        }
        Operation::Resource(BulkResource::Group, verb) => {
            handlers::answer::<Group>(ctx, verb, id, body).await
        }
        Operation::SearchAll => search::answer(&ctx.searching(body)?).await,
        Operation::Bulk => bulk::answer(&ctx, body).await,
        Operation::Discovery(page) => discovery::answer(&ctx, page, id),
    }
}

/// The parameters in the URL.
fn query(request: &HttpRequest, operation: Operation) -> Result<ListParameters, Failure> {
    let text = request.query_string();
    match operation {
        // Nothing but a filter means anything there, and that is refused (RFC 7644 §4).
        Operation::Discovery(_) if has_filter(text) => Err(Failure::new(ErrorCode::DiscoveryFilter)),
        Operation::Discovery(_) => Ok(ListParameters::default()),
        _ => Ok(parse_query(text)?),
    }
}

/// The length a client announces; a body without one is counted while it is read.
fn announced_length(request: &HttpRequest) -> usize {
    let length = request
        .headers()
        .get(CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok());
    length.and_then(|text| text.trim().parse().ok()).unwrap_or(0)
}

/// The circumstances of a request.
fn metadata(
    request: &HttpRequest,
    state: &State,
    precondition: Precondition,
    answered: Option<&AnsweredCreations>,
) -> RequestMetadata {
    let facts = Facts::of(request);
    let id = facts.as_ref().map(|facts| facts.request);
    RequestMetadata {
        request: id.unwrap_or_else(|| domain::id::RequestId::from_uuid(state.ids.next())),
        traceparent: facts.as_ref().and_then(|facts| facts.traceparent),
        client_request_id: facts.and_then(|facts| facts.client_request_id),
        precondition,
        created: answered.map(AnsweredCreations::all).unwrap_or_default(),
    }
}

/// What the request asks of the resource's version.
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
