//! Where the tasks of one process meet: the feeds' heads as far as this process has seen them, and who is told when
//! they move. Hints only; whoever wakes reads the database.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::id::AppId;
use domain::tenant::Slug;
use tokio::sync::watch;

/// One feed as last seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FeedHead {
    /// The app's name.
    pub name: Slug,
    /// The feed's newest position.
    pub head: i64,
}

/// The feeds by app.
pub(crate) type Heads = BTreeMap<AppId, FeedHead>;

/// The heads, watched.
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

    /// Follows the heads.
    pub fn heads(&self) -> watch::Receiver<Heads> {
        self.heads.subscribe()
    }

    /// Turns true when the process is about to end: long polls answer at once.
    pub fn closing(&self) -> watch::Receiver<bool> {
        self.closing.subscribe()
    }

    /// Lets everybody who waits go.
    pub fn close(&self) {
        self.closing.send_replace(true);
    }

    /// The head of one feed as last seen; 0 when unknown.
    pub fn head(&self, app: AppId) -> i64 {
        self.heads.borrow().get(&app).map_or(0, |known| known.head)
    }

    /// Takes in heads that moved; an unknown app waits for the next [`Notifier::replace`].
    pub fn advance(&self, moved: &[(AppId, i64)]) {
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

    /// Takes in the whole list of feeds as the database has it now.
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
    fn only_a_head_that_moves_wakes_anybody() {
        let notifier = Notifier::new();
        let app = AppId::from_uuid(uuid::Uuid::from_u128(1));
        notifier.replace(Heads::from([(
            app,
            FeedHead {
                name: "booking".parse().expect("a slug"),
                head: 3,
            },
        )]));
        let mut heads = notifier.heads();
        heads.mark_unchanged();
        notifier.advance(&[
            (app, 3),
            (app, 2),
            (AppId::from_uuid(uuid::Uuid::from_u128(2)), 9),
        ]);
        assert!(!heads.has_changed().expect("the notifier lives"));
        notifier.advance(&[(app, 4)]);
        assert!(heads.has_changed().expect("the notifier lives"));
        assert_eq!(notifier.head(app), 4);
    }
}
