//! `provisioning_log`: what was done to which resource, and which apps have its event by now.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use domain::credential::TokenId;
use domain::id::{DirectoryId, RequestId, ResourceId, TenantId};
use domain::log::{LogAction, LogEntry, LogStatus};
use domain::position::Position;
use domain::tenant::Slug;
use scim::resource::fold;
use uuid::Uuid;

use super::keys::fit;
use super::names::{Limit, OfRequest, OfTenant, OutboxRows};
use super::token::CHECK;
use crate::engine::executor::{Executor, read_all};
use crate::engine::parameter::{Json, Parameter, parameters};
use crate::engine::read::{Columns, Read, columns, known, record};
use crate::engine::retry_budget::Resend;
use crate::engine::statement::{Bound, Opens, Statement, of_tenant};
use crate::error::{Result, StoreError};
use crate::settings::Backend;
use crate::store::Store;
use crate::tenant_tx::TenantTx;

/// The columns that are written.
pub(crate) const COLUMNS: &str = "tenant_id, directory_id, at, request_id, identity_id, resource_type, external_id, \
                                  user_name, user_name_key, action, status, code, detail, event_id, changed, token_id, trace_id";

/// The values of [`COLUMNS`] after the tenant.
pub(crate) const VALUES: &str = ":log_directory, :log_at, :request, :resource, :resource_type, :log_external_id, \
                                 :user_name, :user_name_key, :action, :status, :code, :detail, :log_event, :changed, :token, :trace";

/// A search of the log: rows for which all that is given holds, newest first.
#[derive(Debug, Clone, Default)]
pub struct LogQuery {
    /// In this directory.
    pub directory: Option<DirectoryId>,
    /// About the identity with this `externalId` (Entra's objectId).
    pub external_id: Option<String>,
    /// About the identity with this `userName`, in any case.
    pub user_name: Option<String>,
    /// About this identity or group.
    pub resource: Option<ResourceId>,
    /// With this status.
    pub status: Option<LogStatus>,
    /// With this action.
    pub action: Option<LogAction>,
    /// Of this request.
    pub request: Option<RequestId>,
    /// Made with this token.
    pub token: Option<TokenId>,
    /// At this time or later.
    pub since: Option<DateTime<Utc>>,
    /// Before this time.
    pub until: Option<DateTime<Utc>>,
    /// Behind this row of the same search: the next page.
    pub after: Option<LogPlace>,
    /// The largest number of rows.
    pub limit: usize,
}

/// The place of a row in a search.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogPlace {
    /// The time of the row.
    pub at: DateTime<Utc>,
    /// Its number.
    pub number: i64,
}

/// One row of the log, and where its event is by now.
#[derive(Debug, Clone, PartialEq)]
pub struct LogRow {
    /// What was written at the time of the call.
    pub entry: LogEntry,
    /// Where a search goes on behind it.
    pub place: LogPlace,
    /// One for each app and consumer group; empty while the event waits for its position.
    pub deliveries: Vec<DeliveryStatus>,
}

/// An event's position in one app's feed, and when a consumer group of the app applied it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryStatus {
    /// The app.
    pub app: Slug,
    /// Its position in the feed.
    pub position: Position,
    /// The consumer group; `None` when no group of that app has ever acknowledged anything.
    pub group: Option<String>,
    /// When the group acknowledged this position or a later one.
    pub applied_at: Option<DateTime<Utc>>,
    /// Whether the queue delivered it to the group, applied or not.
    pub is_delivered: bool,
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

/// The columns of [`LogEntry`] behind the event's row and the row's own number.
const READ: &str = "outbox_id, id, directory_id, at, request_id, identity_id, resource_type, external_id, user_name, action, status, \
                    code, detail, event_id, changed, token_id, trace_id";

/// A condition that has an index: what compares with it, its column, its predicate, and whether the index carries the time.
struct Key {
    column: &'static str,
    name: &'static str,
    predicate: &'static str,
    is_timed: bool,
}

/// The keys, the most selective ones first. The first that is given opens its index, and the others are written so that they open
/// none (ADR 0029).
const KEYS: [Key; 8] = [
    key("identity_id", "resource", "", false),
    key("external_id", "external_id", "", false),
    key("user_name_key", "user_name_key", "", false),
    key("request_id", "request", "", false),
    key("token_id", "token", " AND token_id <> ''", true),
    key("status", "status", " AND status <> ''", true),
    key("action", "action", " AND action <> ''", true),
    key("directory_id", "directory", " AND at >= 0", true),
];

const fn key(column: &'static str, name: &'static str, predicate: &'static str, is_timed: bool) -> Key {
    Key {
        column,
        name,
        predicate,
        is_timed,
    }
}

/// The rows of a tenant that a search is about, newest first.
pub(crate) fn search(on: Backend, tenant: TenantId, query: &LogQuery) -> Result<Bound> {
    let user_name = query.user_name.as_deref().map(|name| fit(&fold(name)));
    let given = [
        query.resource.value(on)?,
        query.external_id.as_deref().map(fit).value(on)?,
        user_name.value(on)?,
        query.request.value(on)?,
        query.token.value(on)?,
        query.status.map(LogStatus::as_str).value(on)?,
        query.action.map(LogAction::as_str).value(on)?,
        query.directory.value(on)?,
    ];
    let mut values = vec![("tenant", tenant.value(on)?)];
    let mut conditions = Vec::new();
    let mut opened: Option<&Key> = None;
    for (key, value) in KEYS.iter().zip(given) {
        if value == value.as_null() {
            continue;
        }
        let Key {
            column,
            name,
            predicate,
            ..
        } = key;
        conditions.push(if opened.is_some() {
            format!(" AND NOT ({column} IS DISTINCT FROM :{name})")
        } else {
            opened = Some(key);
            format!(" AND {column} = :{name}{predicate}")
        });
        values.push((*name, value));
    }
    let times = [
        ("since", ">=", query.since.value(on)?),
        ("until", "<", query.until.value(on)?),
    ];
    let is_timed = times.iter().any(|(_, _, value)| *value != value.as_null());
    // Whether the index carries the time: that of a weak key, or, without a key, that of the time.
    let by_time = opened.map_or(is_timed, |key| key.is_timed);
    for (name, compares, value) in times {
        if value != value.as_null() {
            conditions.push(if by_time {
                format!(" AND at {compares} :{name}")
            } else {
                format!(" AND (at {compares} :{name}) IS TRUE")
            });
            values.push((name, value));
        }
    }
    let order = if by_time { "at DESC, id DESC" } else { "id DESC" };
    if let Some(place) = query.after {
        conditions.push(
            if by_time {
                " AND (at, id) < (:after_at, :after)"
            } else {
                " AND id < :after"
            }
            .to_owned(),
        );
        values.push(("after", place.number.value(on)?));
        if by_time {
            values.push(("after_at", place.at.value(on)?));
        }
    }
    let conditions = conditions.concat();
    values.push(("limit", query.limit.value(on)?));
    let tenant = match opened {
        // Its index does not begin with the tenant.
        Some(key) if key.column == "request_id" => of_tenant("tenant_id"),
        // Newest first without a key or a time: PostgreSQL has the primary key for it, SQLite the row ids, if it may not take the
        // tenant's first index and sort everything.
        None if !by_time => on
            .either("tenant_id = :tenant", "+tenant_id = :tenant")
            .to_owned(),
        _ => "tenant_id = :tenant".to_owned(),
    };
    let text = format!(
        "SELECT {READ} FROM provisioning_log WHERE {tenant}{conditions} ORDER BY {order} LIMIT :limit"
    );
    Bound::select(on, text, values)
}

/// The rows of a request, whoever's they are.
pub(crate) static OF_REQUEST: Statement<(OfRequest, Limit), (TenantId, Numbered)> = Statement::opening(
    Opens::All("outbox"),
    |_| {
        format!(
            "SELECT tenant_id, {READ} FROM provisioning_log WHERE request_id = :request ORDER BY id LIMIT :limit"
        )
    },
);

/// The row of its event, its own number, and the row.
type Numbered = (Option<i64>, (i64, LogEntry));

record!(LogEntry: directory at request resource external_id user_name action status code detail event changed token_id trace_id);

/// The id, then the type; rows from before there were groups name no type.
impl Read for Option<ResourceId> {
    fn read(columns: &mut Columns<'_>) -> Result<Self> {
        let (id, type_name): (Option<Uuid>, Option<String>) = columns.next()?;
        Ok(id.and_then(|id| ResourceId::of_type(type_name.as_deref().unwrap_or("User"), id)))
    }
}

columns! {
    Vec<String> = String => |text| {
        let list = serde_json::from_str(&text);
        list.map_err(|_| StoreError::Corrupt("the changed attributes of a log row are no JSON list".into()))
    };
    LogAction = String => |word| known("an action of the log", word.parse().ok());
    LogStatus = String => |word| known("a status of the log", word.parse().ok());
}

record!(DeliveryStatus: app position group applied_at is_delivered);

/// Where the events of outbox rows are. Positions and groups hold no customer data.
pub(crate) static DELIVERIES: Statement<OutboxRows, (i64, DeliveryStatus)> = Statement::new(|on| {
    let events = on.either(
            "unnest(:events) w(id) CROSS JOIN LATERAL (SELECT * FROM feed_event x WHERE x.outbox_id = w.id OFFSET 0) fe",
            "json_each(:events) w JOIN feed_event fe ON fe.outbox_id = w.value",
        );
    format!(
        "SELECT fe.outbox_id, app.name, fe.pos, g.grp, \
         (SELECT a.at FROM feed_ack a WHERE a.app_id = fe.app_id AND a.grp = g.grp AND a.pos >= fe.pos \
         ORDER BY a.pos LIMIT 1), coalesce(g.delivered >= fe.pos, false) \
         FROM {events} JOIN app ON app.id = fe.app_id LEFT JOIN feed_group g ON g.app_id = fe.app_id \
         ORDER BY app.name, g.grp"
    )
});

impl TenantTx {
    /// Writes a row of the provisioning log that no event belongs to.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn log(&mut self, entry: &LogEntry) -> Result<()> {
        if self.executor.is_unchecked() {
            self.executor.rows(&CHECK, self.tenant()).await?;
        }
        let insert = INSERT.bind(self.executor.backend(), (self.tenant(), entry), None)?;
        self.executor.change_by(&insert, Resend::IfRefused).await?;
        self.note_tenant_set();
        Ok(())
    }

    /// Searches the provisioning log; with each row, where its event is by now.
    ///
    /// # Errors
    /// As [`TenantTx::get`].
    pub async fn search_log(&mut self, query: &LogQuery) -> Result<Vec<LogRow>> {
        let search = search(self.executor.backend(), self.scope.tenant(), query)?;
        let found: Vec<Numbered> = read_all(&self.executor.rows_of(&search).await?)?;
        with_deliveries(&mut self.executor, found).await
    }
}

impl Store {
    /// At most `limit` rows of a request, each with its tenant: for operators who know a request's id and nothing else.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    pub async fn log_of_request(&self, request: RequestId, limit: usize) -> Result<Vec<(TenantId, LogRow)>> {
        let mut executor = self.autocommit();
        let found = executor
            .all(&OF_REQUEST, (OfRequest(request), Limit(limit)))
            .await?;
        let (tenants, found): (Vec<_>, Vec<_>) = found.into_iter().unzip();
        let rows = with_deliveries(&mut executor, found).await?;
        Ok(tenants.into_iter().zip(rows).collect())
    }
}

/// The rows, each with where its event is by now.
async fn with_deliveries(executor: &mut Executor, found: Vec<Numbered>) -> Result<Vec<LogRow>> {
    let events: Vec<i64> = found.iter().filter_map(|(outbox, _)| *outbox).collect();
    let mut deliveries: HashMap<i64, Vec<DeliveryStatus>> = HashMap::new();
    if !events.is_empty() {
        for (outbox, delivery) in executor.all(&DELIVERIES, OutboxRows(events)).await? {
            deliveries.entry(outbox).or_default().push(delivery);
        }
    }
    let row = |(outbox, (number, entry)): Numbered| LogRow {
        place: LogPlace { at: entry.at, number },
        entry,
        deliveries: outbox.and_then(|id| deliveries.remove(&id)).unwrap_or_default(),
    };
    Ok(found.into_iter().map(row).collect())
}
