//! The state of the gateway's HTTP side: the dependencies of every handler. Made once by the binary, shared by all workers.
//!
//! Must not know: configuration files.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use domain::clock::{Clock, Ids};
use domain::trace::TraceParent;
use store::Store;
use tokio::runtime::Handle;

use crate::admin::Admin;
use crate::extract::access::AccessRecords;
use crate::extract::caller::TokenRecords;
use crate::health::Readiness;
use crate::log_budget::LogBudget;
use crate::metrics::Metrics;
use crate::oauth::Oauth;
use crate::refusal_counts::RefusalCounts;
use crate::tenant_limits::TenantLimits;

/// The dependencies of the handlers.
pub struct State {
    /// The database.
    pub store: Store,
    /// Checks credentials.
    pub verifier: auth::Verifier,
    /// The cache of token records.
    pub token_records: TokenRecords,
    /// The cache of records of access tokens.
    pub access_records: AccessRecords,
    /// Access tokens, and the keys of other issuers.
    pub oauth: Oauth,
    /// The dependencies of the SCIM use-cases.
    pub provisioning: provisioning::Context,
    /// The dependencies of the admin API.
    pub admin: Admin,
    /// Feeds: reading and acknowledgements.
    pub events: events::Events,
    /// The public address without a trailing slash; for `None` see [`crate::extract::origin`].
    pub public_url: Option<String>,
    /// The number of trusted proxies: the client's address is that many entries from the right of `X-Forwarded-For`.
    /// 0 takes the connection's own.
    pub proxy_hops: usize,
    /// The log lines that unauthenticated clients may still cause.
    pub log_budget: LogBudget,
    /// Refused credentials that are still to be written to the audit log.
    pub refusal_counts: RefusalCounts,
    /// The source of the current time.
    pub clock: Arc<dyn Clock>,
    /// The source of new identifiers.
    pub ids: Arc<dyn Ids>,
    /// The instruments of requests.
    pub metrics: Metrics,
    /// Writes the page of `/metrics`.
    pub metrics_page: Arc<dyn Fn() -> String + Send + Sync>,
    /// The W3C trace context of the current span, when traces are exported.
    pub traceparent: fn() -> Option<TraceParent>,
    /// The concurrency limits of SCIM requests.
    pub tenant_limits: TenantLimits,
    /// The threads for requests that compute for long.
    pub long: Handle,
    /// The cached readiness that the public listener answers.
    pub readiness: Readiness,
    /// What background jobs fail to do, as texts for readiness.
    pub job_troubles: Arc<dyn Fn() -> Vec<String> + Send + Sync>,
    /// Whether the process is shutting down.
    pub draining: Draining,
}

/// A flag that turns readiness off before connections are closed, so that a load balancer stops sending.
#[derive(Debug, Default)]
pub struct Draining(AtomicBool);

impl Draining {
    /// Begins: `/health/ready` answers 503 from now on.
    pub fn begin(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether it has begun.
    pub fn has_begun(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
