//! Giving out positions where apps have release policies (ADR 0050): which event gets one in which feed is decided by
//! `domain::release_policy`, of what the outbox has; the positions are written by one statement. [`super::outbox`] has the way without
//! policies, and the locks are the same.

use std::collections::BTreeMap;

use domain::id::{AppId, TenantId};
use domain::position::Position;
use serde_json::{Value, json};

use super::names::{Limit, OutboxRows, Payload};
use super::release::Stored;
use crate::engine::executor::Executor;
use crate::engine::read::{Columns, Read};
use crate::engine::statement::Statement;
use crate::error::Result;

/// Every feed, its head and its policy. PostgreSQL: no other transaction gives out positions until we commit. A statement of its own,
/// in the order of the ids (no deadlocks), so that the next statement sees everything the last holder committed (ADR 0003).
pub(crate) static FEEDS: Statement<(), Target> = Statement::new(|on| {
    let lock = on.either(" FOR UPDATE", "");
    format!("SELECT app_id, head, policy_revision, policy, policy_before FROM feed ORDER BY app_id{lock}")
});

/// The oldest unstamped rows.
pub(crate) static WAITING: Statement<Limit, Waiting> = Statement::new(|_| {
    "SELECT tenant_id, id, app_id, event_type, source, body FROM outbox WHERE NOT stamped ORDER BY id LIMIT :limit".into()
});

/// Positions (`:payload`) of rows (`:events`).
pub(crate) static FAN_OUT: Statement<(Payload, OutboxRows), i64> = Statement::new(|on| {
    on.either(
        "WITH t AS MATERIALIZED (SELECT * FROM json_to_recordset(:payload::json) AS t(app uuid, pos bigint, tenant uuid, id bigint)), \
         fanned AS (INSERT INTO feed_event (app_id, pos, tenant_id, outbox_id) SELECT t.app, t.pos, t.tenant, t.id FROM t), \
         heads AS (UPDATE feed SET head = h.head FROM (SELECT t.app, max(t.pos) AS head FROM t GROUP BY t.app) h \
         WHERE feed.app_id = h.app), \
         done AS (UPDATE outbox SET stamped = true WHERE NOT stamped AND id = ANY (:events)) SELECT count(*) FROM t",
        "INSERT INTO feed_event (app_id, pos, tenant_id, outbox_id) SELECT unhex(t.value ->> 'app'), t.value ->> 'pos', \
         unhex(t.value ->> 'tenant'), t.value ->> 'id' FROM json_each(:payload) t; \
         UPDATE feed SET head = h.head FROM (SELECT unhex(t.value ->> 'app') AS app, max(t.value ->> 'pos') AS head \
         FROM json_each(:payload) t GROUP BY 1) h WHERE feed.app_id = h.app; \
         UPDATE outbox SET stamped = 1 WHERE id IN (SELECT value FROM json_each(:events))",
    )
    .into()
});

/// A feed that events get positions in.
pub(crate) struct Target {
    app: AppId,
    head: Position,
    release: Stored,
}

impl Read for Target {
    fn read(columns: &mut Columns<'_>) -> Result<Self> {
        Ok(Self {
            app: columns.next()?,
            head: columns.next()?,
            release: columns.next()?,
        })
    }
}

/// A row without positions.
pub(crate) struct Waiting {
    tenant: TenantId,
    id: i64,
    /// The one app that it is for.
    only: Option<AppId>,
    event_type: String,
    source: String,
    body: String,
}

impl Read for Waiting {
    fn read(columns: &mut Columns<'_>) -> Result<Self> {
        Ok(Self {
            tenant: columns.next()?,
            id: columns.next()?,
            only: columns.next()?,
            event_type: columns.next()?,
            source: columns.next()?,
            body: columns.next()?,
        })
    }
}

/// Whether some app has, or had, a policy.
pub(crate) fn is_needed(feeds: &[Target]) -> bool {
    feeds.iter().any(|feed| feed.release.0.revision > 0)
}

/// Gives positions to the oldest `limit` rows; how many there were.
pub(crate) async fn stamp(executor: &mut Executor, limit: usize, feeds: &[Target]) -> Result<i64> {
    let mut waiting = executor.all(&WAITING, Limit(limit)).await?;
    waiting.sort_unstable_by_key(|row| row.id);
    if waiting.is_empty() {
        return Ok(0);
    }
    let positions = Value::from(positions(feeds, &waiting)).to_string();
    let ids: Vec<i64> = waiting.iter().map(|row| row.id).collect();
    executor
        .change(&FAN_OUT, (Payload(positions), OutboxRows(ids)))
        .await?;
    Ok(i64::try_from(waiting.len()).unwrap_or(i64::MAX))
}

/// The positions of each feed go on without a gap, in the order of the rows.
fn positions(feeds: &[Target], waiting: &[Waiting]) -> Vec<Value> {
    let mut heads: BTreeMap<AppId, Position> = feeds.iter().map(|feed| (feed.app, feed.head)).collect();
    let mut given = Vec::new();
    for row in waiting {
        for feed in feeds {
            let tells = || feed.release.0.tells(&row.event_type, &row.source, &row.body);
            if !row.only.map_or_else(tells, |only| only == feed.app) {
                continue;
            }
            let Some(head) = heads.get_mut(&feed.app) else {
                continue;
            };
            *head = head.next();
            given.push(json!({
                "app": feed.app.uuid().simple().to_string(),
                "pos": head.number(),
                "tenant": row.tenant.uuid().simple().to_string(),
                "id": row.id,
            }));
        }
    }
    given
}
