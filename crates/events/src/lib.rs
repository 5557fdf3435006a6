//! The feeds: which events leave Usher, in which order, and how their arrival is known
//! (`docs/architecture.md`).
//!
//! The outbox row already exists, committed with its change. This crate gives it positions (`stamper`),
//! hears of those that other instances gave (`listener`), appends it to the feeds' Redis streams (`relay`), gives each reader of a stream a Redis user (`users`),
//! serves the same feeds for HTTP ([`Feeds`]), and stores the readers' acknowledgements in the database.
//!
//! Must not know: HTTP, SCIM. The database is authoritative; Redis is a mirror of it that may be lost at any
//! time.
//!
//! Reading order: `settings`, `stamper`, `relay/plan.rs` (the decisions, pure), `relay`, `stream/` (all
//! commands to Redis), [`Feeds`], [`run`]. The guarantees for apps: `docs/reference/events.md`.

mod backoff;
mod epoch;
mod feeds;
mod listener;
mod notifier;
mod read_limits;
mod relay;
mod settings;
mod snapshot;
mod stamper;
mod status;
mod stream;
mod supervisor;
mod users;

pub use feeds::{FeedError, Feeds, Read};
pub use read_limits::{ReadLimits, ReadPermit};
pub use settings::{RedisSettings, Settings};
pub use snapshot::{SnapshotPage, Sources};
pub use status::{FeedStatus, GroupStatus, RedisStatus, Snapshot};
pub use stream::StreamKey;
pub use supervisor::{Events, SettingsError, run};
pub use users::{AppUser, Outcome, Users};
