//! The stamper gives outbox rows their positions (trust.md B.2). It is woken by commits of this process and looks by
//! itself every [`Settings::poll`](crate::Settings::poll), because another process may have committed.
//!
//! The order and the locks are the store's (`store::Store::stamp`); here is only the rhythm. Any number of stampers
//! may run at once.

use std::time::Duration;

use store::{Store, StoreError};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until};

use crate::backoff::Backoff;
use crate::hub::{Heads, Hub, Known};
use crate::status::Board;

/// Rows in one transaction: enough to amortise the commit, few enough to keep the feeds' locks short.
const BATCH: usize = 500;
/// Commits that arrive within this time of each other are stamped together.
const GATHER: Duration = Duration::from_millis(5);

/// What the stamper works with.
#[derive(Debug)]
pub(crate) struct Stamper {
    pub store: Store,
    pub hub: Hub,
    pub board: Board,
    pub poll: Duration,
}

impl Stamper {
    /// Stamps until `stop` turns true; the batch at hand is finished first.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        let mut changed = self.store.changed();
        let mut backoff = Backoff::default();
        let mut look = Instant::now();
        while !*stop.borrow() {
            let pause = match self.round(&mut look).await {
                Ok(()) => {
                    backoff.succeeded();
                    self.board.update(|snapshot| snapshot.stamper_error = None);
                    GATHER
                }
                Err(error) => {
                    tracing::warn!(%error, "events wait for their positions; trying again");
                    self.board
                        .update(|snapshot| snapshot.stamper_error = Some(error.to_string()));
                    backoff.failed()
                }
            };
            tokio::select! {
                () = sleep(pause) => {}
                _ = stop.wait_for(|stop| *stop) => break,
            }
            tokio::select! {
                Ok(()) = changed.changed() => {}
                () = sleep_until(look + self.poll) => {}
                _ = stop.wait_for(|stop| *stop) => break,
            }
        }
    }

    /// Stamps everything there is; now and then also looks what other processes have stamped.
    async fn round(&self, look: &mut Instant) -> Result<(), StoreError> {
        loop {
            let stamped = self.store.stamp(BATCH).await?;
            self.hub.advance(&stamped.heads);
            if stamped.stamped < BATCH {
                break;
            }
        }
        if look.elapsed() >= self.poll || self.hub.heads().borrow().is_empty() {
            self.look_around().await?;
            *look = Instant::now();
        }
        Ok(())
    }

    async fn look_around(&self) -> Result<(), StoreError> {
        let feeds = self.store.feeds().await?;
        let heads: Heads = feeds
            .into_iter()
            .map(|feed| {
                (
                    feed.app,
                    Known {
                        name: feed.name,
                        head: feed.head,
                    },
                )
            })
            .collect();
        self.board.update(|snapshot| {
            snapshot.feeds.retain(|app, _| heads.contains_key(app));
            for (app, known) in &heads {
                let feed = snapshot.feeds.entry(*app).or_default();
                known.name.as_str().clone_into(&mut feed.app);
                feed.head = known.head;
            }
        });
        self.hub.replace(heads);
        Ok(())
    }
}
