//! Background work: jobs that are due at a time, each done by one of several instances (ADR 0047).
//!
//! A [`Handler`] does the jobs of one kind; [`Jobs`] has all of them, and [`run`] claims what is due and gives it to them. The rows
//! and leases are the store's (`store::Store::claim_jobs`). Must not know: HTTP servers, the command line.
//!
//! Reading order: [`handler`], `decide` (what an attempt comes to, pure), `runner`, [`status`]; then the handlers: [`prune`], [`checkpoints`], [`oauth_keys`],
//! [`notices`], [`continuity`], [`release`]. [`token_watch`] is no job: each instance looks by itself.

pub mod checkpoints;
pub mod continuity;
mod decide;
pub mod handler;
pub mod notices;
pub mod oauth_keys;
pub mod prune;
pub mod release;
mod runner;
pub mod status;
pub mod token_watch;
mod tokens;

pub use handler::{Failure, Handler, Plan, Retries, Then};
pub use runner::{Jobs, run};
pub use status::Status;
pub use store::{BoxFuture, Job, NewJob};
