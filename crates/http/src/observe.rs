//! The middleware around every request: an id, a span, a log line, the metrics, and `Cache-Control: no-store` on its answer.
//! None of them has a query, a body or a person's name.
//!
//! Handlers add to [`Facts`] what the answer does not have.

use std::time::Instant;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{CACHE_CONTROL, HeaderMap, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, HttpRequest, web};
use domain::credential::Caller;
use domain::id::{DirectoryId, RequestId, TenantId};
use domain::trace::TraceParent;
use tracing::{Instrument, Span, field};

use crate::extract::credential;
use crate::scim::route::Route;
use crate::state::State;

/// The header field with the gateway's id of the request; on every answer.
const REQUEST_ID: HeaderName = HeaderName::from_static("request-id");
/// The header fields in which clients send an id of their own (`docs/background/entra.md`, "Headers and media types").
const CLIENT_IDS: [&str; 3] = ["client-request-id", "x-ms-client-request-id", "request-id"];

/// The facts of a request for its span, log line and metrics.
#[derive(Debug, Clone)]
pub struct Facts {
    /// The gateway's id of the request.
    pub request: RequestId,
    /// The client's id, when it sent a usable one.
    pub client_request_id: Option<String>,
    /// The W3C trace context.
    pub traceparent: Option<TraceParent>,
    /// The route's template.
    pub route: &'static str,
    /// The SCIM operation, for metrics.
    pub operation: Option<&'static str>,
    /// The tenant and its directory, once the credential is verified.
    pub directory: Option<(TenantId, DirectoryId)>,
    /// The code of a refusal.
    pub code: Option<&'static str>,
    /// Whether its credential was verified; the log lines of other requests are limited.
    pub verified: bool,
    /// Whether its line was logged already, or was counted instead.
    pub logged: bool,
}

impl Facts {
    /// The facts of this request.
    pub fn of(request: &HttpRequest) -> Option<Self> {
        request.extensions().get::<Self>().cloned()
    }

    /// Adds to the facts of this request.
    pub fn record(request: &HttpRequest, change: impl FnOnce(&mut Self)) {
        if let Some(facts) = request.extensions_mut().get_mut::<Self>() {
            change(facts);
        }
    }

    /// Adds the caller.
    pub fn record_caller(request: &HttpRequest, caller: &Caller) {
        let (tenant, directory) = (caller.directory.tenant, caller.directory.id);
        Self::record(request, |facts| {
            facts.directory = Some((tenant, directory));
            facts.verified = true;
        });
        let span = Span::current();
        if !span.is_disabled() {
            span.record("usher.tenant.id", field::display(tenant));
            span.record("usher.directory.id", field::display(directory));
        }
    }
}

/// The middleware.
///
/// # Errors
/// Only what the inner service gives; our handlers answer errors instead.
pub async fn observe(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let Some(state) = request.app_data::<web::Data<State>>().cloned() else {
        return next.call(request).await;
    };
    let begun = Instant::now();
    let id = RequestId::from_uuid(state.ids.next());
    let client_request_id = client_request_id(request.headers());
    let method = known_method(request.method().as_str());
    let route = template(request.path());
    let span = root_span(method, route, id, client_request_id.as_deref());
    let traceparent = span
        .in_scope(|| (state.traceparent)())
        .or_else(|| own_traceparent(id));
    request.extensions_mut().insert(Facts {
        request: id,
        client_request_id,
        traceparent,
        route,
        operation: None,
        directory: None,
        code: None,
        verified: false,
        logged: false,
    });
    let mut response = next.call(request).instrument(span.clone()).await?;
    let status = response.status().as_u16();
    if let Ok(value) = HeaderValue::from_str(&id.to_string()) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    // Answers hold personal data: no intermediary may store them. A 304 says what its 200 would have said (RFC 9110
    // §15.4.5).
    response
        .headers_mut()
        .insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    let facts = response.request().extensions_mut().remove::<Facts>();
    if let Some(facts) = facts {
        let elapsed = begun.elapsed().as_secs_f64();
        state.metrics.finished(&facts, method, status, elapsed);
        finish(&span, &facts, status);
        if may_log(&state, response.request(), &facts, method, status) {
            span.in_scope(|| log_line(&facts, method, status, elapsed * 1_000.0));
        }
    }
    Ok(response)
}

/// The route's template. It is needed before routing, because an exported span keeps its first name.
fn template(path: &str) -> &'static str {
    match path {
        "/health/live" => "/health/live",
        "/health/ready" => "/health/ready",
        "/metrics" => "/metrics",
        crate::oauth::TOKEN => crate::oauth::TOKEN,
        crate::oauth::JWKS => crate::oauth::JWKS,
        crate::oauth::METADATA => crate::oauth::METADATA,
        crate::provisioning_token::PATH => crate::provisioning_token::PATH,
        feed if feed.starts_with("/feeds/") && feed.ends_with("/events") => "/feeds/{app}/events",
        feed if feed.starts_with("/feeds/") && feed.ends_with("/ack") => "/feeds/{app}/ack",
        other => crate::admin::template(other)
            .or_else(|| Route::of(other).map(|route| route.endpoint.template))
            .unwrap_or("other"),
    }
}

fn root_span(
    method: &'static str,
    route: &'static str,
    id: RequestId,
    client_request_id: Option<&str>,
) -> Span {
    tracing::info_span!(
        "request",
        otel.name = %format_args!("{method} {route}"),
        otel.kind = "server",
        otel.status_code = field::Empty,
        http.request.method = method,
        http.route = route,
        http.response.status_code = field::Empty,
        request.id = %id,
        usher.client_request_id = client_request_id,
        usher.tenant.id = field::Empty,
        usher.directory.id = field::Empty,
        usher.scim.outcome = field::Empty,
    )
}

fn finish(span: &Span, facts: &Facts, status: u16) {
    if span.is_disabled() {
        return;
    }
    span.record("http.response.status_code", status);
    if let Some(code) = facts.code {
        span.record("usher.scim.outcome", code);
    }
    if status >= 500 {
        span.record("otel.status_code", "ERROR");
    }
}

/// Whether a request may have its log line: always with a verified credential, otherwise within the budget of its network.
fn may_log(state: &State, request: &HttpRequest, facts: &Facts, method: &str, status: u16) -> bool {
    facts.verified
        || went_well(method, status)
        || (!facts.logged && state.log_budget.allows(credential::network(state, request)))
}

/// A successful GET or HEAD.
fn went_well(method: &str, status: u16) -> bool {
    matches!(method, "GET" | "HEAD") && status < 400
}

/// Successful reads are `debug`: an initial cycle makes one for each person, and the metrics count them. Changes and refusals
/// are `info`, faults `warn`.
fn log_line(facts: &Facts, method: &'static str, status: u16, ms: f64) {
    macro_rules! line {
        ($level:ident) => {
            tracing::$level!(
                event.name = "http.request",
                http.request.method = method,
                http.route = facts.route,
                http.response.status_code = status,
                duration_ms = (ms * 1_000.0).round() / 1_000.0,
                request.id = %facts.request,
                usher.client_request_id = facts.client_request_id,
                usher.tenant.id = facts.directory.map(|(tenant, _)| field::display(tenant)),
                usher.directory.id = facts.directory.map(|(_, id)| field::display(id)),
                code = facts.code,
                trace_id = facts.traceparent.map(TraceParent::trace_id),
                "request"
            )
        };
    }
    match status {
        500.. => line!(warn),
        _ if went_well(method, status) => line!(debug),
        _ => line!(info),
    }
}

/// The client's own id of the request: short and harmless, or none.
fn client_request_id(headers: &HeaderMap) -> Option<String> {
    let value = CLIENT_IDS
        .iter()
        .find_map(|name| headers.get(*name))?
        .to_str()
        .ok()?;
    let harmless = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:|=+/".contains(&byte);
    (!value.is_empty() && value.len() <= 128 && value.bytes().all(harmless)).then(|| value.to_owned())
}

/// A trace context made from the request's id, not sampled: for deployments that export no traces, so that an event still has
/// the trace of its request.
fn own_traceparent(id: RequestId) -> Option<TraceParent> {
    let (_, span) = id.uuid().as_u64_pair();
    TraceParent::new(id.uuid().as_u128(), span, 0)
}

/// The method if it is a standard one: an invented one must not make a new series of metrics.
pub(crate) fn known_method(method: &str) -> &'static str {
    const KNOWN: [&str; 7] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];
    let known = KNOWN.into_iter().find(|known| *known == method);
    known.unwrap_or("_OTHER")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_context_of_our_own_is_well_formed_and_not_sampled() {
        let id: RequestId = "req_019a3c5e7d1a7c4e9a2b0f6f0d1c2b3a".parse().expect("an id");
        assert_eq!(
            own_traceparent(id).expect("not zero").to_string(),
            "00-019a3c5e7d1a7c4e9a2b0f6f0d1c2b3a-9a2b0f6f0d1c2b3a-00"
        );
    }

    #[test]
    fn a_route_is_told_by_its_template_and_never_by_its_path() {
        for (path, expected) in [
            ("/metrics", "/metrics"),
            ("/t/contoso/advisors/scim/v2/Users/idn_1", "/scim/Users/{id}"),
            ("/feeds/booking/events", "/feeds/{app}/events"),
            ("/feeds/booking/ack", "/feeds/{app}/ack"),
            ("/admin/v1/apps/booking", "/admin/v1/apps/{app}"),
            ("/wp-admin/bob@contoso.com", "other"),
        ] {
            assert_eq!(template(path), expected);
        }
    }

    #[test]
    fn a_clients_id_is_taken_only_when_it_is_short_and_harmless() {
        let read = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(
                HeaderName::from_static("client-request-id"),
                HeaderValue::from_str(value).expect(value),
            );
            client_request_id(&headers)
        };
        assert_eq!(
            read("7fce0092-d52e-4f76-b727-3955bd72c939").as_deref(),
            Some("7fce0092-d52e-4f76-b727-3955bd72c939")
        );
        for odd in ["", "a b", "bob@contoso.com", &"x".repeat(129)] {
            assert_eq!(read(odd), None, "{odd}");
        }
    }
}
