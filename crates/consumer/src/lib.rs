//! The reference consumer of an Usher feed: the code that a downstream team copies or depends on.
//!
//! It reads one app's feed over Redis Streams or over HTTP (one setting decides), passes the events to a
//! [`Sink`] in order and without gaps, and acknowledges what the sink has committed. Its rules ([`rule`]):
//!
//! 1. The sink stores an event's effect and its place (epoch and position) in one transaction; only then is it acknowledged.
//! 2. A position at or below the stored one was applied before: skipped.
//! 3. A position beyond the next one means a gap: the missing positions are read first.
//! 4. Of two events about one identity the one with the higher sequence wins; a deletion keeps its sequence.
//! 5. Memberships are stored by (group, member, sequence): [`membership`].
//! 6. Without a place, in another epoch, and when missing positions are no longer kept, a snapshot replaces what the sink has.
//!
//! Several workers may share one group and one store ([`settings::Sharing::Workers`]); 2 and 3 then hold for the place of
//! the last snapshot only, and 4 and 5 alone keep the tables right.
//!
//! Delivery is at least once: after a crash at any moment the same events come again, and change nothing.
//! This crate must know no crate of the server, only the feed's formats (`docs/reference/events.md`). Read
//! next: [`consume`], then `examples/booking.rs`, a whole service on top of it.
//!
//! Programs that use `https://` or `rediss://` install a rustls provider first, once, in `main`.

pub mod consume;
pub mod delivery;
pub mod error;
pub mod membership;
pub mod place;
pub mod rule;
pub mod settings;
pub mod sink;

mod http_feed;
mod redis_entry;
mod redis_stream;
mod snapshot;
mod source;

pub use consume::run;
pub use delivery::{Delivery, IdentityEvent, Kind};
pub use error::Error;
pub use membership::Memberships;
pub use place::Place;
pub use settings::{Feed, Settings, Sharing};
pub use sink::{Batch, Sink, SnapshotPage, Stored};
