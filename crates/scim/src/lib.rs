//! The SCIM 2.0 language (RFC 7643, RFC 7644) without any IO: what a resource is, how it is named, filtered, patched,
//! listed and described.
//!
//! Must not know: tenants, databases, HTTP, clocks, randomness. Everything here is a pure function of its arguments.
//!
//! Reading order: [`name`] and [`path`] (how an attribute is spelled), [`schema`] (what attributes there are),
//! [`resource`] (a document in its canonical shape; [`exact`] for its numbers), [`change`] (the difference between two),
//! [`filter`], [`patch`] (with [`membership`] for groups), [`query`], [`etag`], and [`message`] (bodies of responses).
//! [`quirk`] has a function for every deviation of an identity provider from the RFCs.

pub mod bulk;
pub mod change;
pub mod error;
pub mod etag;
pub mod exact;
pub mod filter;
pub mod membership;
pub mod message;
pub mod name;
pub mod patch;
pub mod path;
pub mod query;
pub mod quirk;
pub mod resource;
pub mod schema;

pub use error::{Error, ScimType};
