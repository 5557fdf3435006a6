//! `provisioning_log`: what was done to which resource, and how far its event has come since.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use domain::id::{DirectoryId, EventId, RequestId, ResourceId, TenantId};
use domain::log::{LogAction, LogEntry, LogStatus};
use domain::position::Position;
use domain::tenant::Slug;
use scim::resource::fold;
use sea_orm::{QueryResult, Value};

use super::keys::fit;
use super::names::{OfTenant, OutboxRows};
use crate::engine::parameter::{Json, Parameter, parameters};
use crate::engine::read::Columns;
use crate::engine::statement::{Bound, Opens, Statement};
use crate::error::StoreError;
use crate::settings::Backend;
use crate::tenant_tx::TenantTx;

/// What is written of a row.
pub(crate) const COLUMNS: &str = "tenant_id, directory_id, at, request_id, identity_id, resource_type, external_id, \
                                  user_name, user_name_key, action, status, code, detail, event_id, changed, token_id, trace_id";

/// The values of [`COLUMNS`] after the tenant.
pub(crate) const VALUES: &str = ":log_directory, :log_at, :request, :resource, :resource_type, :log_external_id, \
                                 :user_name, :user_name_key, :action, :status, :code, :detail, :log_event, :changed, :token, :trace";

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
    pub position: Position,
    /// The consumer group; `None` when no group of that app has ever acknowledged anything.
    pub group: Option<String>,
    /// When the group acknowledged this position or a later one.
    pub applied_at: Option<DateTime<Utc>>,
}

parameters!(&LogEntry, |entry| {
    log_directory: entry.directory,
    log_at: entry.at,
    request: entry.request,
    resource: entry.resource,
    resource_type: entry.resource.map(ResourceId::type_name),
    log_external_id: entry.external_id.as_deref().map(fit),
    user_name: printable(entry.user_name.as_deref()),
    user_name_key: entry.user_name.as_deref().map(|name| fit(&fold(name))),
    action: entry.action.as_str(),
    status: entry.status.as_str(),
    code: printable(entry.code.as_deref()),
    detail: printable(entry.detail.as_deref()),
    log_event: entry.event,
    changed: Json(&entry.changed),
    token: entry.token_id,
    trace: printable(entry.trace_id.as_deref()),
});

/// One row that no event belongs to.
pub(crate) static INSERT: Statement<(OfTenant, &LogEntry)> =
    Statement::opening(Opens::TenantToInsert, |_| {
        format!("INSERT INTO provisioning_log ({COLUMNS}) SELECT :tenant, {VALUES}")
    });

/// SQLite: the row of an event, if the statement before wrote that.
pub(crate) fn then_insert() -> String {
    format!(
        "INSERT INTO provisioning_log ({COLUMNS}, outbox_id) SELECT :tenant, {VALUES}, last_insert_rowid() \
         WHERE changes() > 0"
    )
}

/// PostgreSQL's text holds no NUL; a client may have sent one.
fn printable(text: Option<&str>) -> Option<String> {
    text.map(|text| text.replace('\0', "\u{fffd}"))
}

/// The rows of a tenant that a search is about.
pub(crate) fn search(on: Backend, tenant: TenantId, query: &LogQuery) -> Result<Bound, StoreError> {
    let user_name_key = query.user_name.as_deref().map(|name| fit(&fold(name)));
    let asked = [
        (
            "directory_id =",
            "directory",
            query.directory.map(|id| id.uuid().into()),
        ),
        (
            "external_id =",
            "external_id",
            query.external_id.as_deref().map(|id| fit(id).into()),
        ),
        ("user_name_key =", "user_name_key", user_name_key.map(Value::from)),
        (
            "identity_id =",
            "resource",
            query.resource.map(|id| id.uuid().into()),
        ),
        (
            "status =",
            "status",
            query.status.map(|status| status.as_str().into()),
        ),
        (
            "at >=",
            "since",
            query.since.map(|since| since.timestamp_millis().into()),
        ),
    ];
    let mut values = vec![("tenant", tenant.value(on)?)];
    let mut conditions = String::new();
    for (condition, name, value) in asked {
        if let Some(value) = value {
            values.push((name, value));
            conditions.push_str(&format!(" AND {condition} :{name}"));
        }
    }
    values.push(("limit", query.limit.value(on)?));
    let keyed = query.external_id.is_some() || query.user_name.is_some() || query.resource.is_some();
    // Without a key, a time is what an index can be entered by.
    let by_time = query.since.is_some() && !keyed;
    let order = if by_time { "at DESC, id DESC" } else { "id DESC" };
    // Newest first without a key or a time: PostgreSQL has the primary key for it, SQLite the row ids, if it may not take the
    // tenant's first index and sort everything.
    let tenant = if keyed || by_time {
        "tenant_id"
    } else {
        on.either("tenant_id", "+tenant_id")
    };
    let text = format!(
        "SELECT outbox_id, directory_id, at, request_id, identity_id, resource_type, external_id, user_name, action, status, \
         code, detail, event_id, changed, token_id, trace_id FROM provisioning_log \
         WHERE {tenant} = :tenant{conditions} ORDER BY {order} LIMIT :limit"
    );
    Bound::select(on, text, values)
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
        token_id: columns.token_id()?,
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

/// Where the events of outbox rows are. Positions and groups hold no customer data.
pub(crate) static DELIVERIES: Statement<OutboxRows> = Statement::new(|on| {
    let events = on.either(
            "unnest(:events) w(id) CROSS JOIN LATERAL (SELECT * FROM feed_event x WHERE x.outbox_id = w.id OFFSET 0) fe",
            "json_each(:events) w JOIN feed_event fe ON fe.outbox_id = w.value",
        );
    format!(
        "SELECT fe.outbox_id, app.name, fe.pos, g.grp, \
         (SELECT a.at FROM feed_ack a WHERE a.app_id = fe.app_id AND a.grp = g.grp AND a.pos >= fe.pos \
         ORDER BY a.pos LIMIT 1) \
         FROM {events} JOIN app ON app.id = fe.app_id LEFT JOIN feed_group g ON g.app_id = fe.app_id \
         ORDER BY app.name, g.grp"
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
            position: columns.position()?,
            group: columns.next()?,
            applied_at: columns.time_or_none()?,
        };
        found.entry(outbox).or_default().push(delivered);
    }
    Ok(found)
}

impl TenantTx {
    /// Writes a row of the provisioning log that no event belongs to.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn log(&mut self, entry: &LogEntry) -> Result<(), StoreError> {
        if self.tx.is_unchecked() {
            self.tx.all(&super::token::CHECK, self.tenant()).await?;
        }
        self.tx.change_once(&INSERT, (self.tenant(), entry)).await?;
        self.tenant_set |= self.tx.is_open();
        Ok(())
    }

    /// Searches the provisioning log; with each row, how far its event has come.
    ///
    /// # Errors
    /// As [`TenantTx::get`].
    pub async fn search_log(&mut self, query: &LogQuery) -> Result<Vec<LogRow>, StoreError> {
        let search = search(self.tx.backend(), self.scope.tenant(), query)?;
        let rows = self.tx.all_of(&search).await?;
        let found = rows.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        let events: Vec<i64> = found.iter().filter_map(|(outbox, _)| *outbox).collect();
        let mut delivered = if events.is_empty() {
            HashMap::new()
        } else {
            read_deliveries(&self.tx.all(&DELIVERIES, OutboxRows(events)).await?)?
        };
        let row = |(outbox, entry): (Option<i64>, LogEntry)| LogRow {
            entry,
            delivered: outbox.and_then(|id| delivered.remove(&id)).unwrap_or_default(),
        };
        Ok(found.into_iter().map(row).collect())
    }
}
