//! Everything that is said to Redis: the keys ([`key`]), the connection ([`link`]), compare-and-append ([`append`]),
//! groups and trimming ([`groups`]), users ([`acl`]), the look at the server ([`check`]) and what its answers mean ([`fault`]).
//!
//! Must not know: the database. Decisions belong in `relay/plan.rs`; here are questions and answers.

pub(crate) mod acl;
pub(crate) mod append;
pub(crate) mod check;
pub(crate) mod fault;
pub(crate) mod groups;
pub(crate) mod key;
pub(crate) mod link;

pub use key::StreamKey;
