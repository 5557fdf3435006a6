//! Notifies the tasks of one process: the feeds' newest positions as this process knows them, and the waiters
//! for a change of them. Only hints; a task that wakes up reads the database.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use domain::id::AppId;
use domain::position::Position;
use domain::tenant::Slug;
use tokio::sync::watch;

/// One feed as last read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FeedHead {
    /// The app's name.
    pub name: Slug,
    /// The feed's newest position.
    pub head: Position,
}

pub(crate) type Heads = BTreeMap<AppId, FeedHead>;

/// Publishes the newest positions and the shutdown.
#[derive(Debug, Clone)]
pub(crate) struct Notifier {
    heads: Arc<watch::Sender<Heads>>,
    /// How often [`Notifier::advance`] was called.
    advances: Arc<AtomicU64>,
    closing: Arc<watch::Sender<bool>>,
}

impl Notifier {
    pub fn new() -> Self {
        Self {
            heads: Arc::new(watch::Sender::new(Heads::new())),
            advances: Arc::default(),
            closing: Arc::new(watch::Sender::new(false)),
        }
    }

    /// A receiver of the newest positions.
    pub fn heads(&self) -> watch::Receiver<Heads> {
        self.heads.subscribe()
    }

    /// Becomes true when the process is about to end: long polls answer at once.
    pub fn closing(&self) -> watch::Receiver<bool> {
        self.closing.subscribe()
    }

    /// Wakes all waiters, for the end of the process.
    pub fn close(&self) {
        self.closing.send_replace(true);
    }

    /// The newest known position of one feed; the start if it is unknown.
    pub fn head(&self, app: AppId) -> Position {
        self.heads
            .borrow()
            .get(&app)
            .map_or(Position::START, |known| known.head)
    }

    /// Publishes newer positions; an unknown app is ignored until the next [`Notifier::replace`].
    pub fn advance(&self, moved: &[(AppId, Position)]) {
        self.heads.send_if_modified(|heads| {
            self.advances.fetch_add(1, Ordering::Relaxed);
            let mut any = false;
            for (app, head) in moved {
                if let Some(known) = heads.get_mut(app).filter(|known| known.head < *head) {
                    known.head = *head;
                    any = true;
                }
            }
            any
        });
    }

    /// How often feeds were advanced: for [`Notifier::replace`], asked before the database is read.
    pub fn advances(&self) -> u64 {
        self.advances.load(Ordering::Relaxed)
    }

    /// Replaces all feeds by those of the database. When some were advanced since `advances`, what was read may be older: no
    /// head goes back then.
    pub fn replace(&self, mut feeds: Heads, advances: u64) {
        self.heads.send_if_modified(|heads| {
            if self.advances() != advances {
                for (app, read) in &mut feeds {
                    let known = heads.get(app).map_or(Position::START, |known| known.head);
                    read.head = read.head.max(known);
                }
            }
            let changed = *heads != feeds;
            if changed {
                *heads = feeds;
            }
            changed
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const APP: AppId = AppId::from_uuid(uuid::Uuid::from_u128(1));

    fn at(number: i64) -> Position {
        Position::new(number).expect("from 0")
    }

    fn booking_at(number: i64) -> Heads {
        let name = "booking".parse().expect("a slug");
        let head = at(number);
        Heads::from([(APP, FeedHead { name, head })])
    }

    #[test]
    fn only_a_head_that_moves_wakes_a_waiter() {
        let notifier = Notifier::new();
        notifier.replace(booking_at(3), notifier.advances());
        let mut heads = notifier.heads();
        heads.mark_unchanged();
        let other = AppId::from_uuid(uuid::Uuid::from_u128(2));
        notifier.advance(&[(APP, at(3)), (APP, at(2)), (other, at(9))]);
        assert!(!heads.has_changed().expect("the notifier lives"));
        notifier.advance(&[(APP, at(4))]);
        assert!(heads.has_changed().expect("the notifier lives"));
        assert_eq!(notifier.head(APP), at(4));
    }

    #[test]
    fn a_head_goes_back_only_when_nothing_was_told_while_the_database_was_read() {
        let notifier = Notifier::new();
        notifier.replace(booking_at(3), notifier.advances());
        let before = notifier.advances();
        notifier.advance(&[(APP, at(5))]);
        notifier.replace(booking_at(4), before);
        assert_eq!(notifier.head(APP), at(5));
        notifier.replace(booking_at(4), notifier.advances());
        assert_eq!(notifier.head(APP), at(4));
    }
}
