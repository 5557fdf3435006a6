//! Feeds over HTTP: the same events at the same positions as in the Redis stream, for apps without Redis and for apps that
//! read a gap again (`docs/reference/events.md`).
//!
//! `GET /feeds/{app}/events` reads and waits, `GET /feeds/{app}/snapshot` tells what there is, `POST /feeds/{app}/ack` acknowledges.
//! Answers are compressed for clients that ask for it. The credential is
//! checked first; an app reads its own feed and gets 404 for every other. Must not know: how events get positions, or Redis.

mod ack;
mod caller;
mod problem;
mod query;
mod read;
mod snapshot;
mod streamed;

use actix_web::middleware::Compress;
use actix_web::{HttpRequest, HttpResponse, web};

use self::problem::{Problem, ProblemCode};
use crate::reading;

const EVENTS: &str = "/feeds/{app}/events";
const SNAPSHOT: &str = "/feeds/{app}/snapshot";
const ACK: &str = "/feeds/{app}/ack";

/// Adds the routes.
pub fn configure(config: &mut web::ServiceConfig) {
    config
        .service(
            web::resource(EVENTS)
                .wrap(Compress::default())
                .route(reading::get().to(read::events))
                .default_service(web::to(async |request: HttpRequest| {
                    only(&request, "GET, HEAD", "a feed is read with GET")
                })),
        )
        .service(
            web::resource(SNAPSHOT)
                .wrap(Compress::default())
                .route(reading::get().to(snapshot::entries))
                .default_service(web::to(async |request: HttpRequest| {
                    only(&request, "GET, HEAD", "a snapshot is read with GET")
                })),
        )
        .service(
            web::resource(ACK)
                .route(web::post().to(ack::acknowledge))
                .default_service(web::to(async |request: HttpRequest| {
                    only(&request, "POST", "an acknowledgement is sent with POST")
                })),
        );
}

fn only(request: &HttpRequest, methods: &'static str, detail: &str) -> HttpResponse {
    Problem::with(ProblemCode::MethodNotAllowed, detail)
        .allow(methods)
        .problem(request)
}

#[cfg(test)]
mod tests;
