//! Everything that is kept: PostgreSQL and SQLite behind one door.
//!
//! [`Store::read`] and [`Store::write`] open one tenant's data for a [`domain::scope::TenantScope`]; [`TenantTx`] is
//! what can be done there. The few reads and writes without a tenant are the methods of [`Store`]: credentials by their
//! public id, operators' records, and the outbox side (stamping, feeds, acknowledgements).
//!
//! Must not know: HTTP, Redis, SCIM messages. No type of the database driver appears in a public signature.
//!
//! Reading order: [`settings`] and `connect` (opening), `wire` and `tx` (one statement), `run`, `transaction` and `group`
//! (transactions, retries, SQLite's group commit), `writes` (whether writing works), [`tenant_tx`] and `table/*` (one file a table), [`list`] (filters), [`feed`] (the outbox
//! side), [`records`] (operators' records).

mod connect;
pub mod error;
mod fair_queue;
pub mod feed;
mod group_commit;
mod idle_connections;
pub mod list;
mod migrate;
mod parameter;
pub mod records;
mod retry_budget;
mod run;
pub mod settings;
mod statement;
mod store;
mod table;
pub mod tenant_tx;
mod transaction;
mod tx;
mod wire;
mod writes;

pub use error::StoreError;
pub use feed::{Ack, Feed, FeedEvent, FeedPage, OutboxLag, PruneReport, Stamped};
pub use futures_util::future::BoxFuture;
pub use list::{ListRequest, PAGE_BYTES, Page, PageAt};
pub use records::apps::AppPasswords;
pub use settings::{Backend, Settings};
pub use store::Store;
pub use table::log::{Delivered, LogQuery, LogRow};
pub use tenant_tx::{CreateOutcome, SaveOutcome, TenantTx};
