//! The relay of one feed: database → Redis stream, in batches, by compare-and-append (ADR 0004, ADR 0016).
//!
//! One instance relays a feed at a time, under a lease; losing the lease is harmless, because a batch that
//! does not fit the stream's end is refused. The database decides what is delivered, Redis mirrors it.
//!
//! Read next: `plan.rs` and `judge.rs` (decisions), `send.rs` (a batch), `maintenance.rs` (a look at the stream, its group,
//! trimming), `state.rs` (what it says of itself), `trace.rs` (spans).

mod judge;
mod maintenance;
mod plan;
mod send;
mod state;
mod trace;

use std::sync::Arc;
use std::time::Duration;

use domain::clock::Clock;
use domain::feed::FeedState;
use domain::id::AppId;
use domain::position::Position;
use domain::tenant::Slug;
use store::{FeedPage, Store, StoreError};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};

use self::plan::{Cursor, missing, room};
use self::state::{Loss, Told};
use crate::backoff::{LAST, waits};
use crate::notifier::{Heads, Notifier};
use crate::settings::RedisSettings;
use crate::status::StatusRegistry;
use crate::stream::StreamKey;
use crate::stream::fault::Fault;
use crate::stream::key::EntryId;
use crate::stream::link::Link;
use crate::stream::remove::remove;

/// The most events of one append. `appendfsync always` syncs once for each append, so batches are needed
/// (`docs/background/feeds.md`, "Appending to a stream").
const BATCH: usize = 500;
/// The most bytes of one append: they must be sent within the response time-out, on a slow network, too.
const BATCH_BYTES: usize = 2 * 1024 * 1024;
/// The length of a lease, by the database's clock, and the interval of its renewal.
const LEASE: Duration = Duration::from_secs(10);
const RENEW: Duration = Duration::from_secs(3);
/// The interval at which an instance without the lease asks for it.
const ASK: Duration = Duration::from_secs(1);
/// The interval of maintenance while a group is behind, and while all are up to date.
const MAINTAIN_BUSY: Duration = Duration::from_millis(500);
const MAINTAIN_QUIET: Duration = Duration::from_secs(5);
/// If a group is behind and has not moved for this time, maintenance runs less often: a consumer that is away
/// for days costs next to nothing.
const STALLED_AFTER: Duration = Duration::from_secs(30);
/// The interval of attempts on a feed that only an operator can repair.
const PARKED: Duration = Duration::from_secs(5);
/// The interval at which progress is stored. It is for metrics and retention only: after a crash the stream
/// itself is read.
const NOTE: Duration = Duration::from_millis(500);

/// The reason why a round ended early.
#[derive(Debug, thiserror::Error)]
enum RoundError {
    #[error("the database: {0}")]
    Store(#[from] StoreError),
    #[error(transparent)]
    Redis(#[from] Fault),
    #[error(
        "the stream ends at {end}, which this database never gave out: somebody else writes to the stream, or the database is an \
         older copy. Remove the stream's key, or run `usher feed renew {app}`, to have it filled again"
    )]
    Foreign { end: EntryId, app: String },
    #[error(
        "another deployment ({deployment}) fills the stream: give each deployment a Redis or an environment of its own; it was not \
         touched. `usher feed renew {app}` takes it over"
    )]
    Theirs { deployment: String, app: String },
    #[error(
        "the stream has had a later epoch twice within ten minutes: another database fills it too (a restored copy runs beside this one, \
         or an old server was not stopped: stop it), or this one was restored twice. Then run `usher feed renew {app}` here"
    )]
    Contested { app: String },
    #[error("the app was deleted")]
    NoFeed,
}

/// The dependencies of a relay.
pub(crate) struct Setup {
    pub store: Store,
    pub clock: Arc<dyn Clock>,
    pub link: Link,
    pub notifier: Notifier,
    pub registry: StatusRegistry,
    pub redis: RedisSettings,
    pub owner: String,
}

/// The relay of one feed.
pub(crate) struct Relay {
    setup: Arc<Setup>,
    app: AppId,
    group: String,
    key: StreamKey,
    cursor: Option<Cursor>,
    /// What the app's group has acknowledged.
    acknowledged: Position,
    /// The stream's oldest entry as of the last look.
    first: Option<EntryId>,
    /// The id of this deployment, once it was read.
    deployment: Option<String>,
    /// When this relay last began an epoch because the stream had a later one.
    renewed_above: Option<Instant>,
    /// What the group did not get, until it has acknowledged it.
    loss: Option<Loss>,
    noted: Position,
    noted_at: Instant,
    maintained_at: Option<Instant>,
    /// The time of the last acknowledgement or the stream's last growth.
    moved_at: Instant,
    renewed_at: Option<Instant>,
    /// What this relay last noted of itself; `None` before that, and while another instance has the lease.
    told: Option<Told>,
}

impl Relay {
    /// A relay for the feed of this app; its group has the app's name.
    pub fn new(setup: Arc<Setup>, app: AppId, name: &Slug, key: StreamKey) -> Self {
        let group = name.to_string();
        let now = Instant::now();
        Self {
            setup,
            app,
            group,
            key,
            cursor: None,
            acknowledged: Position::START,
            first: None,
            deployment: None,
            renewed_above: None,
            loss: None,
            noted: Position::START,
            noted_at: now,
            maintained_at: None,
            moved_at: now,
            renewed_at: None,
            told: None,
        }
    }

    /// Relays until `stop` becomes true; finishes the current batch and releases the lease. Ends too when its app was deleted,
    /// after removing the stream.
    pub async fn run(mut self, mut stop: watch::Receiver<bool>) {
        let setup = Arc::clone(&self.setup);
        let mut heads = setup.notifier.heads();
        let mut returned = setup.link.returned();
        let mut pauses = waits();
        let app = self.app;
        let mut is_gone = false;
        let is_deleted = |heads: &watch::Receiver<Heads>| !heads.borrow().contains_key(&app);
        while !*stop.borrow() && !is_deleted(&heads) {
            heads.mark_unchanged();
            returned.mark_unchanged();
            match self.round(&stop).await {
                Ok(wait) => {
                    pauses = waits();
                    tokio::select! {
                        () = sleep(wait) => {}
                        Ok(()) = heads.changed(), if self.cursor.is_some() => {}
                        _ = stop.wait_for(|stop| *stop) => {}
                    }
                }
                // The supervisor starts no other one for an app that is gone.
                Err(RoundError::NoFeed) => {
                    is_gone = true;
                    break;
                }
                Err(error) => {
                    let wait = self.report(&error, &mut pauses).await;
                    tokio::select! {
                        () = sleep(wait) => {}
                        Ok(()) = returned.changed() => {}
                        _ = stop.wait_for(|stop| *stop) => {}
                    }
                }
            }
        }
        if (is_gone || is_deleted(&heads))
            && let Err(error) = self.remove_stream().await
        {
            tracing::warn!(app = self.group, %error, "the stream of a deleted app is still there");
        }
        self.release_lease().await;
    }

    /// What it wrote between the app's deletion and now.
    async fn remove_stream(&self) -> Result<(), RoundError> {
        let deployment = self.setup.store.deployment().await?;
        Ok(remove(&self.setup.link, &self.key, &deployment.id).await?)
    }

    /// Sends all stamped events, and runs maintenance if it is due. Returns how long to wait unless the
    /// feed's head moves.
    async fn round(&mut self, stop: &watch::Receiver<bool>) -> Result<Duration, RoundError> {
        if !self.acquire_lease().await? {
            self.cursor = None;
            self.loss = None;
            self.told = None;
            return Ok(ASK);
        }
        let cursor = match self.cursor {
            Some(cursor) => cursor,
            None => self.begin().await?,
        };
        if self
            .maintained_at
            .is_none_or(|at| at.elapsed() >= self.maintain_every(cursor))
        {
            self.maintain().await?;
        }
        let paused = self.drain(stop).await?;
        self.note().await?;
        let cursor = self.cursor.unwrap_or(cursor);
        if paused {
            let why = format!(
                "a group has not acknowledged since position {}: the stream is as long as it may be; events wait in the \
                 database until it does",
                self.acknowledged
            );
            self.tell(FeedState::Paused, Some(why)).await?;
        } else {
            let why = self.loss.as_ref().map(|loss| loss.why.clone());
            self.tell(FeedState::Running, why).await?;
        }
        Ok(self.maintain_every(cursor))
    }

    /// Takes or renews the lease.
    async fn acquire_lease(&mut self) -> Result<bool, StoreError> {
        if self.renewed_at.is_some_and(|at| at.elapsed() < RENEW) {
            return Ok(true);
        }
        let asked = Instant::now();
        let ours = self
            .setup
            .store
            .lease(&self.lease_name(), &self.setup.owner, LEASE)
            .await?;
        self.renewed_at = ours.then_some(asked);
        Ok(ours)
    }

    fn lease_name(&self) -> String {
        format!("relay:{}", self.key)
    }

    /// Reads the stream's end, after creating the group.
    async fn begin(&mut self) -> Result<Cursor, RoundError> {
        self.maintain().await?;
        Ok(self.cursor.unwrap_or_default())
    }

    fn maintain_every(&self, cursor: Cursor) -> Duration {
        let busy = self.acknowledged < cursor.done && self.moved_at.elapsed() < STALLED_AFTER;
        if busy { MAINTAIN_BUSY } else { MAINTAIN_QUIET }
    }

    /// Sends everything that is stamped. Returns true if it stopped because a group must acknowledge first.
    async fn drain(&mut self, stop: &watch::Receiver<bool>) -> Result<bool, RoundError> {
        let mut ready: Option<FeedPage> = None;
        while !*stop.borrow() && self.acquire_lease().await? {
            let Some(cursor) = self.cursor else { break };
            let room = room(
                cursor.done,
                self.acknowledged,
                self.setup.redis.max_unacknowledged,
            );
            let fits = |page: &FeedPage| {
                page.events
                    .first()
                    .is_some_and(|event| event.position == cursor.done.next())
            };
            let page = match ready.take().filter(fits) {
                Some(page) => page,
                None if self.setup.notifier.head(self.app) <= cursor.done => break,
                None => match self.setup.store.feed_page(self.app, cursor.done, BATCH).await? {
                    Some(page) => page,
                    None => break,
                },
            };
            if let Some((from, until)) = missing(cursor.done, self.acknowledged, page.ends.oldest)
                && self.lose(from, until).await?
            {
                continue;
            }
            if page.events.is_empty() {
                break;
            }
            if room == 0 {
                return Ok(true);
            }
            ready = self.send(cursor, &page, room).await?;
            if self.noted_at.elapsed() >= NOTE {
                self.note().await?;
            }
            if self.maintained_at.is_none_or(|at| at.elapsed() >= MAINTAIN_BUSY) {
                self.maintain().await?;
            }
        }
        Ok(false)
    }

    /// Tells a failure; returns the wait before the next attempt.
    async fn report(
        &mut self,
        error: &RoundError,
        pauses: &mut (impl Iterator<Item = Duration> + Send),
    ) -> Duration {
        let parked = match error {
            RoundError::Foreign { .. } | RoundError::Theirs { .. } | RoundError::Contested { .. } => true,
            RoundError::Redis(fault) => fault.needs_operator(),
            RoundError::Store(_) | RoundError::NoFeed => false,
        };
        let state = if parked {
            FeedState::Parked
        } else {
            FeedState::Retrying
        };
        if let Err(error) = self.tell(state, Some(error.to_string())).await {
            tracing::debug!(app = self.group, %error, "the state of the feed could not be noted");
        }
        // The state of the stream, groups included, must be read again.
        self.cursor = None;
        self.maintained_at = None;
        if parked {
            PARKED
        } else {
            pauses.next().unwrap_or(LAST)
        }
    }

    /// Stores progress and releases the lease; does not wait for a database that does not answer.
    async fn release_lease(&mut self) {
        let name = self.lease_name();
        let goodbye = async {
            self.note().await?;
            if self.renewed_at.is_some() {
                self.setup.store.release_lease(&name, &self.setup.owner).await?;
            }
            Ok::<(), StoreError>(())
        };
        if !matches!(timeout(RENEW, goodbye).await, Ok(Ok(()))) {
            tracing::debug!(
                lease = name,
                "the lease could not be given back; it ends by itself"
            );
        }
    }
}
