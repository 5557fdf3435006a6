//! The operators' use-cases, one file an operation: tenants, directories, tokens, apps, the provisioning log,
//! feeds.
//!
//! Each operation takes the [`Context`] and plain text, as an operator types it, and returns records or an
//! [`Error`] whose text says the next step. Must not know: command lines, HTTP, how results are shown, SQL.
//! The command line (`usher tenant …`) is the first caller; an HTTP interface would be the second.
//!
//! Reading order: [`context`], [`error`], [`directories`], [`tokens`], [`apps`], [`logs`], [`feeds`], [`jobs`].

pub mod apps;
pub mod context;
pub mod directories;
pub mod error;
pub mod feeds;
pub mod jobs;
pub mod logs;
pub mod tenants;
pub mod tokens;

pub use context::Context;
pub use error::Error;
