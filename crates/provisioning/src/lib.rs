//! The SCIM use-cases, one file an operation: load → decide (pure) → commit the resource, its events and the
//! provisioning-log row together.
//!
//! Must not know: HTTP, Redis, SeaORM. Decisions are [`scim`]'s and [`domain`]'s; this room orders them around one
//! transaction of [`store`].
//!
//! Reading order: [`Context`] and [`RequestMetadata`] (what an operation is given), [`error`], then [`users::patch`], the
//! operation Entra uses most, and [`groups`].

pub mod bulk;
pub mod call;
pub mod context;
pub mod error;
mod extended;
pub mod groups;
pub mod lists;
mod taken;
mod unit_of_work;
pub mod users;

pub use call::RequestMetadata;
pub use context::Context;
pub use error::Error;
pub use extended::Extended;
