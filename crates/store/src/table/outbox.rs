//! `outbox`: events as they were committed, until every feed has them and they are old.
//!
//! Its rows are written by the statements of [`super::identity`], always after the change they tell of.

use chrono::{DateTime, Utc};
use domain::event::Event;
use domain::id::DirectoryId;
use sea_orm::Value;

use crate::sql::Sql;

/// The values of one event, in the order in which [`super::identity`]'s statements number them.
pub(crate) fn values(directory: DirectoryId, event: &Event, at: DateTime<Utc>) -> [Value; 8] {
    let source = event
        .envelope
        .get("source")
        .and_then(serde_json::Value::as_str)
        .unwrap_or_default();
    [
        Value::from(directory.uuid()),
        Value::from(event.subject.uuid()),
        Value::from(event.sequence),
        Value::from(event.id.uuid()),
        Value::from(event.event_type.as_str()),
        Value::from(source),
        Value::from(event.envelope.to_string()),
        Value::from(at.timestamp_millis()),
    ]
}

/// The columns of [`values`].
pub(crate) const COLUMNS: &str =
    "tenant_id, directory_id, identity_id, sequence, event_id, event_type, source, body, created_at";

/// How many rows wait for the stamper, and since when.
pub(crate) fn lag() -> Sql {
    Sql::through_door(
        "outbox",
        "SELECT count(*), min(created_at) FROM outbox WHERE NOT stamped AND :open",
    )
}
