//! The feed side: what leaves Usher, in which order, and how we know that it arrived (`docs/architecture.md`).
//!
//! The outbox row is there already, committed with the change it tells of. Here it gets its positions (`stamper`),
//! is appended to the feeds' Redis streams (`relay`), whose readers have a user each (`users`), can be read over HTTP ([`Feeds`]), and the readers'
//! acknowledgements come back into the database.
//!
//! Must not know: HTTP, SCIM. The database is the truth; Redis is a mirror of it that may be lost at any time.
//!
//! Reading order: `settings`, `stamper`, `relay/plan.rs` (the decisions, pure), `relay`, `stream/` (everything
//! that is said to Redis), [`Feeds`], [`run`]. The promises in plain words: `docs/reference/events.md`.

mod backoff;
mod feeds;
mod notifier;
mod relay;
mod retention;
mod settings;
mod stamper;
mod status;
mod stream;
mod supervisor;
mod users;

pub use feeds::{FeedError, Feeds, Page};
pub use settings::{RedisSettings, Settings};
pub use status::{FeedState, FeedStatus, GroupStatus, RedisStatus, Snapshot};
pub use stream::StreamKey;
pub use supervisor::{Events, SettingsError, run};
pub use users::{AppUser, Outcome, Users};
