//! `outbox`: events as they were committed, until every feed has them and they are old.
//!
//! Its rows are written by the statements of [`super::identity`] and [`super::group`], always after the change
//! they are about.

use domain::event::Event;
use serde_json::{Value, json};

use crate::error::StoreError;
use crate::parameter::{Json, parameters};
use crate::settings::Backend;
use crate::statement::{Opens, Statement};

/// The source of an event, as a column of its own.
fn source(event: &Event) -> Result<&str, StoreError> {
    let source = event.envelope.get("source").and_then(Value::as_str);
    source.ok_or_else(|| StoreError::Corrupt("an event names no source".into()))
}

parameters!(for &Event, |event| {
    subject: event.subject,
    sequence: event.sequence,
    event: event.id,
    event_type: event.event_type.as_str(),
    source: source(event)?,
    body: event.envelope.to_string(),
});

const COLUMNS: &str =
    "tenant_id, directory_id, identity_id, sequence, event_id, event_type, source, body, created_at";

/// An `INSERT … SELECT` of one event, without `FROM`: its time is that of its log row.
pub(crate) fn insert(tenant: &str) -> String {
    format!(
        "INSERT INTO outbox ({COLUMNS}) SELECT {tenant}, :directory, :subject, :sequence, :event, :event_type, :source, :body, \
         :log_at"
    )
}

/// Several events of one subject: the parts of one change. They travel as one value, in the order in which their ids ascend.
pub(crate) struct Events<'a>(pub(crate) &'a [Event]);

parameters!(for Events<'_>, |events| { events: Json(&events.rows()?) });

impl Events<'_> {
    fn rows(&self) -> Result<Vec<Value>, StoreError> {
        let row = |event: &Event| {
            Ok(json!({
                "sequence": event.sequence,
                "id": event.id.uuid(),
                "hex": event.id.uuid().simple().to_string(),
                "type": event.event_type,
                "source": source(event)?,
                "body": event.envelope.to_string(),
            }))
        };
        self.0.iter().map(row).collect()
    }
}

/// As [`insert`], of [`Events`] about `:id`, if the change reached a row. On PostgreSQL the change is the part `i` of a `WITH`; on
/// SQLite the statement before.
pub(crate) fn insert_several(on: Backend) -> String {
    let select = on.either(
        "SELECT i.tenant_id, :directory, :id, e.sequence, e.id, e.type, e.source, e.body, :log_at \
         FROM i CROSS JOIN json_to_recordset(:events::json) \
         AS e(sequence bigint, id uuid, type text, source text, body text)",
        "SELECT :tenant, :directory, :id, e.value ->> 'sequence', unhex(e.value ->> 'hex'), e.value ->> 'type', \
         e.value ->> 'source', e.value ->> 'body', :log_at \
         FROM json_each(:events) e WHERE changes() > 0 ORDER BY e.key",
    );
    format!("INSERT INTO outbox ({COLUMNS}) {select}")
}

/// How many rows wait for the stamper, and since when.
pub(crate) static LAG: Statement<()> = Statement::opening(Opens::All("outbox"), |_| {
    "SELECT count(*), min(created_at) FROM outbox WHERE NOT stamped".into()
});
