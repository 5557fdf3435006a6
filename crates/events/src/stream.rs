//! All commands to Redis: the keys ([`key`]), the connection ([`link`]), what is there ([`look`]), compare-and-append
//! ([`append`]), the stream's beginning, its group and trimming ([`groups`]), removal ([`remove`]), users ([`acl`]), the check of
//! the server ([`check`]) and the
//! classification of its errors ([`fault`]).
//!
//! Must not know: the database. Decisions belong in `relay/plan.rs` and
//! `relay/judge.rs`; this module only sends commands and
//! parses answers.

pub(crate) mod acl;
pub(crate) mod append;
pub(crate) mod check;
pub(crate) mod fault;
pub(crate) mod groups;
pub(crate) mod key;
pub(crate) mod link;
pub(crate) mod look;
pub(crate) mod remove;

pub use key::StreamKey;
