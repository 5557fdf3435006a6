//! All commands to Redis: the keys ([`key`]), the connection ([`link`]), compare-and-append ([`append`]),
//! groups and trimming ([`groups`]), removal ([`remove`]), users ([`acl`]), the check of the server ([`check`]) and the
//! classification of its errors ([`fault`]).
//!
//! Must not know: the database. Decisions belong in `relay/plan.rs`; this module only sends commands and
//! parses answers.

pub(crate) mod acl;
pub(crate) mod append;
pub(crate) mod check;
pub(crate) mod fault;
pub(crate) mod groups;
pub(crate) mod key;
pub(crate) mod link;
pub(crate) mod remove;

pub use key::StreamKey;
