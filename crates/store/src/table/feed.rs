//! `feed`, `feed_event`, `feed_group`, `feed_ack`: what each app may read, where, and how far it has come.

use domain::id::{AppId, TenantId};
use sea_orm::QueryResult;

use super::names::{At, Before, Consumers, CreatedAt, Limit, OfApp, Position};
use super::read::Columns;
use crate::error::StoreError;
use crate::feed::{Ack, Feed, FeedEvent};
use crate::statement::{Opens, Statement};

/// PostgreSQL: opens the outbox in a transaction.
pub(crate) static OPEN_OUTBOX: Statement<()> =
    Statement::new(|_| "SELECT set_config('usher.door', 'outbox', true)".into());

/// The same for the stamper, with the plan of [`STAMP`] pinned: oldest first, along the index of unstamped rows. Guessing
/// few rows (the policies hide how many), the planner sorts the whole backlog for every batch, or reads the whole outbox
/// (measured with 70,000 rows waiting: 80 ms and growing, against 20 ms).
pub(crate) static OPEN_OUTBOX_IN_ORDER: Statement<()> = Statement::new(|_| {
    "SELECT set_config('usher.door', 'outbox', true), set_config('enable_sort', 'off', true), \
         set_config('jit', 'off', true)"
        .into()
});

/// PostgreSQL, first: nobody else gives out positions until we commit. A statement of its own, in the order of the ids
/// (no deadlocks), so that the next statement sees everything the last holder committed (ADR 0003).
pub(crate) static LOCK_HEADS: Statement<()> =
    Statement::new(|_| "SELECT app_id FROM feed ORDER BY app_id FOR UPDATE".into());

/// PostgreSQL: as the stamper's lock, but against feeds that do not exist yet. `ROW SHARE`, which every `FOR UPDATE`
/// takes, waits for it.
pub(crate) static LOCK_FEEDS: Statement<()> = Statement::new(|_| "LOCK TABLE feed IN EXCLUSIVE MODE".into());

/// Gives positions to the oldest unstamped rows. PostgreSQL answers how many there were, SQLite changes rows.
pub(crate) static STAMP: Statement<Limit> = Statement::new(|on| {
    let batch = "SELECT tenant_id, id FROM outbox WHERE NOT stamped ORDER BY id LIMIT :limit";
    on.either(
            format!(
                "WITH batch AS MATERIALIZED (SELECT b.*, row_number() OVER (ORDER BY b.id) AS n FROM ({batch}) b), \
                 fanned AS (INSERT INTO feed_event (app_id, pos, tenant_id, outbox_id) \
                 SELECT f.app_id, f.head + b.n, b.tenant_id, b.id FROM feed f CROSS JOIN batch b), \
                 heads AS (UPDATE feed SET head = head + (SELECT count(*) FROM batch) WHERE EXISTS (SELECT 1 FROM batch)), \
                 done AS (UPDATE outbox SET stamped = true WHERE NOT stamped AND id = ANY (ARRAY(SELECT id FROM batch))) \
                 SELECT count(*) FROM batch"
            ),
            format!(
                "INSERT INTO feed_event (app_id, pos, tenant_id, outbox_id) SELECT f.app_id, \
                 f.head + row_number() OVER (PARTITION BY f.app_id ORDER BY b.id), b.tenant_id, b.id \
                 FROM feed f CROSS JOIN ({batch}) b; \
                 UPDATE feed SET head = head + (SELECT count(*) FROM ({batch})) WHERE EXISTS ({batch}); \
                 UPDATE outbox SET stamped = 1 WHERE id IN (SELECT id FROM ({batch}))"
            ),
        )
});

/// SQLite: how many rows [`STAMP`] is going to change.
pub(crate) static UNSTAMPED: Statement<Limit> =
    Statement::new(|_| "SELECT count(*) FROM (SELECT 1 FROM outbox WHERE NOT stamped LIMIT :limit)".into());

pub(crate) static HEADS: Statement<()> =
    Statement::new(|_| "SELECT app_id, head FROM feed ORDER BY app_id".into());

pub(crate) static INSERT: Statement<(OfApp, CreatedAt)> = Statement::new(|_| {
    "INSERT INTO feed (app_id, head, published, created_at) VALUES (:app, 0, 0, :created_at)".into()
});

/// A new feed's share of what is stamped already. Afterwards the head is set by [`SET_HEAD`].
pub(crate) static BACKFILL: Statement<OfApp> = Statement::new(|_| {
    "INSERT INTO feed_event (app_id, pos, tenant_id, outbox_id) \
         SELECT :app, row_number() OVER (ORDER BY id), tenant_id, id FROM outbox WHERE stamped"
        .into()
});

pub(crate) static SET_HEAD: Statement<OfApp> = Statement::new(|_| {
    "UPDATE feed SET head = (SELECT coalesce(max(pos), 0) FROM feed_event WHERE app_id = :app) WHERE app_id = :app"
            .into()
});

const FEEDS: &str =
    "SELECT feed.app_id, app.name, feed.head, feed.published FROM feed JOIN app ON app.id = feed.app_id";

pub(crate) static ALL: Statement<()> = Statement::new(|_| format!("{FEEDS} ORDER BY app.name"));

pub(crate) static BY_APP: Statement<OfApp> = Statement::new(|_| format!("{FEEDS} WHERE feed.app_id = :app"));

pub(crate) fn read(row: &QueryResult) -> Result<Feed, StoreError> {
    let mut columns = Columns::of(row);
    Ok(Feed {
        app: AppId::from_uuid(columns.next()?),
        name: columns.parsed("an app's name", |name| name.parse().ok())?,
        head: columns.next()?,
        published: columns.next()?,
    })
}

/// A place in an app's feed.
pub(crate) type Place = (OfApp, Position);

/// The rows after a place. `head` stands in each row; a page without rows needs [`HEAD`].
///
/// Positions have no gaps, so a page is bounded from above as well. Without that bound PostgreSQL reads and sorts the
/// bodies of everything that is left, at every page (measured: 134 ms against 3 ms with 40,000 events left).
pub(crate) static PAGE: Statement<(Place, Limit)> = Statement::opening(Opens::All("outbox"), |_| {
    "SELECT f.pos, o.event_type, o.tenant_id, o.source, o.sequence, o.body, \
         (SELECT head FROM feed WHERE app_id = :app) AS head FROM feed_event f \
         JOIN outbox o ON o.tenant_id = f.tenant_id AND o.id = f.outbox_id \
         WHERE f.app_id = :app AND f.pos > :position AND f.pos < :limit + \
         (SELECT min(n.pos) FROM feed_event n WHERE n.app_id = :app AND n.pos > :position) ORDER BY f.pos LIMIT :limit"
            .into()
});

pub(crate) static HEAD: Statement<OfApp> =
    Statement::new(|_| "SELECT head FROM feed WHERE app_id = :app".into());

pub(crate) static SET_PUBLISHED: Statement<Place> = Statement::new(|_| {
    "UPDATE feed SET published = :position WHERE app_id = :app AND published <> :position".into()
});

/// Reads a row of [`PAGE`]: the event and the head.
pub(crate) fn read_event(row: &QueryResult) -> Result<(FeedEvent, i64), StoreError> {
    let mut columns = Columns::of(row);
    let event = FeedEvent {
        position: columns.next()?,
        event_type: columns.next()?,
        tenant: TenantId::from_uuid(columns.next()?),
        source: columns.next()?,
        sequence: columns.next::<i64>().map(|sequence| format!("{sequence:020}"))?,
        body: columns.next()?,
    };
    Ok((event, columns.next()?))
}

/// Nothing happens unless the group has come further.
pub(crate) static ACK: Statement<(Place, Consumers<'_>, At)> = Statement::new(|on| {
    let group = "INSERT INTO feed_group (app_id, grp, pos, at) VALUES (:app, :group, :position, :at) \
                     ON CONFLICT (app_id, grp) DO UPDATE SET pos = excluded.pos, at = excluded.at \
                     WHERE feed_group.pos < excluded.pos";
    let history = "INSERT INTO feed_ack (app_id, grp, pos, at)";
    on.either(
            format!(
                "WITH g AS ({group} RETURNING app_id, grp, pos, at) {history} SELECT * FROM g ON CONFLICT DO NOTHING"
            ),
            format!(
                "{group}; {history} SELECT :app, :group, :position, :at WHERE changes() > 0 ON CONFLICT DO NOTHING"
            ),
        )
});

pub(crate) static ACKS: Statement<OfApp> =
    Statement::new(|_| "SELECT grp, pos, at FROM feed_group WHERE app_id = :app ORDER BY grp".into());

pub(crate) fn read_ack(row: &QueryResult) -> Result<Ack, StoreError> {
    let mut columns = Columns::of(row);
    Ok(Ack {
        group: columns.next()?,
        position: columns.next()?,
        at: columns.time()?,
    })
}

/// What is old, and how many rows of it at most.
pub(crate) type Old = (Before, Limit);

/// Nothing that its queue has not got goes (a feed whose `published` is 0 is read over HTTP only).
///
/// PostgreSQL looks at the first `:limit` positions of each feed, which are its oldest, and deletes by the place of the row
/// (`ctid`), here and below: none of these rows is ever updated again.
pub(crate) static PRUNE_FEEDS: Statement<Old> = Statement::new(|on| {
    on.either(
        "DELETE FROM feed_event WHERE ctid = ANY (ARRAY(SELECT f.place FROM feed CROSS JOIN LATERAL \
         (SELECT x.ctid AS place, x.tenant_id, x.outbox_id FROM feed_event x WHERE x.app_id = feed.app_id \
         AND (feed.published = 0 OR x.pos <= feed.published) ORDER BY x.pos LIMIT :limit) f CROSS JOIN LATERAL \
         (SELECT o.stamped, o.created_at FROM outbox o WHERE o.tenant_id = f.tenant_id AND o.id = f.outbox_id OFFSET 0) o \
         WHERE o.stamped AND o.created_at < :before LIMIT :limit))",
        "DELETE FROM feed_event WHERE (app_id, pos) IN (SELECT f.app_id, f.pos FROM feed_event f \
         JOIN feed ON feed.app_id = f.app_id JOIN outbox o ON o.tenant_id = f.tenant_id AND o.id = f.outbox_id \
         WHERE o.stamped AND o.created_at < :before AND (feed.published = 0 OR f.pos <= feed.published) LIMIT :limit)",
    ).into()
});

/// As [`PRUNE_FEEDS`]; only what no feed holds any more.
pub(crate) static PRUNE_OUTBOX: Statement<Old> = Statement::new(|on| {
    let old = "FROM outbox o WHERE o.stamped AND o.created_at < :before \
               AND NOT EXISTS (SELECT 1 FROM feed_event f WHERE f.outbox_id = o.id";
    on.either(
        format!(
            "DELETE FROM outbox WHERE ctid = ANY (ARRAY(SELECT o.ctid {old} OFFSET 0) ORDER BY o.created_at LIMIT :limit))"
        ),
        format!("DELETE FROM outbox WHERE (tenant_id, id) IN (SELECT o.tenant_id, o.id {old}) LIMIT :limit)"),
    )
});

/// As [`PRUNE_FEEDS`].
pub(crate) static PRUNE_LOG: Statement<Old> = Statement::new(|on| {
    on.either(
        "DELETE FROM provisioning_log WHERE ctid = ANY (ARRAY(SELECT l.place FROM tenant CROSS JOIN LATERAL \
         (SELECT x.ctid AS place FROM provisioning_log x WHERE x.tenant_id = tenant.id AND x.at < :before \
         ORDER BY x.at LIMIT :limit) l LIMIT :limit))",
        "DELETE FROM provisioning_log WHERE (tenant_id, id) IN \
         (SELECT tenant_id, id FROM provisioning_log WHERE at < :before LIMIT :limit)",
    )
    .into()
});

/// As [`PRUNE_FEEDS`].
pub(crate) static PRUNE_ACKS: Statement<Old> = Statement::new(|on| {
    on.either(
        "DELETE FROM feed_ack WHERE ctid = ANY (ARRAY(SELECT a.place FROM feed_group CROSS JOIN LATERAL \
         (SELECT x.ctid AS place, x.at FROM feed_ack x WHERE x.app_id = feed_group.app_id AND x.grp = feed_group.grp \
         ORDER BY x.pos LIMIT :limit) a WHERE a.at < :before LIMIT :limit))",
        "DELETE FROM feed_ack WHERE (app_id, grp, pos) IN (SELECT app_id, grp, pos FROM feed_ack WHERE at < :before LIMIT :limit)",
    ).into()
});
