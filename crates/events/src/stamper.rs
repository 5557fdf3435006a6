//! The stamper gives outbox rows their positions (ADR 0003). Commits of this process wake it up, and it polls
//! every [`Settings::poll`](crate::Settings::poll), because another process may have committed and died before it stamped.
//!
//! The order and the locks are the store's (`store::Store::stamp`); this module decides only when to stamp.
//! Any number of stampers may run at once.

use std::sync::Arc;
use std::time::Duration;

use domain::clock::Clock;
use domain::feed::FeedState;
use store::{Store, StoreError};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until};

use crate::backoff::{LAST, waits};
use crate::epoch;
use crate::notifier::{FeedHead, Heads, Notifier};
use crate::status::{FeedStatus, GroupStatus, StatusRegistry};

/// The most rows of one transaction: enough to amortise the commit, few enough to hold the feeds' locks
/// briefly.
const BATCH: usize = 500;
/// The wait for more commits after the first one, to stamp them together.
const GATHER: Duration = Duration::from_millis(5);

/// The dependencies of the stamper.
pub(crate) struct Stamper {
    pub store: Store,
    pub notifier: Notifier,
    pub registry: StatusRegistry,
    pub poll: Duration,
    pub clock: Arc<dyn Clock>,
    pub owner: String,
    /// Without Redis no relay says what feeds do.
    pub has_redis: bool,
}

impl Stamper {
    /// Stamps until `stop` becomes true; the current batch is finished first.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        let mut changed = self.store.changed();
        let mut pauses = waits();
        let mut look_at = Instant::now();
        let mut woken = true;
        while !*stop.borrow() {
            let pause = match self.round(woken, &mut look_at).await {
                Ok(()) => {
                    pauses = waits();
                    woken = false;
                    let mut failed = None;
                    self.registry
                        .update(|snapshot| failed = snapshot.stamper_error.take());
                    if failed.is_some() {
                        tracing::info!("events get their positions again");
                    }
                    GATHER
                }
                Err(error) => {
                    tracing::warn!(%error, "events wait for their positions; trying again");
                    woken = true;
                    self.registry
                        .update(|snapshot| snapshot.stamper_error = Some(error.to_string()));
                    pauses.next().unwrap_or(LAST)
                }
            };
            tokio::select! {
                () = sleep(pause) => {}
                _ = stop.wait_for(|stop| *stop) => break,
            }
            if woken {
                continue;
            }
            tokio::select! {
                Ok(()) = changed.changed() => woken = true,
                () = sleep_until(look_at) => {}
                _ = stop.wait_for(|stop| *stop) => break,
            }
        }
    }

    /// Stamps all rows. Without a wake-up it checks for rows first: an idle gateway takes no locks.
    async fn round(&self, woken: bool, look_at: &mut Instant) -> Result<(), StoreError> {
        let mut waiting = woken;
        if Instant::now() >= *look_at {
            waiting |= self.look_around().await?;
            *look_at = Instant::now() + self.poll;
        }
        while waiting {
            let stamped = self.store.stamp(BATCH).await?;
            epoch::tell(&stamped);
            self.notifier.advance(&stamped.heads);
            waiting = stamped.stamped >= BATCH;
        }
        Ok(())
    }

    /// Reads the feeds as other processes left them; returns whether rows are unstamped.
    async fn look_around(&self) -> Result<bool, StoreError> {
        let advances = self.notifier.advances();
        let mut feeds = self.store.feeds().await?;
        if !self.has_redis {
            self.forget_relays(&mut feeds).await?;
        }
        let lag = self.store.outbox_lag().await?;
        let all_groups = self.store.feed_groups().await?;
        let head = |feed: &store::Feed| FeedHead {
            name: feed.name.clone(),
            head: feed.head,
        };
        let heads: Heads = feeds.iter().map(|feed| (feed.app, head(feed))).collect();
        self.registry.update(|snapshot| {
            snapshot.unstamped = lag.unstamped;
            snapshot.oldest_unstamped = lag.oldest;
            snapshot.feeds.retain(|app, _| heads.contains_key(app));
            for feed in feeds {
                let groups = all_groups.iter().filter(|group| group.app == feed.app);
                let groups = groups.map(|group| GroupStatus {
                    group: group.group.clone(),
                    acknowledged: group.acknowledged,
                    delivered: group.delivered,
                    waiting_since: feed.waiting_since(group),
                });
                let groups = groups.collect();
                let status = snapshot.feeds.entry(feed.app).or_default();
                *status = FeedStatus {
                    app: feed.name.to_string(),
                    state: feed.state,
                    why: feed.warning(&all_groups),
                    since: feed.state_at,
                    epoch: Some(feed.epoch),
                    head: feed.head,
                    published: feed.published,
                    groups,
                    rewinds: status.rewinds,
                };
            }
        });
        self.notifier.replace(heads, advances);
        Ok(lag.unstamped > 0 || lag.moved)
    }

    /// A deployment that had Redis before and has none now: what its relays last noted is over.
    async fn forget_relays(&self, feeds: &mut [store::Feed]) -> Result<(), StoreError> {
        for feed in feeds.iter_mut().filter(|feed| feed.state != FeedState::Http) {
            (feed.state, feed.why) = (FeedState::Http, None);
            self.store
                .set_feed_state(feed.app, feed.state, None, &self.owner, self.clock.now())
                .await?;
        }
        Ok(())
    }
}
