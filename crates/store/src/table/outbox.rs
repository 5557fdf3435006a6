//! `outbox`: events as they were committed, until every feed has them and they are old.
//!
//! Its rows are written by the statements of [`super::identity`], and [`super::group`], always after the change
//! they tell of.

use chrono::{DateTime, Utc};
use domain::event::Event;
use domain::id::DirectoryId;
use sea_orm::Value;

use crate::sql::Sql;

/// The values of one event, in the order in which [`super::identity`]'s statements number them.
pub(crate) fn values(directory: DirectoryId, event: &Event, at: DateTime<Utc>) -> [Value; 8] {
    [
        Value::from(directory.uuid()),
        Value::from(event.subject.uuid()),
        Value::from(event.sequence),
        Value::from(event.id.uuid()),
        Value::from(event.event_type.as_str()),
        Value::from(event.source.as_str()),
        Value::from(event.body.as_str()),
        Value::from(at.timestamp_millis()),
    ]
}

/// The columns of [`values`].
pub(crate) const COLUMNS: &str =
    "tenant_id, directory_id, identity_id, sequence, event_id, event_type, source, body, created_at";

/// Several events of one subject as one value, for [`several_on_postgres`] and [`several_on_sqlite`]: the parts of one
/// change have nothing but themselves in common with the statement's other values.
pub(crate) fn several(events: &[Event], at: DateTime<Utc>) -> Value {
    let row = |event: &Event| {
        serde_json::json!({
            "sequence": event.sequence,
            "id": event.id.uuid(),
            "hex": event.id.uuid().simple().to_string(),
            "type": event.event_type,
            "source": event.source,
            "body": event.body,
            "at": at.timestamp_millis(),
        })
    };
    Value::from(serde_json::Value::Array(events.iter().map(row).collect()).to_string())
}

/// An `INSERT` of [`several`], the value numbered `events`, for each row of the `WITH` named `change`; `$2` is the
/// directory, `$3` the subject. In the order given, so that their ids ascend.
pub(crate) fn several_on_postgres(change: &str, events: usize) -> String {
    format!(
        "INSERT INTO outbox ({COLUMNS}) SELECT {change}.tenant_id, $2, $3, e.sequence, e.id, e.type, e.source, e.body, e.at \
         FROM {change} CROSS JOIN json_to_recordset(${events}::json) \
         AS e(sequence bigint, id uuid, type text, source text, body text, at bigint)"
    )
}

/// As [`several_on_postgres`], if the statement before changed a row.
pub(crate) fn several_on_sqlite(events: usize) -> String {
    format!(
        "INSERT INTO outbox ({COLUMNS}) SELECT $1, $2, $3, e.value ->> 'sequence', unhex(e.value ->> 'hex'), \
         e.value ->> 'type', e.value ->> 'source', e.value ->> 'body', e.value ->> 'at' \
         FROM json_each(${events}) e WHERE changes() > 0 ORDER BY e.key"
    )
}

/// How many rows wait for the stamper, and since when.
pub(crate) fn lag() -> Sql {
    Sql::across_tenants(
        "outbox",
        "SELECT count(*), min(created_at) FROM outbox WHERE NOT stamped",
    )
}
