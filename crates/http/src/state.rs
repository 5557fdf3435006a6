//! What every handler is given. Made once by the binary, shared by all workers.
//!
//! Must not know: configuration files, or who opened the database.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use domain::clock::{Clock, Ids};
use domain::trace::TraceParent;
use store::Store;
use tokio::runtime::Handle;

use crate::extract::caller::TokenRecords;
use crate::health::Readiness;
use crate::log_budget::LogBudget;
use crate::metrics::Metrics;
use crate::tenant_limits::TenantLimits;

/// The composition of the gateway, as far as HTTP is concerned.
pub struct State {
    /// The database.
    pub store: Store,
    /// Checks credentials.
    pub verifier: auth::Verifier,
    /// Records of tokens that were read lately.
    pub token_records: TokenRecords,
    /// What the SCIM use-cases work with.
    pub provisioning: provisioning::Context,
    /// The feed side.
    pub events: events::Events,
    /// The address customers see, without a trailing slash; without it see [`crate::extract::origin`].
    pub public_url: Option<String>,
    /// How many proxies stand in front: the client's address is that many entries from the right of `X-Forwarded-For`.
    /// 0 takes the connection's own.
    pub proxy_hops: usize,
    /// How much strangers may still be logged.
    pub log_budget: LogBudget,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Identifiers.
    pub ids: Arc<dyn Ids>,
    /// Instruments.
    pub metrics: Metrics,
    /// Writes the page of `/metrics`.
    pub metrics_page: Arc<dyn Fn() -> String + Send + Sync>,
    /// The W3C trace context of the current span, when traces are exported.
    pub traceparent: fn() -> Option<TraceParent>,
    /// The concurrency limits of SCIM requests.
    pub places: TenantLimits,
    /// Threads for requests that compute for long.
    pub long: Handle,
    /// What strangers who ask for readiness are told.
    pub readiness: Readiness,
    /// Whether the process is about to end.
    pub draining: Draining,
}

/// A flag that turns readiness off before connections are closed, so that a load balancer stops sending.
#[derive(Debug, Default)]
pub struct Draining(AtomicBool);

impl Draining {
    /// From now on `/health/ready` answers 503.
    pub fn begin(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether it has begun.
    pub fn has_begun(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
