//! The outbox side: stamping, feeds, acknowledgements, leases, pruning. Used by `crates/events`.
//!
//! Why positions and not ids, and why in two steps: ADR 0003; `docs/background/feeds.md`, "Order of commits".

use std::time::Duration;

use chrono::{DateTime, Utc};
use domain::id::{AppId, TenantId};
use domain::tenant::Slug;
use sea_orm::Value;

use crate::error::StoreError;
use crate::settings::Backend;
use crate::sql::Sql;
use crate::store::Store;
use crate::table::read::Columns;
use crate::table::{feed, lease, outbox};
use crate::tx::Tx;

/// Rows deleted in one transaction by [`Store::prune`].
const PRUNE_BATCH: i64 = 2000;

/// What a run of the stamper did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Stamped {
    /// How many rows of the outbox got their positions.
    pub stamped: usize,
    /// The heads of all feeds afterwards.
    pub heads: Vec<(AppId, i64)>,
}

/// One app's feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Feed {
    /// The app.
    pub app: AppId,
    /// Its name.
    pub name: Slug,
    /// The last position given out; 0 in the beginning.
    pub head: i64,
    /// The last position known to be in the app's queue.
    pub published: i64,
}

/// One event of a feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedEvent {
    /// Its position.
    pub position: i64,
    /// Its CloudEvents `type`.
    pub event_type: String,
    /// The tenant it belongs to.
    pub tenant: TenantId,
    /// Its CloudEvents `source`: the identity it is about.
    pub source: String,
    /// Its CloudEvents `sequence`: the identity's revision, 20 digits.
    pub sequence: String,
    /// The CloudEvents JSON text, as committed.
    pub body: String,
}

/// Some events of a feed, in the order of their positions.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FeedPage {
    /// The events.
    pub events: Vec<FeedEvent>,
    /// The last position of the feed; at least as great as that of any event here.
    pub head: i64,
}

/// How far a consumer group has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ack {
    /// The group.
    pub group: String,
    /// The last position it has applied; all before it too.
    pub position: i64,
    /// When it said so.
    pub at: DateTime<Utc>,
}

/// What waits for the stamper.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OutboxLag {
    /// How many rows.
    pub unstamped: i64,
    /// When the oldest of them was committed.
    pub oldest: Option<DateTime<Utc>>,
}

/// What [`Store::prune`] deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PruneReport {
    /// Events that every feed has let go of.
    pub events: u64,
    /// Rows of the provisioning log.
    pub log: u64,
    /// Remembered acknowledgements; where each group stands is kept.
    pub acks: u64,
}

impl Store {
    /// Gives the oldest `max` unstamped rows of the outbox their positions in every feed: contiguous, from 1, and for
    /// one identity in the order of its revisions. Any number of processes may call this at once.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn stamp(&self, max: usize) -> Result<Stamped, StoreError> {
        let max = i64::try_from(max).unwrap_or(i64::MAX);
        self.transact::<Tx, _, StoreError, _>((), move |tx| Box::pin(stamp(tx, max)))
            .await
    }

    /// All feeds, by name.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn feeds(&self) -> Result<Vec<Feed>, StoreError> {
        let rows = self
            .autocommit()
            .all_of(&format!("{} ORDER BY app.name", feed::FEEDS), Vec::new())
            .await?;
        rows.iter().map(feed::read).collect()
    }

    /// One app's feed.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn feed(&self, app: AppId) -> Result<Option<Feed>, StoreError> {
        let text = format!("{} WHERE feed.app_id = $1", feed::FEEDS);
        let rows = self
            .autocommit()
            .all_of(&text, vec![Value::from(app.uuid())])
            .await?;
        rows.first().map(feed::read).transpose()
    }

    /// At most `limit` events after a position, and the head.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn feed_page(&self, app: AppId, after: i64, limit: usize) -> Result<FeedPage, StoreError> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let values = vec![Value::from(app.uuid()), Value::from(after), Value::from(limit)];
        let mut tx = self.autocommit();
        let rows = tx.all(&feed::PAGE, values).await?;
        let mut page = FeedPage::default();
        for row in &rows {
            let (event, head) = feed::read_event(row)?;
            page.head = head;
            page.events.push(event);
        }
        if page.events.is_empty() {
            let row = tx.one(&feed::HEAD, vec![Value::from(app.uuid())]).await?;
            page.head = row.as_ref().map_or(Ok(0), |row| Columns::of(row).next())?;
        }
        page.events.sort_by_key(|event| event.position);
        Ok(page)
    }

    /// Notes how much of a feed its queue has.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn set_published(&self, app: AppId, position: i64) -> Result<(), StoreError> {
        let sql = Sql::same("UPDATE feed SET published = $2 WHERE app_id = $1 AND published <> $2");
        self.change(&sql, vec![Value::from(app.uuid()), Value::from(position)])
            .await
            .map(|_| ())
    }

    /// Notes that a consumer group has applied everything up to a position. A group never goes back.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when there is no such feed, [`StoreError::Unavailable`].
    pub async fn ack(
        &self,
        app: AppId,
        group: &str,
        position: i64,
        at: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let values = vec![
            Value::from(app.uuid()),
            Value::from(group),
            Value::from(position),
            Value::from(at.timestamp_millis()),
        ];
        self.change(&feed::ACK, values).await.map(|_| ())
    }

    /// Where each consumer group of an app stands, by name.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn acks(&self, app: AppId) -> Result<Vec<Ack>, StoreError> {
        let text = "SELECT grp, pos, at FROM feed_group WHERE app_id = $1 ORDER BY grp";
        let rows = self
            .autocommit()
            .all_of(text, vec![Value::from(app.uuid())])
            .await?;
        rows.iter().map(feed::read_ack).collect()
    }

    /// Takes or renews a lease, by the database's clock. `false`: somebody else holds it.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn lease(&self, name: &str, owner: &str, ttl: Duration) -> Result<bool, StoreError> {
        let millis = i64::try_from(ttl.as_millis()).unwrap_or(i64::MAX);
        let values = vec![Value::from(name), Value::from(owner), Value::from(millis)];
        Ok(self.change(&lease::TAKE, values).await? > 0)
    }

    /// Gives a lease back, if it is this owner's.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn release_lease(&self, name: &str, owner: &str) -> Result<(), StoreError> {
        self.change(&lease::RELEASE, vec![Value::from(name), Value::from(owner)])
            .await
            .map(|_| ())
    }

    /// What waits for the stamper.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn outbox_lag(&self) -> Result<OutboxLag, StoreError> {
        let row = self.autocommit().one(&outbox::lag(), Vec::new()).await?;
        let Some(row) = row else {
            return Ok(OutboxLag::default());
        };
        let mut columns = Columns::of(&row);
        Ok(OutboxLag {
            unstamped: columns.next()?,
            oldest: columns.time_or_none()?,
        })
    }

    /// Deletes events, log rows and remembered acknowledgements from before a time, in small transactions. An event
    /// stays until every feed with a queue has it there.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]; what was deleted until then stays deleted.
    pub async fn prune(&self, before: DateTime<Utc>) -> Result<PruneReport, StoreError> {
        self.prune_all(&feed::PRUNE_FEEDS, before).await?;
        Ok(PruneReport {
            events: self.prune_all(&feed::PRUNE_OUTBOX, before).await?,
            log: self.prune_all(&feed::PRUNE_LOG, before).await?,
            acks: self.prune_all(&feed::PRUNE_ACKS, before).await?,
        })
    }

    async fn prune_all(&self, sql: &'static Sql, before: DateTime<Utc>) -> Result<u64, StoreError> {
        let mut pruned = 0;
        loop {
            let values = vec![Value::from(before.timestamp_millis()), Value::from(PRUNE_BATCH)];
            let gone = self
                .transact::<Tx, _, StoreError, _>((), move |tx| {
                    let values = values.clone();
                    Box::pin(async move {
                        open_outbox(tx).await?;
                        tx.change(sql, values).await
                    })
                })
                .await?;
            pruned += gone;
            if gone < PRUNE_BATCH.unsigned_abs() {
                return Ok(pruned);
            }
        }
    }
}

/// PostgreSQL: lets this transaction see the outbox of all tenants.
pub(crate) async fn open_outbox(tx: &mut Tx) -> Result<(), StoreError> {
    if tx.backend() == Backend::Postgres {
        tx.all_of(feed::OPEN_OUTBOX, Vec::new()).await?;
    }
    Ok(())
}

async fn stamp(tx: &mut Tx, max: i64) -> Result<Stamped, StoreError> {
    let stamped: i64 = match tx.backend() {
        Backend::Postgres => {
            tx.all_of(feed::OPEN_OUTBOX_IN_ORDER, Vec::new()).await?;
            tx.all_of(feed::LOCK_HEADS, Vec::new()).await?;
            let row = tx.one(&feed::STAMP, vec![Value::from(max)]).await?;
            row.as_ref().map_or(Ok(0), |row| Columns::of(row).next())?
        }
        Backend::Sqlite => {
            let text = "SELECT count(*) FROM (SELECT 1 FROM outbox WHERE NOT stamped LIMIT $1)";
            let row = tx.all_of(text, vec![Value::from(max)]).await?;
            let waiting = row.first().map_or(Ok(0), |row| Columns::of(row).next())?;
            if waiting > 0 {
                tx.change(&feed::STAMP, vec![Value::from(max)]).await?;
            }
            waiting
        }
    };
    let rows = tx
        .all_of("SELECT app_id, head FROM feed ORDER BY app_id", Vec::new())
        .await?;
    let heads = rows.iter().map(|row| {
        let mut columns = Columns::of(row);
        Ok((AppId::from_uuid(columns.next()?), columns.next()?))
    });
    Ok(Stamped {
        stamped: usize::try_from(stamped).unwrap_or_default(),
        heads: heads.collect::<Result<Vec<_>, StoreError>>()?,
    })
}
