//! A row of the provisioning log.

use chrono::{DateTime, Utc};
use domain::id::ResourceId;
use schemars::JsonSchema;
use serde::Serialize;
use store::DeliveryStatus;

use crate::logs::search::Found;

/// What one SCIM request did to one person or group, and where its event is by now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "LogEntry")]
pub struct LogView {
    /// When the request was accepted or refused.
    pub at: DateTime<Utc>,
    /// The name of the tenant.
    pub tenant: String,
    /// The profile of the directory.
    pub profile: String,
    /// What was done: `create`, `update`, `disable`, `reactivate`, `delete` or `other`.
    pub action: &'static str,
    /// How it ended: `success`, `skipped`, `warning` or `failure`.
    pub status: &'static str,
    /// The code of a failure (docs/reference/error-codes.md).
    pub code: Option<String>,
    /// The text of a failure, or what was left out.
    pub detail: Option<String>,
    /// The paths of the attributes that changed.
    pub changed: Vec<String>,
    /// The person's or room's id.
    pub identity: Option<String>,
    /// The group's id.
    pub group: Option<String>,
    /// Its `externalId`.
    pub external_id: Option<String>,
    /// The person's `userName`, or the group's `displayName`.
    pub user_name: Option<String>,
    /// The id of the event.
    pub event: Option<String>,
    /// Where the event is, a row for each app and consumer group.
    pub delivered: Vec<LogDelivery>,
    /// The id of the request.
    pub request_id: String,
    /// The public part of the token.
    pub token_id: String,
    /// The trace.
    pub trace_id: Option<String>,
    /// Whether `userName`, `externalId` and `detail` are shown without personal data.
    pub masked: bool,
}

/// Where an event is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LogDelivery {
    /// The name of the app.
    pub app: String,
    /// Its position in the app's feed.
    pub position: i64,
    /// The consumer group; null when none has acknowledged anything.
    pub group: Option<String>,
    /// Whether the queue delivered it.
    pub delivered: bool,
    /// When the group acknowledged it.
    pub applied_at: Option<DateTime<Utc>>,
}

impl From<&DeliveryStatus> for LogDelivery {
    fn from(delivery: &DeliveryStatus) -> Self {
        Self {
            app: delivery.app.to_string(),
            position: delivery.position.number(),
            group: delivery.group.clone(),
            delivered: delivery.is_delivered,
            applied_at: delivery.applied_at,
        }
    }
}

impl LogView {
    /// A row of the log of a tenant of this name, with personal data or without.
    pub fn of(tenant: &str, found: &Found, is_masked: bool) -> Self {
        let entry = found.row.entry.clone();
        let entry = if is_masked { entry.masked() } else { entry };
        let id = |is_meant: fn(&ResourceId) -> bool| entry.resource.filter(is_meant).map(|id| id.to_string());
        Self {
            at: entry.at,
            tenant: tenant.to_owned(),
            profile: found.profile.clone(),
            action: entry.action.as_str(),
            status: entry.status.as_str(),
            code: entry.code.clone(),
            detail: entry.detail.clone(),
            changed: entry.changed.clone(),
            identity: id(|id| matches!(id, ResourceId::Identity(_))),
            group: id(|id| matches!(id, ResourceId::Group(_))),
            external_id: entry.external_id.clone(),
            user_name: entry.user_name.clone(),
            event: entry.event.map(|event| event.to_string()),
            delivered: found.row.deliveries.iter().map(LogDelivery::from).collect(),
            request_id: entry.request.to_string(),
            token_id: entry.token_id.to_string(),
            trace_id: entry.trace_id.clone(),
            masked: is_masked,
        }
    }
}
