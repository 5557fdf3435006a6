//! Rows of the provisioning log as log records with flat attributes, for whoever collects logs over OTLP
//! (docs/how-to/search-the-log-in-azure-monitor.md). Off unless `telemetry.provisioning_log` is set; then a row costs the look at a flag.
//!
//! `externalId` is as it is, because that is what joins it with the identity provider's own log; other personal data is masked.

use std::sync::{Mutex, PoisonError};

use domain::credential::Caller;
use domain::id::ResourceId;
use domain::log::LogEntry;
use tracing::Level;

/// The target of the records, by which the telemetry of the server tells them from log lines.
pub const TARGET: &str = "usher::provisioning_log";

/// The rows of the attempt that is under way.
#[derive(Debug, Default)]
pub(crate) struct Records(Mutex<Vec<LogEntry>>);

impl Records {
    /// Forgets the rows of an attempt that was not committed.
    pub(crate) fn begin(&self) {
        self.take();
    }

    /// Keeps a row that the transaction writes.
    pub(crate) fn add(&self, entry: &LogEntry) {
        if is_wanted() {
            let mut rows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            rows.push(entry.clone());
        }
    }

    /// Tells of the rows, after the commit.
    pub(crate) fn tell(&self, caller: &Caller) {
        for entry in self.take() {
            tell(caller, entry);
        }
    }

    fn take(&self) -> Vec<LogEntry> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn is_wanted() -> bool {
    tracing::enabled!(target: TARGET, Level::INFO)
}

/// Tells of a row that is committed.
pub(crate) fn tell(caller: &Caller, entry: LogEntry) {
    if !is_wanted() {
        return;
    }
    let external_id = entry.external_id.clone();
    let entry = entry.masked();
    let of = |is_meant: fn(&ResourceId) -> bool| entry.resource.filter(is_meant).map(|id| id.to_string());
    tracing::info!(
        target: TARGET,
        at = %entry.at.to_rfc3339(),
        event.name = "usher.provisioning",
        tenant = caller.tenant_name.as_str(),
        externalTenantId = caller.external_tenant_id.as_deref(),
        profile = caller.directory.profile.as_str(),
        directoryId = %caller.directory.id,
        action = entry.action.as_str(),
        status = entry.status.as_str(),
        code = entry.code.as_deref(),
        detail = entry.detail.as_deref(),
        changed = %entry.changed.join(", "),
        identity = of(|id| matches!(id, ResourceId::Identity(_))).as_deref(),
        group = of(|id| matches!(id, ResourceId::Group(_))).as_deref(),
        externalId = external_id.as_deref(),
        userName = entry.user_name.as_deref(),
        eventId = entry.event.map(|event| event.to_string()).as_deref(),
        requestId = %entry.request,
        tokenId = entry.token_id.as_str(),
        traceId = entry.trace_id.as_deref(),
        "a SCIM request was handled"
    );
}
