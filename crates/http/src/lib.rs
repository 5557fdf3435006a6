//! The gateway's HTTP side (actix-web): SCIM for customers' identity providers, feeds for apps, the admin
//! API for operators, health for monitoring.
//!
//! A request is observed ([`observe`]), routed ([`scim::route`]), its credential checked before its body is read
//! ([`extract`]), given a permit among its tenant's requests ([`tenant_limits`]), handed to a use-case, and answered from one
//! table of errors ([`scim::error`]). Must not know: SQL, Redis, configuration files; it decides nothing about
//! identities.
//!
//! Reading order: [`state`], [`scim`], [`extract`], [`admin`], [`server`].

pub mod admin;
pub mod backpressure;
pub mod concurrency_limiter;
pub mod connections;
pub mod error_table;
pub mod extract;
pub mod feeds;
pub mod health;
pub mod limits;
pub mod log_budget;
mod long;
pub mod metrics;
pub mod oauth;
pub mod observe;
mod problem;
mod provisioning_token;
mod reading;
pub mod refusal_counts;
pub mod scim;
pub mod server;
pub mod state;
pub mod tenant_limits;

pub use server::{Listeners, Server, Settings, Stop, listen};
pub use state::State;
