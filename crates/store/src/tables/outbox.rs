//! `outbox`: events as they were committed, until every feed has them and they are old.
//!
//! Its rows are written by the statements of [`super::resource`], always after the change that they are about. The stamper gives
//! them positions in every feed. Why positions and not ids, and why in two steps: ADR 0003;
//! `docs/background/feeds.md`, "Order of commits".

use std::marker::PhantomData;

use chrono::{DateTime, Utc};
use domain::event::Event;
use domain::id::AppId;
use domain::position::Position;
use serde_json::{Value, json};

use super::deployment::{self, IdentityFile, KnownIdentity};
use super::names::Limit;
use super::resource::Table;
use super::{fan_out, feed_heads};
use crate::engine::executor::Executor;
use crate::engine::parameter::{Bind, Json, Values, parameters};
use crate::engine::statement::{Opens, Statement};
use crate::error::{Result, StoreError};
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

/// The events of one change of a resource `R`. Several are about one subject, and travel as one value, in the order in which their
/// ids ascend.
pub(crate) struct Events<'e, R>(&'e [Event], PhantomData<fn() -> R>);

impl<'e, R> Events<'e, R> {
    pub(crate) fn of(events: &'e [Event]) -> Self {
        Self(events, PhantomData)
    }
}

impl<R: Table> Bind for Events<'_, R> {
    fn names(names: &mut Vec<&'static str>) {
        if R::SEVERAL_EVENTS {
            names.push("events");
        } else {
            <&Event>::names(names);
        }
    }

    /// # Errors
    /// [`StoreError::Refused`] unless their number is that of the resource's changes.
    fn bind(self, values: &mut Values) -> Result<()> {
        match (R::SEVERAL_EVENTS, self.0) {
            (true, events) => values.push(Json(&rows(events))),
            (false, [event]) => event.bind(values),
            (false, _) => Err(StoreError::Refused("this change has one event".to_owned())),
        }
    }
}

pub(crate) const COLUMNS: &str =
    "tenant_id, directory_id, identity_id, sequence, event_id, event_type, source, body, created_at";

/// An `INSERT … SELECT` of one event, if the change reached a row: its time is that of its log row. On PostgreSQL the change is
/// the part `i` of a `WITH`; on SQLite the statement before.
pub(crate) fn insert(on: Backend) -> String {
    let (tenant, rows) = on.either(("i.tenant_id", "FROM i"), (":tenant", "WHERE changes() > 0"));
    format!(
        "INSERT INTO outbox ({COLUMNS}) SELECT {tenant}, :directory, :subject, :sequence, :event, :event_type, :source, :body, \
         :log_at {rows}"
    )
}

fn rows(events: &[Event]) -> Vec<Value> {
    events.iter().map(row).collect()
}

/// An event as one value of a list.
pub(crate) fn row(event: &Event) -> Value {
    json!({
        "sequence": event.sequence,
        "id": event.id.uuid(),
        "hex": event.id.uuid().simple().to_string(),
        "type": event.event_type,
        "source": event.source,
        "body": event.body,
    })
}

/// As [`insert`], of several events about `:id`.
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

/// How many rows wait for the stamper, and since when; whether the database has another identity than when positions were last
/// given out.
type Waiting = ((i64, Option<DateTime<Utc>>), bool);

/// The identity is asked for on PostgreSQL; on SQLite a file knows.
pub(crate) static LAG: Statement<(), Waiting> = Statement::opening(Opens::All("outbox"), |on| {
    let moved = on.either(
        "(SELECT d.database_identity IS DISTINCT FROM database_identity() FROM deployment d)",
        "false",
    );
    format!("SELECT count(*), min(created_at), {moved} AS moved FROM outbox WHERE NOT stamped")
});

/// PostgreSQL: lets this transaction through the row-level security of the outbox.
pub(crate) static OPEN_OUTBOX: Statement<()> =
    Statement::new(|_| "SELECT set_config('usher.door', 'outbox', true)".into());

/// The same for the stamper, with the plan of [`STAMP`] pinned: oldest first, along the index of unstamped rows. When
/// the planner expects few rows (the policies hide how many), it sorts the whole backlog for every batch, or reads the
/// whole outbox (measured with 70,000 rows waiting: 80 ms and growing, against 20 ms). Answers the database's identity, now
/// and when positions were last given out.
pub(crate) static OPEN_OUTBOX_IN_ORDER: Statement<(), (String, Option<String>)> = Statement::new(|_| {
    "SELECT database_identity(), (SELECT d.database_identity FROM deployment d), \
     set_config('usher.door', 'outbox', true), set_config('enable_sort', 'off', true), set_config('jit', 'off', true)"
        .into()
});

/// Gives positions to the oldest unstamped rows, where no app has a release policy ([`super::fan_out`] where one has). What is for one
/// app alone is then for an app that is gone. PostgreSQL answers how many there were, SQLite changes rows.
pub(crate) static STAMP: Statement<Limit, i64> = Statement::new(|on| {
    let batch = "SELECT tenant_id, id, app_id FROM outbox WHERE NOT stamped ORDER BY id LIMIT :limit";
    on.either(
        format!(
            "WITH batch AS MATERIALIZED (SELECT b.*, count(*) FILTER (WHERE b.app_id IS NULL) OVER (ORDER BY b.id) AS n \
             FROM ({batch}) b), \
             fanned AS (INSERT INTO feed_event (app_id, pos, tenant_id, outbox_id) \
             SELECT f.app_id, f.head + b.n, b.tenant_id, b.id FROM feed f CROSS JOIN batch b WHERE b.app_id IS NULL), \
             heads AS (UPDATE feed SET head = head + (SELECT count(*) FROM batch WHERE app_id IS NULL) \
             WHERE EXISTS (SELECT 1 FROM batch)), \
             done AS (UPDATE outbox SET stamped = true WHERE NOT stamped AND id = ANY (ARRAY(SELECT id FROM batch))) \
             SELECT count(*) FROM batch"
        ),
        format!(
            "INSERT INTO feed_event (app_id, pos, tenant_id, outbox_id) SELECT f.app_id, \
             f.head + row_number() OVER (PARTITION BY f.app_id ORDER BY b.id), b.tenant_id, b.id \
             FROM feed f CROSS JOIN ({batch}) b WHERE b.app_id IS NULL; \
             UPDATE feed SET head = head + (SELECT count(*) FROM ({batch}) WHERE app_id IS NULL) WHERE EXISTS ({batch}); \
             UPDATE outbox SET stamped = 1 WHERE id IN (SELECT id FROM ({batch}))"
        ),
    )
});

/// SQLite: how many rows [`STAMP`] is going to change.
pub(crate) static UNSTAMPED: Statement<Limit, i64> =
    Statement::new(|_| "SELECT count(*) FROM (SELECT 1 FROM outbox WHERE NOT stamped LIMIT :limit)".into());

pub(crate) static HEADS: Statement<(), (AppId, Position)> =
    Statement::new(|_| "SELECT app_id, head FROM feed ORDER BY app_id".into());

/// What a run of the stamper did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Stamped {
    /// How many rows of the outbox got their positions.
    pub stamped: usize,
    /// The heads of all feeds afterwards.
    pub heads: Vec<(AppId, Position)>,
    /// Whether the database came back as another one (a promoted replica, a restored backup), so that every feed has begun
    /// another epoch before these positions were given out (ADR 0039).
    pub renewed: bool,
}

/// The backlog of rows without positions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OutboxLag {
    /// How many rows.
    pub unstamped: i64,
    /// When the oldest of them was committed.
    pub oldest: Option<DateTime<Utc>>,
    /// Whether the database is another one than when positions were last given out: [`Store::stamp`] is due, even without rows.
    pub moved: bool,
}

impl Store {
    /// Gives the oldest `max` unstamped rows of the outbox their positions in every feed: contiguous, from 1, and for
    /// one identity in the order of its revisions. Any number of processes may call this at once.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn stamp(&self, max: usize) -> Result<Stamped> {
        let known = self
            .inner
            .identity_file
            .as_ref()
            .and_then(IdentityFile::unchecked);
        let stamped = self
            .transaction(move |executor| {
                let known = known.clone();
                Box::pin(async move { stamp(executor, max, known.as_ref()).await })
            })
            .await?;
        if let Some(file) = &self.inner.identity_file {
            file.set_checked();
            if file.is_due() {
                self.note_identity(file).await;
            }
        }
        Ok(stamped)
    }

    /// What waits for the stamper.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn outbox_lag(&self) -> Result<OutboxLag> {
        let found = self.autocommit().one(&LAG, ()).await?;
        let ((unstamped, oldest), moved) = found.unwrap_or_default();
        let unchecked = self
            .inner
            .identity_file
            .as_ref()
            .and_then(IdentityFile::unchecked);
        Ok(OutboxLag {
            unstamped,
            oldest,
            moved: moved || unchecked.is_some(),
        })
    }
}

async fn stamp(executor: &mut Executor, limit: usize, file: Option<&KnownIdentity>) -> Result<Stamped> {
    let batch = || Limit(limit);
    let mut renewed = false;
    let stamped = match executor.backend() {
        Backend::Postgres => {
            let identity = executor.one(&OPEN_OUTBOX_IN_ORDER, ()).await?;
            let feeds = executor.all(&fan_out::FEEDS, ()).await?;
            if let Some((current, noted)) = identity
                && noted.as_ref() != Some(&current)
            {
                renewed = deployment::adopt(executor, &current, noted.is_some()).await?;
            }
            let stamped = if fan_out::is_needed(&feeds) {
                Some(fan_out::stamp(executor, limit, &feeds).await?)
            } else {
                executor.one(&STAMP, batch()).await?
            };
            if renewed || stamped > Some(0) {
                executor.one(&feed_heads::NOTIFY, ()).await?;
            }
            stamped
        }
        Backend::Sqlite => {
            if let Some(known) = file {
                renewed = deployment::check_file(executor, known).await?;
            }
            let waiting = executor.one(&UNSTAMPED, batch()).await?;
            if waiting > Some(0) {
                let feeds = executor.all(&fan_out::FEEDS, ()).await?;
                if fan_out::is_needed(&feeds) {
                    fan_out::stamp(executor, limit, &feeds).await?;
                } else {
                    executor.change(&STAMP, batch()).await?;
                }
            }
            waiting
        }
    };
    Ok(Stamped {
        stamped: usize::try_from(stamped.unwrap_or_default()).unwrap_or_default(),
        heads: executor.all(&HEADS, ()).await?,
        renewed,
    })
}
