//! The SCIM use-cases, one file an operation: load → decide (pure) → save the resource, its events and the provisioning-log row
//! together. Each operation is written once, over [`ManagedResource`].
//!
//! Must not know: HTTP, Redis, SeaORM. Decisions are made by [`scim`] and [`domain`]; this crate runs them in one
//! transaction of [`store`].
//!
//! Reading order: [`Request`] (the input of an operation), [`patch`] (the operation Entra uses most), `unit_of_work` (load and
//! save), `resource` (what users and groups share), [`user`] and [`group`] (what differs), [`error`].

pub mod bulk;
pub mod context;
pub mod create;
pub mod delete;
pub mod error;
mod extended;
pub mod get;
pub mod group;
pub mod list;
pub mod list_request;
pub mod log_record;
mod log_row;
pub mod patch;
pub mod replace;
mod request;
mod resource;
pub mod search;
mod taken;
mod unit_of_work;
pub mod user;

pub use context::Context;
pub use error::Error;
pub use extended::Extended;
pub use request::Request;
pub use resource::ManagedResource;
