//! The outbox side: stamping, feeds, acknowledgements, leases, pruning. Used by `crates/events`.
//!
//! Why positions and not ids, and why in two steps: ADR 0003; `docs/background/feeds.md`, "Order of commits".

use std::time::Duration;

use chrono::{DateTime, Utc};
use domain::id::{AppId, TenantId};
use domain::tenant::Slug;

use crate::error::StoreError;
use crate::settings::Backend;
use crate::statement::Built;
use crate::store::Store;
use crate::table::feed::Old;
use crate::table::names::{At, Before, Consumers, Limit, Millis, Name, OfApp, Owner, Position};
use crate::table::read::Columns;
use crate::table::{feed, lease, outbox};
use crate::tx::Tx;

/// Rows deleted in one transaction by [`Store::prune`].
const PRUNE_BATCH: usize = 2000;

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
        self.transact::<Tx, _, StoreError, _>((), move |tx| Box::pin(stamp(tx, max)))
            .await
    }

    /// All feeds, by name.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn feeds(&self) -> Result<Vec<Feed>, StoreError> {
        let rows = self.autocommit().all(&feed::ALL, ()).await?;
        rows.iter().map(feed::read).collect()
    }

    /// One app's feed.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn feed(&self, app: AppId) -> Result<Option<Feed>, StoreError> {
        let row = self.autocommit().one(&feed::BY_APP, OfApp(app)).await?;
        row.as_ref().map(feed::read).transpose()
    }

    /// At most `limit` events after a position, and the head.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn feed_page(&self, app: AppId, after: i64, limit: usize) -> Result<FeedPage, StoreError> {
        let place = (OfApp(app), Position(after));
        let mut tx = self.autocommit();
        let rows = tx.all(&feed::PAGE, (place, Limit(limit))).await?;
        let mut page = FeedPage::default();
        for row in &rows {
            let (event, head) = feed::read_event(row)?;
            page.head = head;
            page.events.push(event);
        }
        if page.events.is_empty() {
            let row = tx.one(&feed::HEAD, OfApp(app)).await?;
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
        self.change(&feed::SET_PUBLISHED, (OfApp(app), Position(position)))
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
        let ack = ((OfApp(app), Position(position)), Consumers(group), At(at));
        self.change(&feed::ACK, ack).await.map(|_| ())
    }

    /// Where each consumer group of an app stands, by name.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn acks(&self, app: AppId) -> Result<Vec<Ack>, StoreError> {
        let rows = self.autocommit().all(&feed::ACKS, OfApp(app)).await?;
        rows.iter().map(feed::read_ack).collect()
    }

    /// Takes or renews a lease, by the database's clock. `false`: somebody else holds it.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn lease(&self, name: &str, owner: &str, ttl: Duration) -> Result<bool, StoreError> {
        let millis = i64::try_from(ttl.as_millis()).unwrap_or(i64::MAX);
        let parameters = ((Name(name), Owner(owner)), Millis(millis));
        Ok(self.change(&lease::TAKE, parameters).await? > 0)
    }

    /// Gives a lease back, if it is this owner's.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn release_lease(&self, name: &str, owner: &str) -> Result<(), StoreError> {
        self.change(&lease::RELEASE, (Name(name), Owner(owner)))
            .await
            .map(|_| ())
    }

    /// What waits for the stamper.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn outbox_lag(&self) -> Result<OutboxLag, StoreError> {
        let row = self.autocommit().one(&outbox::LAG, ()).await?;
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

    async fn prune_all(&self, statement: &Built<Old>, before: DateTime<Utc>) -> Result<u64, StoreError> {
        let bound = statement.bind(self.backend(), (Before(before), Limit(PRUNE_BATCH)))?;
        let mut pruned = 0;
        loop {
            let bound = bound.clone();
            let gone = self
                .transact::<Tx, _, StoreError, _>((), move |tx| {
                    let bound = bound.clone();
                    Box::pin(async move {
                        open_outbox(tx).await?;
                        tx.change_by(&bound).await
                    })
                })
                .await?;
            pruned += gone;
            if gone < PRUNE_BATCH as u64 {
                return Ok(pruned);
            }
        }
    }
}

/// PostgreSQL: lets this transaction see the outbox of all tenants.
pub(crate) async fn open_outbox(tx: &mut Tx) -> Result<(), StoreError> {
    if tx.backend() == Backend::Postgres {
        tx.all(&feed::OPEN_OUTBOX, ()).await?;
    }
    Ok(())
}

async fn stamp(tx: &mut Tx, limit: usize) -> Result<Stamped, StoreError> {
    let stamped: i64 = match tx.backend() {
        Backend::Postgres => {
            tx.all(&feed::OPEN_OUTBOX_IN_ORDER, ()).await?;
            tx.all(&feed::LOCK_HEADS, ()).await?;
            let row = tx.one(&feed::STAMP, Limit(limit)).await?;
            row.as_ref().map_or(Ok(0), |row| Columns::of(row).next())?
        }
        Backend::Sqlite => {
            let row = tx.one(&feed::UNSTAMPED, Limit(limit)).await?;
            let waiting = row.as_ref().map_or(Ok(0), |row| Columns::of(row).next())?;
            if waiting > 0 {
                tx.change(&feed::STAMP, Limit(limit)).await?;
            }
            waiting
        }
    };
    let rows = tx.all(&feed::HEADS, ()).await?;
    let heads = rows.iter().map(|row| {
        let mut columns = Columns::of(row);
        Ok((AppId::from_uuid(columns.next()?), columns.next()?))
    });
    Ok(Stamped {
        stamped: usize::try_from(stamped).unwrap_or_default(),
        heads: heads.collect::<Result<Vec<_>, StoreError>>()?,
    })
}
