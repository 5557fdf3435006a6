//! The domain of Usher without IO: tenants, profiles, directories, credentials, identities and the events of their changes.
//!
//! Must not know: databases, HTTP, Redis, the system clock ([`clock`] gives time and randomness as parameters).
//!
//! Reading order: [`id`] and [`scope`] (access to a tenant), [`profile`] (the attributes of a directory's identities),
//! [`tenant`] and [`credential`] (the records), [`network`], [`token_life`] and [`continuity`] (where and how long a token is good, and how it is renewed),
//! [`identity`] and [`group`] (the resources of a directory), [`policy`] (the requirements of a profile), [`role`] and [`api_key`]
//! (who may do what), [`release_policy`] (what an app sees), [`portal`] (the pages that error texts name), [`event`] (the event of a change), [`actor`] and [`audit`] (who
//! did what, as chains of rows).

pub mod actor;
pub mod api_key;
pub mod audit;
pub mod client;
pub mod clock;
pub mod continuity;
pub mod credential;
pub mod environment;
pub mod event;
pub mod feed;
pub mod group;
pub mod id;
pub mod identity;
pub mod key_hosts;
pub mod log;
pub mod network;
pub mod policy;
pub mod portal;
pub mod position;
pub mod profile;
pub mod providers;
pub mod release_policy;
pub mod role;
pub mod scope;
pub mod tenant;
pub mod token_life;
pub mod trace;
