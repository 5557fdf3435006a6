//! The instruments of the HTTP side; the binary exports them.
//!
//! Labels are few fixed words and directory ids: never names of people, filters or paths.

use opentelemetry::KeyValue;
use opentelemetry::metrics::{Counter, Histogram, Meter};

use crate::observe::Facts;

/// Bounds of the latency histogram, in seconds: fine around a match query, coarse above a second.
const SECONDS: [f64; 13] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
];

/// The instruments.
#[derive(Debug, Clone)]
pub struct Metrics {
    duration: Histogram<f64>,
    scim: Counter<u64>,
}

impl Metrics {
    /// Makes the instruments at a meter.
    pub fn new(meter: &Meter) -> Self {
        Self {
            duration: meter
                .f64_histogram("http.server.request.duration")
                .with_unit("s")
                .with_description("Duration of HTTP requests by route template and status")
                .with_boundaries(SECONDS.to_vec())
                .build(),
            scim: meter
                .u64_counter("usher.scim.requests")
                .with_description("SCIM requests by directory, operation and outcome")
                .build(),
        }
    }

    /// Counts a finished request.
    pub(crate) fn finished(&self, facts: &Facts, method: &'static str, status: u16, seconds: f64) {
        self.duration.record(
            seconds,
            &[
                KeyValue::new("http.request.method", method),
                KeyValue::new("http.route", facts.route),
                KeyValue::new("http.response.status_code", i64::from(status)),
            ],
        );
        if let Some(operation) = facts.operation {
            let directory = facts.directory;
            let directory = directory.map_or_else(|| "none".to_owned(), |(_, id)| id.to_string());
            self.scim.add(
                1,
                &[
                    KeyValue::new("directory", directory),
                    KeyValue::new("operation", operation),
                    KeyValue::new("outcome", outcome(status)),
                ],
            );
        }
    }
}

/// The outcome of a status, for dashboards.
const fn outcome(status: u16) -> &'static str {
    match status {
        0..=399 => "ok",
        409 => "conflict",
        400..=499 => "client_error",
        _ => "server_error",
    }
}
