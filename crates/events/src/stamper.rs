//! The stamper gives outbox rows their positions (ADR 0003). Commits of this process wake it up, and it polls
//! every [`Settings::poll`](crate::Settings::poll), because another process may have committed.
//!
//! The order and the locks are the store's (`store::Store::stamp`); this module decides only when to stamp.
//! Any number of stampers may run at once.

use std::time::Duration;

use store::{Store, StoreError};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until};

use crate::backoff::{LAST, waits};
use crate::notifier::{FeedHead, Heads, Notifier};
use crate::status::StatusRegistry;

/// The most rows of one transaction: enough to amortise the commit, few enough to hold the feeds' locks
/// briefly.
const BATCH: usize = 500;
/// The wait for more commits after the first one, to stamp them together.
const GATHER: Duration = Duration::from_millis(5);

/// The dependencies of the stamper.
#[derive(Debug)]
pub(crate) struct Stamper {
    pub store: Store,
    pub notifier: Notifier,
    pub registry: StatusRegistry,
    pub poll: Duration,
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
            if stamped.renewed {
                tracing::warn!(
                    "the database came back as another one (a promoted replica or a restored backup): every feed has begun a new \
                     epoch, and its readers take a snapshot"
                );
            }
            self.notifier.advance(&stamped.heads);
            waiting = stamped.stamped >= BATCH;
        }
        Ok(())
    }

    /// Reads the feeds with the positions that other processes gave; returns whether rows are unstamped.
    async fn look_around(&self) -> Result<bool, StoreError> {
        let feeds = self.store.feeds().await?;
        let lag = self.store.outbox_lag().await?;
        let known = |feed: store::Feed| {
            (
                feed.app,
                FeedHead {
                    name: feed.name,
                    head: feed.head,
                },
            )
        };
        let heads: Heads = feeds.into_iter().map(known).collect();
        self.registry.update(|snapshot| {
            snapshot.unstamped = lag.unstamped;
            snapshot.oldest_unstamped = lag.oldest;
            snapshot.feeds.retain(|app, _| heads.contains_key(app));
            for (app, known) in &heads {
                let feed = snapshot.feeds.entry(*app).or_default();
                known.name.as_str().clone_into(&mut feed.app);
                feed.head = known.head;
            }
        });
        self.notifier.replace(heads);
        Ok(lag.unstamped > 0 || lag.moved)
    }
}
