//! Everything that is kept, in PostgreSQL or SQLite.
//!
//! [`Store::read`] and [`Store::write`] open one tenant's data for a [`domain::scope::TenantScope`]; [`TenantTx`] is
//! what can be done there. Operators' records are changed by [`Store::audited`], each change with its row of the audit log. The few
//! reads and writes without a tenant are the methods of [`Store`]: credentials by their public id, operators' records, and the outbox
//! side (stamping, feeds, acknowledgements).
//!
//! Must not know: HTTP, Redis, SCIM messages. No type of the database driver appears in a public signature.
//!
//! Reading order: [`settings`], `engine` (connections, statements, transactions), `tables/*` (one file a table), [`list`] (filters).

pub mod admin_tx;
mod credential_guard;
mod engine;
pub mod error;
pub mod list;
pub mod settings;
mod store;
mod tables;
pub mod tenant_tx;

pub use admin_tx::AdminTx;
pub use credential_guard::CredentialGuard;
pub use engine::backup::RowCount;
pub use error::StoreError;
pub use futures_util::future::BoxFuture;
pub use list::merged::{AnyResource, TypeRequest};
pub use list::{ListRequest, PAGE_BYTES, Page, PageAt};
pub use settings::{Backend, Settings};
pub use store::Store;
pub use tables::app::AppPasswords;
pub use tables::audit::{AuditPlace, AuditQuery};
pub use tables::deployment::Deployment;
pub use tables::feed::{Ack, Feed, FeedEnds, FeedEvent, FeedGroup, FeedPage};
pub use tables::feed_heads::FeedHeads;
pub use tables::idempotency::{Claim, Claimed};
pub use tables::job::{Job, JobEnd, JobRow, NewJob};
pub use tables::log::{DeliveryStatus, LogPlace, LogQuery, LogRow};
pub use tables::member_change::MemberChange;
pub use tables::outbox::{OutboxLag, Stamped};
pub use tables::person::{FoundPerson, PersonKey};
pub use tables::prune::PruneReport;
pub use tables::release::ReleaseWalk;
pub use tables::resource::{StoredId, StoredResource};
pub use tables::session::Session;
pub use tenant_tx::{CreateOutcome, SaveOutcome, TenantTx};
