//! Reading a feed without Redis: pages by position, long polls, acknowledgements
//! (`docs/reference/events.md`). The stream has the same positions and events, because it is filled from the
//! same rows.
//!
//! Must not know: HTTP. `crates/http/src/feeds` is the HTTP interface.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::clock::Clock;
use domain::id::AppId;
use domain::position::Position;
use store::{FeedPage, Store, StoreError};
use tokio::time::{Instant, timeout_at};

use crate::notifier::Notifier;

/// The most events of one page.
const MAX_PAGE: usize = 500;
/// The longest wait of a read.
const MAX_WAIT: Duration = Duration::from_secs(25);
/// The most waiting reads of one app.
const MAX_WAITERS: usize = 100;
/// The interval at which a waiting read checks the feed without a wake-up, and whether it is still allowed to
/// wait.
const LOOK: Duration = Duration::from_secs(2);

/// The reason why a feed could not be read or acknowledged.
#[derive(Debug, thiserror::Error)]
pub enum FeedError {
    /// The limit of waiting reads of this app is reached.
    #[error(
        "{MAX_WAITERS} reads of this feed are waiting already: use one reader, or ask without waiting (wait=0)"
    )]
    TooManyWaiters,
    /// An acknowledgement beyond the feed's end.
    #[error(
        "position {position} has not been given out: the feed ends at {head}; acknowledge a position you have read"
    )]
    AckAheadOfFeed {
        /// The position that the reader acknowledged.
        position: Position,
        /// The feed's newest position.
        head: Position,
    },
    /// A cursor beyond the feed's end: the reader's position comes from another database.
    #[error(
        "the feed ends at {head}, before your position {after}: this is another or an older database; start over from \
         position 0"
    )]
    AheadOfFeed {
        /// The position that the reader passed as `after`.
        after: Position,
        /// The feed's newest position.
        head: Position,
    },
    /// Events after the reader's position were deleted after their retention.
    #[error(
        "the events between {after} and {oldest} are past their retention: start over from position 0 with what is still \
         there, and keep up with the feed from then on"
    )]
    PastRetention {
        /// The position that the reader passed as `after`.
        after: Position,
        /// The oldest position that is kept.
        oldest: Position,
    },
    /// An acknowledgement for a group that does not exist.
    #[error("the feed of {app} has one group, {app:?}: acknowledge for that one")]
    UnknownGroup {
        /// The app's name, which is also the group's name.
        app: String,
    },
    /// The feed does not exist.
    #[error("there is no such feed")]
    NoFeed,
    /// The database failed; a retry may succeed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The reading side of all feeds. Cheap to clone; one for each process.
#[derive(Clone)]
pub struct Feeds {
    store: Store,
    clock: Arc<dyn Clock>,
    notifier: Notifier,
    waiters: Arc<Mutex<HashMap<AppId, usize>>>,
}

impl std::fmt::Debug for Feeds {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Feeds").finish_non_exhaustive()
    }
}

impl Feeds {
    pub(crate) fn new(store: Store, clock: Arc<dyn Clock>, notifier: Notifier) -> Self {
        Self {
            store,
            clock,
            notifier,
            waiters: Arc::default(),
        }
    }

    /// The events after a position: at once if there are some, otherwise as soon as there are, or after
    /// `wait` (cut to 25 s) with an empty page. `limit` is cut to 1–500. A waiting read calls `still_allowed`
    /// every two seconds, and before it answers.
    ///
    /// # Errors
    /// [`FeedError::TooManyWaiters`], [`FeedError::AheadOfFeed`], [`FeedError::NoFeed`], the database failed,
    /// or an error of `still_allowed`.
    pub async fn read<E: From<FeedError>>(
        &self,
        app: AppId,
        after: Position,
        limit: usize,
        wait: Duration,
        still_allowed: impl AsyncFn() -> Result<(), E>,
    ) -> Result<FeedPage, E> {
        let deadline = Instant::now() + wait.min(MAX_WAIT);
        let mut heads = self.notifier.heads();
        let mut closing = self.notifier.closing();
        let mut permit: Option<WaiterPermit> = None;
        loop {
            heads.mark_unchanged();
            let page = self.page(app, after, limit).await?;
            if permit.is_some() {
                still_allowed().await?;
            }
            if !page.events.is_empty() || Instant::now() >= deadline || *closing.borrow() {
                return Ok(page);
            }
            if permit.is_none() {
                permit = Some(self.permit(app)?);
            }
            let look = deadline.min(Instant::now() + LOOK);
            let moved = async {
                tokio::select! {
                    _ = heads.wait_for(|heads| heads.get(&app).is_some_and(|known| known.head > after)) => {}
                    _ = closing.wait_for(|closing| *closing) => {}
                }
            };
            // A time-out is not an error: the database is read again.
            let _ = timeout_at(look, moved).await;
        }
    }

    /// The events after a position, without waiting.
    async fn page(&self, app: AppId, after: Position, limit: usize) -> Result<FeedPage, FeedError> {
        let page = self.store.feed_page(app, after, limit.clamp(1, MAX_PAGE)).await?;
        let page = page.ok_or(FeedError::NoFeed)?;
        if after > page.ends.head {
            return Err(FeedError::AheadOfFeed {
                after,
                head: page.ends.head,
            });
        }
        // From 0 a reader gets the events that are kept; from any other position a gap must be an error.
        let oldest = page.events.first().map(|event| event.position);
        if let Some(oldest) = oldest.filter(|oldest| after > Position::START && *oldest > after.next()) {
            return Err(FeedError::PastRetention { after, oldest });
        }
        Ok(page)
    }

    /// Stores that an app's group has applied everything up to `position`, and returns the stored position:
    /// one lower than before changes nothing. `group` is the app's name.
    ///
    /// # Errors
    /// [`FeedError::UnknownGroup`], [`FeedError::AckAheadOfFeed`], [`FeedError::NoFeed`], or the database failed.
    pub async fn acknowledge(
        &self,
        app: AppId,
        group: &str,
        position: Position,
    ) -> Result<Position, FeedError> {
        let feed = self.store.feed(app).await?.ok_or(FeedError::NoFeed)?;
        if group != feed.name.as_str() {
            return Err(FeedError::UnknownGroup {
                app: feed.name.to_string(),
            });
        }
        if position > feed.head {
            return Err(FeedError::AckAheadOfFeed {
                position,
                head: feed.head,
            });
        }
        self.store.ack(app, group, position, self.clock.now()).await?;
        let acks = self.store.acks(app).await?;
        let remembered = acks
            .into_iter()
            .find(|ack| ack.group == group)
            .map_or(position, |ack| ack.position);
        Ok(remembered)
    }

    fn permit(&self, app: AppId) -> Result<WaiterPermit, FeedError> {
        let mut waiters = self.waiters.lock().unwrap_or_else(PoisonError::into_inner);
        let count = waiters.entry(app).or_default();
        if *count >= MAX_WAITERS {
            return Err(FeedError::TooManyWaiters);
        }
        *count += 1;
        Ok(WaiterPermit {
            waiters: Arc::clone(&self.waiters),
            app,
        })
    }
}

/// A waiting read's share of the limit; released on drop, also if the client disconnects.
struct WaiterPermit {
    waiters: Arc<Mutex<HashMap<AppId, usize>>>,
    app: AppId,
}

impl Drop for WaiterPermit {
    fn drop(&mut self) {
        let mut waiters = self.waiters.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = waiters.get_mut(&self.app) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                waiters.remove(&self.app);
            }
        }
    }
}
