//! What Usher is about, without any IO: tenants, profiles, directories, credentials, identities and the events their
//! changes make.
//!
//! Must not know: databases, HTTP, Redis, the system clock ([`clock`] gives time and randomness as parameters).
//!
//! Reading order: [`id`] and [`scope`] (who owns what), [`profile`] (what one kind of thing looks like), [`tenant`]
//! and [`credential`] (the records), [`identity`] and [`group`] (what a directory holds), [`policy`] (what a profile demands), [`portal`] (where it is mended) and
//! [`event`] (a change becomes an event).

pub mod clock;
pub mod credential;
pub mod environment;
pub mod event;
pub mod group;
pub mod id;
pub mod identity;
pub mod log;
pub mod policy;
pub mod portal;
pub mod position;
pub mod profile;
pub mod providers;
pub mod scope;
pub mod tenant;
pub mod trace;
