//! The operators' use-cases, one file an operation: tenants, directories, tokens, apps, API keys, the provisioning
//! log, feeds, the audit log.
//!
//! Each operation takes the [`Context`] and plain text, as an operator types it, and returns records or an
//! [`Error`] whose text says the next step. Each one that changes something writes its row of the audit log with the change
//! (`Context::audit`, `Store::audited`; `Context::create` for what can be asked for with an Idempotency-Key, [`once`]). Must not know: command lines, HTTP, how results are shown, SQL.
//! The command line (`usher tenant …`) and the admin API (`usher-http`) call them.
//!
//! Reading order: [`context`], [`error`], [`directories`], [`tokens`], [`continuity`], [`clients`], [`oauth_keys`], [`apps`], [`api_keys`], [`logs`], [`feeds`], [`jobs`],
//! [`audit`], [`view`].

pub mod api_keys;
pub mod apps;
pub mod audit;
pub mod clients;
pub mod context;
pub mod continuity;
pub mod directories;
pub mod error;
pub mod feeds;
pub mod jobs;
pub mod logs;
pub mod oauth_keys;
pub mod once;
pub mod people;
pub mod tenants;
pub mod tokens;
pub mod view;

pub use context::Context;
pub use error::Error;
