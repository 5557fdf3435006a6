//! `outbox`: events as they were committed, until every feed has them and they are old.
//!
//! Its rows are written by the statements of [`super::identity`] and [`super::group`], always after the change
//! they are about. The stamper gives them positions in every feed. Why positions and not ids, and why in two steps: ADR 0003;
//! `docs/background/feeds.md`, "Order of commits".

use chrono::{DateTime, Utc};
use domain::event::Event;
use domain::id::AppId;
use domain::position::Position;
use serde_json::{Value, json};

use super::names::Limit;
use crate::engine::parameter::{Json, parameters};
use crate::engine::read::Columns;
use crate::engine::statement::{Opens, Statement};
use crate::engine::tx::Tx;
use crate::error::StoreError;
use crate::settings::Backend;
use crate::store::Store;

parameters!(&Event, |event| {
    subject: event.subject,
    sequence: event.sequence,
    event: event.id,
    event_type: event.event_type.as_str(),
    source: event.source.as_str(),
    body: event.body.as_str(),
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

parameters!(Events<'_>, |events| { events: Json(&events.rows()) });

impl Events<'_> {
    fn rows(&self) -> Vec<Value> {
        let row = |event: &Event| {
            json!({
                "sequence": event.sequence,
                "id": event.id.uuid(),
                "hex": event.id.uuid().simple().to_string(),
                "type": event.event_type,
                "source": event.source,
                "body": event.body,
            })
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

/// PostgreSQL, first: no other transaction gives out positions until we commit. A statement of its own, in the order of the ids
/// (no deadlocks), so that the next statement sees everything the last holder committed (ADR 0003).
pub(crate) static LOCK_HEADS: Statement<()> =
    Statement::new(|_| "SELECT app_id FROM feed ORDER BY app_id FOR UPDATE".into());

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

/// What a run of the stamper did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Stamped {
    /// How many rows of the outbox got their positions.
    pub stamped: usize,
    /// The heads of all feeds afterwards.
    pub heads: Vec<(AppId, Position)>,
}

/// What waits for the stamper.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OutboxLag {
    /// How many rows.
    pub unstamped: i64,
    /// When the oldest of them was committed.
    pub oldest: Option<DateTime<Utc>>,
}

impl Store {
    /// Gives the oldest `max` unstamped rows of the outbox their positions in every feed: contiguous, from 1, and for
    /// one identity in the order of its revisions. Any number of processes may call this at once.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn stamp(&self, max: usize) -> Result<Stamped, StoreError> {
        self.transact::<Tx, _, StoreError, _>((), move |tx| Box::pin(stamp(tx, max)))
            .await
    }

    /// What waits for the stamper.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn outbox_lag(&self) -> Result<OutboxLag, StoreError> {
        let row = self.autocommit().one(&LAG, ()).await?;
        let Some(row) = row else {
            return Ok(OutboxLag::default());
        };
        let mut columns = Columns::of(&row);
        Ok(OutboxLag {
            unstamped: columns.next()?,
            oldest: columns.time_or_none()?,
        })
    }
}

/// PostgreSQL: lets this transaction see the outbox of all tenants.
pub(crate) async fn open_outbox(tx: &mut Tx) -> Result<(), StoreError> {
    if tx.backend() == Backend::Postgres {
        tx.all(&OPEN_OUTBOX, ()).await?;
    }
    Ok(())
}

async fn stamp(tx: &mut Tx, limit: usize) -> Result<Stamped, StoreError> {
    let stamped: i64 = match tx.backend() {
        Backend::Postgres => {
            tx.all(&OPEN_OUTBOX_IN_ORDER, ()).await?;
            tx.all(&LOCK_HEADS, ()).await?;
            let row = tx.one(&STAMP, Limit(limit)).await?;
            row.as_ref().map_or(Ok(0), |row| Columns::of(row).next())?
        }
        Backend::Sqlite => {
            let row = tx.one(&UNSTAMPED, Limit(limit)).await?;
            let waiting = row.as_ref().map_or(Ok(0), |row| Columns::of(row).next())?;
            if waiting > 0 {
                tx.change(&STAMP, Limit(limit)).await?;
            }
            waiting
        }
    };
    let rows = tx.all(&HEADS, ()).await?;
    let heads = rows.iter().map(|row| {
        let mut columns = Columns::of(row);
        Ok((AppId::from_uuid(columns.next()?), columns.position()?))
    });
    Ok(Stamped {
        stamped: usize::try_from(stamped).unwrap_or_default(),
        heads: heads.collect::<Result<Vec<_>, StoreError>>()?,
    })
}
