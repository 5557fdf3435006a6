//! `/health/live`, `/health/ready` and `/metrics`, for load balancers and monitoring.
//!
//! The public listener answers in one word, because its clients are not authenticated; the admin listener says why,
//! and has the metrics. Ready means that SCIM requests are served. What only delays events (Redis), and background jobs
//! that fail, are reported, but the gateway stays ready: SCIM goes on without them (ADR 0004, ADR 0047).

use actix_web::http::StatusCode;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::{HttpResponse, web};
use serde_json::json;
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::limits::{READY_KEPT, READY_TIME};
use crate::reading;
use crate::state::State;

/// The routes of the public listener.
pub fn public(config: &mut web::ServiceConfig) {
    config
        .route("/health/live", reading::get().to(live))
        .route("/health/ready", reading::get().to(ready));
}

/// The routes of the admin listener.
pub fn admin(config: &mut web::ServiceConfig) {
    config
        .route("/health/live", reading::get().to(live))
        .route("/health/ready", reading::get().to(reasons))
        .route("/metrics", reading::get().to(metrics));
}

async fn live() -> HttpResponse {
    word(StatusCode::OK, "live")
}

/// The cached readiness of the public listener: the database is asked once a second at most.
#[derive(Default)]
pub struct Readiness(Mutex<Option<(Instant, bool)>>);

impl Readiness {
    async fn of(&self, state: &State) -> bool {
        let mut seen = self.0.lock().await;
        if let Some((at, ready)) = *seen
            && at.elapsed() < READY_KEPT
        {
            return ready && !state.draining.has_begun();
        }
        let ready = missing(state).await.is_empty();
        *seen = Some((Instant::now(), ready));
        ready
    }
}

async fn ready(state: web::Data<State>) -> HttpResponse {
    if state.readiness.of(&state).await {
        word(StatusCode::OK, "ready")
    } else {
        word(StatusCode::SERVICE_UNAVAILABLE, "unready")
    }
}

async fn reasons(state: web::Data<State>) -> HttpResponse {
    let missing = missing(&state).await;
    let mut degraded = state.events.status().troubles();
    degraded.extend((state.job_troubles)());
    let (mut answer, status) = if missing.is_empty() {
        (HttpResponse::Ok(), "ready")
    } else {
        (HttpResponse::ServiceUnavailable(), "not ready")
    };
    answer.json(json!({"status": status, "missing": missing, "degraded": degraded}))
}

/// The reasons why the gateway cannot serve SCIM requests, as text; empty when it can.
async fn missing(state: &State) -> Vec<String> {
    let mut missing = Vec::new();
    if state.draining.has_begun() {
        missing.push("this instance is shutting down".to_owned());
    } else {
        match tokio::time::timeout(READY_TIME, state.store.ready()).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => missing.push(error.to_string()),
            Err(_) => missing.push(format!(
                "the database did not answer within {} s",
                READY_TIME.as_secs()
            )),
        }
    }
    missing
}

async fn metrics(state: web::Data<State>) -> HttpResponse {
    let page = (state.metrics_page)();
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8"))
        .body(page)
}

fn word(status: StatusCode, word: &'static str) -> HttpResponse {
    HttpResponse::build(status)
        .insert_header((CONTENT_TYPE, "text/plain; charset=utf-8"))
        .body(word)
}
