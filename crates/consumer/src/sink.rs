//! The app's part: a store that applies events and remembers its position.

use crate::delivery::Delivery;
use std::future::Future;

/// Any error of the app's store; retried.
pub type SinkError = Box<dyn std::error::Error + Send + Sync>;

/// The app's own store. It serves one feed, and one [`crate::run`] at a time.
pub trait Sink {
    /// The last position whose effect is committed; 0 before the first.
    fn position(&mut self) -> impl Future<Output = Result<u64, SinkError>> + Send;

    /// Applies these events and stores the last one's position, all in ONE transaction, committed on return.
    ///
    /// An identity's stored state, and a deletion, keep the event's sequence; an event with the same or a
    /// lower one changes nothing ("greater", not "+1": a feed's release policy may leave revisions out).
    ///
    /// The deliveries are contiguous and begin right after [`Sink::position`]. An unusable event must not be
    /// an error, or it blocks the feed for ever: store it elsewhere (a dead letter) and go on. An error means
    /// "could not store now": the same events come again.
    fn apply(&mut self, deliveries: &[Delivery]) -> impl Future<Output = Result<(), SinkError>> + Send;
}
