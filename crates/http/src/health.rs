//! `/health/live`, `/health/ready` and `/metrics`: for machines that watch the gateway.
//!
//! Ready means: may be sent SCIM requests. What only delays events (Redis) is told, but does not take the gateway out
//! of service: SCIM goes on without it (DESIGN §2).

use actix_web::http::header::CONTENT_TYPE;
use actix_web::{HttpResponse, web};
use serde_json::json;

use crate::limits::READY_TIME;
use crate::state::State;

/// Adds the routes.
pub fn configure(config: &mut web::ServiceConfig) {
    config
        .route("/health/live", web::get().to(live))
        .route("/health/ready", web::get().to(ready))
        .route("/metrics", web::get().to(metrics));
}

async fn live() -> HttpResponse {
    HttpResponse::Ok().json(json!({"status": "live"}))
}

async fn ready(state: web::Data<State>) -> HttpResponse {
    let mut missing = Vec::new();
    if state.draining.has_begun() {
        missing.push("this instance is shutting down".to_owned());
    } else {
        match tokio::time::timeout(READY_TIME, state.store.ping()).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => missing.push(error.to_string()),
            Err(_) => missing.push(format!(
                "the database did not answer within {} s",
                READY_TIME.as_secs()
            )),
        }
    }
    let degraded = state.events.status().troubles();
    let (mut answer, status) = if missing.is_empty() {
        (HttpResponse::Ok(), "ready")
    } else {
        (HttpResponse::ServiceUnavailable(), "not ready")
    };
    answer.json(json!({"status": status, "missing": missing, "degraded": degraded}))
}

async fn metrics(state: web::Data<State>) -> HttpResponse {
    let page = (state.metrics_page)();
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8"))
        .body(page)
}
