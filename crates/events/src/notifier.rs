//! Notifies the tasks of one process: the feeds' newest positions as this process knows them, and the waiters
//! for a change of them. Only hints; a task that wakes up reads the database.

use std::collections::BTreeMap;
use std::sync::Arc;

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
    closing: Arc<watch::Sender<bool>>,
}

impl Notifier {
    pub fn new() -> Self {
        Self {
            heads: Arc::new(watch::Sender::new(Heads::new())),
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

    /// Replaces all feeds by those of the database.
    pub fn replace(&self, feeds: Heads) {
        self.heads.send_if_modified(|heads| {
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

    #[test]
    fn only_a_head_that_moves_wakes_a_waiter() {
        let notifier = Notifier::new();
        let app = AppId::from_uuid(uuid::Uuid::from_u128(1));
        let at = |number| Position::new(number).expect("from 0");
        notifier.replace(Heads::from([(
            app,
            FeedHead {
                name: "booking".parse().expect("a slug"),
                head: at(3),
            },
        )]));
        let mut heads = notifier.heads();
        heads.mark_unchanged();
        notifier.advance(&[
            (app, at(3)),
            (app, at(2)),
            (AppId::from_uuid(uuid::Uuid::from_u128(2)), at(9)),
        ]);
        assert!(!heads.has_changed().expect("the notifier lives"));
        notifier.advance(&[(app, at(4))]);
        assert!(heads.has_changed().expect("the notifier lives"));
        assert_eq!(notifier.head(app), at(4));
    }
}
