//! The app's part: a store that applies events, remembers its place, and can be replaced by a snapshot.

use crate::delivery::Delivery;
use crate::place::Place;
use serde::Deserialize;
use serde_json::Value;
use std::future::Future;

/// Any error of the app's store; retried.
pub type SinkError = Box<dyn std::error::Error + Send + Sync>;

/// Events for one transaction.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    /// The place that must be the stored one.
    pub from: Place,
    /// The place to store. In a shared group it is equal to `from`: only a snapshot moves it.
    pub to: Place,
    /// The events. One reader gets them in order and without gaps, from the position after `from`; a worker of a
    /// shared group gets any that are after `from`.
    pub deliveries: Vec<Delivery>,
}

/// Whether a transaction was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stored {
    /// It is committed.
    Yes,
    /// Nothing was changed: another process has moved the place, or has begun a snapshot.
    Moved,
}

/// One page of a snapshot of the app's directories.
#[derive(Clone, Debug, Deserialize, PartialEq)]
pub struct SnapshotPage {
    /// Envelopes of the types `…synced.v1`: whole identities, whole groups, members of groups.
    pub events: Vec<Value>,
    /// The position after which events tell what the snapshot does not.
    pub position: u64,
    /// The epoch of that position.
    pub epoch: String,
    /// The cursor of the next page; `None` on the last one.
    pub next: Option<String>,
}

impl SnapshotPage {
    /// The place that holds once the last page is stored.
    pub fn place(&self) -> Place {
        Place {
            epoch: self.epoch.clone(),
            position: self.position,
        }
    }
}

/// The app's own store of one feed. Every method is one transaction, committed on return; a crash at any moment
/// leaves it as it was before.
pub trait Sink {
    /// The stored place; `None` in an empty store, and from the beginning of a snapshot to its last page.
    fn place(&mut self) -> impl Future<Output = Result<Option<Place>, SinkError>> + Send;

    /// If [`Batch::from`] is the stored place: applies the events and stores [`Batch::to`].
    ///
    /// An identity's stored state, and a deletion, keep the event's sequence; an event with the same or a
    /// lower one changes nothing ("greater", not "+1": sequences have gaps).
    ///
    /// An unusable event must not be an error, or it blocks the feed for ever: store it elsewhere (a dead letter)
    /// and go on. An error means "could not store now": the same events come again.
    fn apply(&mut self, batch: &Batch) -> impl Future<Output = Result<Stored, SinkError>> + Send;

    /// Begins a snapshot, unless another process is at one: forgets the place, so that whoever comes back after a
    /// crash begins a snapshot too. Gives a number that no earlier snapshot had.
    ///
    /// `None`: the stored place is not `stale` any more, or another consumer than `by` began a snapshot and stored a page
    /// of it within the last minute.
    fn begin_snapshot(
        &mut self,
        stale: Option<&Place>,
        by: &str,
    ) -> impl Future<Output = Result<Option<u64>, SinkError>> + Send;

    /// If `snapshot` is the number that was begun last: writes the page's rows whatever sequence the stored ones have,
    /// tombstones included. With the last page it also removes every row that the snapshot did not have, and stores
    /// [`SnapshotPage::place`].
    fn store_page(
        &mut self,
        snapshot: u64,
        page: &SnapshotPage,
    ) -> impl Future<Output = Result<Stored, SinkError>> + Send;
}
