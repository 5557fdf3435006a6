//! `provisioning_log`: what happened to whom, and how far it has come since.

use std::collections::HashMap;
use std::sync::LazyLock;

use chrono::{DateTime, Utc};
use domain::id::{DirectoryId, EventId, RequestId, ResourceId};
use domain::log::{LogAction, LogEntry, LogStatus};
use domain::tenant::Slug;
use scim::resource::fold;
use sea_orm::{QueryResult, Value};

use super::keys::fit;
use super::read::Columns;
use crate::error::StoreError;
use crate::sql::{Rows, Sql, id, json_text, text};

/// The columns of [`values`], after the tenant.
pub(crate) const COLUMNS: &str = "tenant_id, directory_id, at, request_id, identity_id, resource_type, external_id, \
     user_name, user_name_key, action, status, code, detail, event_id, changed, token_id, trace_id";

/// How many [`values`] there are.
pub(crate) const VALUES: usize = 16;

/// What to look for; everything given must hold. Newest first.
#[derive(Debug, Clone, Default)]
pub struct LogQuery {
    /// In this directory only.
    pub directory: Option<DirectoryId>,
    /// About the identity with this `externalId` (Entra's objectId).
    pub external_id: Option<String>,
    /// About the identity with this `userName`, in any case.
    pub user_name: Option<String>,
    /// About this identity or group.
    pub resource: Option<ResourceId>,
    /// That ended so.
    pub status: Option<LogStatus>,
    /// Not before.
    pub since: Option<DateTime<Utc>>,
    /// At most so many.
    pub limit: usize,
}

/// One row of the log and how far its event has come.
#[derive(Debug, Clone, PartialEq)]
pub struct LogRow {
    /// What was written at the time of the call.
    pub entry: LogEntry,
    /// Where its event is by now: a row an app and consumer group; empty while it waits for its position.
    pub delivered: Vec<Delivered>,
}

/// An event's place in one app's feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivered {
    /// The app.
    pub app: Slug,
    /// Its position in the feed.
    pub position: i64,
    /// The consumer group; `None` when no group of that app has ever acknowledged anything.
    pub group: Option<String>,
    /// When the group acknowledged this position or a later one.
    pub applied_at: Option<DateTime<Utc>>,
}

/// One row on its own: `$1` tenant, `$2`… [`values`].
pub(crate) static INSERT: LazyLock<Sql> = LazyLock::new(|| {
    let numbers: Vec<String> = (2..2 + VALUES).map(|number| format!("${number}")).collect();
    Sql::insert(&format!(
        "INSERT INTO provisioning_log ({COLUMNS}) SELECT :tenant, {} :from",
        numbers.join(", ")
    ))
});

/// The values of a row, after the tenant.
///
/// # Errors
/// As [`json_text`].
pub(crate) fn values(entry: &LogEntry) -> Result<[Value; VALUES], StoreError> {
    let clean = |value: &Option<String>| text(value.as_deref().map(printable).as_deref());
    Ok([
        Value::from(entry.directory.uuid()),
        Value::from(entry.at.timestamp_millis()),
        Value::from(entry.request.uuid()),
        id(entry.resource.map(ResourceId::uuid)),
        text(entry.resource.map(ResourceId::type_name)),
        text(entry.external_id.as_deref().map(fit).as_deref()),
        clean(&entry.user_name),
        text(entry.user_name.as_deref().map(|name| fit(&fold(name))).as_deref()),
        Value::from(entry.action.as_str()),
        Value::from(entry.status.as_str()),
        clean(&entry.code),
        clean(&entry.detail),
        id(entry.event.map(EventId::uuid)),
        json_text(&entry.changed)?,
        Value::from(entry.token_id.as_str()),
        clean(&entry.trace_id),
    ])
}

/// PostgreSQL's text holds no NUL; a client may have sent one.
fn printable(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

/// The statement for a search and its values after the tenant.
pub(crate) fn search(query: &LogQuery) -> (Sql, Vec<Value>) {
    let mut values: Vec<Value> = Vec::new();
    let mut conditions = String::from("tenant_id = :tenant");
    let mut also = |condition: &str, value: Value| {
        values.push(value);
        conditions.push_str(&format!(" AND {condition} ${}", values.len() + 1));
    };
    if let Some(directory) = query.directory {
        also("directory_id =", Value::from(directory.uuid()));
    }
    if let Some(external_id) = &query.external_id {
        also("external_id =", Value::from(fit(external_id)));
    }
    if let Some(user_name) = &query.user_name {
        also("user_name_key =", Value::from(fit(&fold(user_name))));
    }
    if let Some(resource) = query.resource {
        also("identity_id =", Value::from(resource.uuid()));
    }
    if let Some(status) = query.status {
        also("status =", Value::from(status.as_str()));
    }
    if let Some(since) = query.since {
        also("at >=", Value::from(since.timestamp_millis()));
    }
    values.push(Value::from(i64::try_from(query.limit).unwrap_or(i64::MAX)));
    let keyed = query.external_id.is_some() || query.user_name.is_some() || query.resource.is_some();
    // Without a key, a time is what an index can be entered by.
    let by_time = query.since.is_some() && !keyed;
    let order = if by_time { "at DESC, id DESC" } else { "id DESC" };
    let select = format!(
        "SELECT outbox_id, directory_id, at, request_id, identity_id, resource_type, external_id, user_name, action, status, \
         code, detail, event_id, changed, token_id, trace_id FROM provisioning_log WHERE {conditions} ORDER BY {order} \
         LIMIT ${}",
        values.len() + 1
    );
    let sql = Sql::select(&select, Rows::Read);
    if keyed || by_time {
        return (sql, values);
    }
    // Newest first without a key or a time: PostgreSQL has the primary key for it, SQLite the row ids, if it may not take the
    // tenant's first index and sort everything.
    (
        sql.with_sqlite(|text| text.replace("tenant_id = $1", "+tenant_id = $1")),
        values,
    )
}

/// Reads a row of [`search`]: the id of its outbox row, and the entry.
pub(crate) fn read(row: &QueryResult) -> Result<(Option<i64>, LogEntry), StoreError> {
    let mut columns = Columns::of(row);
    let outbox = columns.next()?;
    let entry = LogEntry {
        directory: DirectoryId::from_uuid(columns.next()?),
        at: columns.time()?,
        request: RequestId::from_uuid(columns.next()?),
        resource: resource(columns.next()?, columns.next::<Option<String>>()?.as_deref()),
        external_id: columns.next()?,
        user_name: columns.next()?,
        action: columns.parsed("an action of the log", action)?,
        status: columns.parsed("a status of the log", status)?,
        code: columns.next()?,
        detail: columns.next()?,
        event: columns.next::<Option<uuid::Uuid>>()?.map(EventId::from_uuid),
        changed: serde_json::from_str(&columns.next::<String>()?).map_err(|_| {
            StoreError::Corrupt("the changed attributes of a log row are no JSON list".into())
        })?,
        token_id: columns.next()?,
        trace_id: columns.next()?,
    };
    Ok((outbox, entry))
}

/// Rows from before there were groups name no type.
fn resource(id: Option<uuid::Uuid>, type_name: Option<&str>) -> Option<ResourceId> {
    ResourceId::of_type(type_name.unwrap_or("User"), id?)
}

fn action(word: &str) -> Option<LogAction> {
    let all = [
        LogAction::Create,
        LogAction::Update,
        LogAction::Disable,
        LogAction::Reactivate,
        LogAction::Delete,
        LogAction::Other,
    ];
    all.into_iter().find(|action| action.as_str() == word)
}

fn status(word: &str) -> Option<LogStatus> {
    [
        LogStatus::Success,
        LogStatus::Skipped,
        LogStatus::Warning,
        LogStatus::Failure,
    ]
    .into_iter()
    .find(|status| status.as_str() == word)
}

/// Where the events of outbox rows are: `$1` their ids. Positions and groups hold no customer data.
pub(crate) static DELIVERIES: LazyLock<Sql> = LazyLock::new(|| {
    let of = |events: &str| {
        format!(
            "SELECT fe.outbox_id, app.name, fe.pos, g.grp, \
             (SELECT a.at FROM feed_ack a WHERE a.app_id = fe.app_id AND a.grp = g.grp AND a.pos >= fe.pos \
              ORDER BY a.pos LIMIT 1) \
             FROM {events} JOIN app ON app.id = fe.app_id LEFT JOIN feed_group g ON g.app_id = fe.app_id \
             ORDER BY app.name, g.grp"
        )
    };
    Sql::pair(
        &of(
            "unnest($1) w(id) CROSS JOIN LATERAL (SELECT * FROM feed_event x WHERE x.outbox_id = w.id OFFSET 0) fe",
        ),
        &of("json_each($1) w JOIN feed_event fe ON fe.outbox_id = w.value"),
    )
});

/// Reads the rows of [`DELIVERIES`], by outbox row.
pub(crate) fn read_deliveries(rows: &[QueryResult]) -> Result<HashMap<i64, Vec<Delivered>>, StoreError> {
    let mut found: HashMap<i64, Vec<Delivered>> = HashMap::new();
    for row in rows {
        let mut columns = Columns::of(row);
        let outbox = columns.next()?;
        let delivered = Delivered {
            app: columns.parsed("an app's name", |name| name.parse().ok())?,
            position: columns.next()?,
            group: columns.next()?,
            applied_at: columns.time_or_none()?,
        };
        found.entry(outbox).or_default().push(delivered);
    }
    Ok(found)
}
