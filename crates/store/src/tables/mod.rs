//! One file a table: its statements, how its rows become records of `domain`, and what can be done with it.

pub(crate) mod api_key;
pub(crate) mod app;
pub(crate) mod audit;
pub(crate) mod client;
pub(crate) mod client_secret;
pub(crate) mod continuity;
pub(crate) mod credential_memory;
pub(crate) mod deployment;
pub(crate) mod directory;
pub(crate) mod directory_oauth;
pub(crate) mod epoch;
pub(crate) mod fan_out;
pub(crate) mod feed;
pub(crate) mod feed_heads;
pub(crate) mod group;
pub(crate) mod groups_of_member;
pub(crate) mod idempotency;
pub(crate) mod identity;
pub(crate) mod job;
pub(crate) mod keys;
pub(crate) mod lease;
pub(crate) mod log;
pub(crate) mod member_change;
pub(crate) mod membership;
pub(crate) mod names;
pub(crate) mod new_feed;
pub(crate) mod oauth_key;
pub(crate) mod outbox;
pub(crate) mod person;
pub(crate) mod prune;
pub(crate) mod release;
pub(crate) mod renewal;
pub(crate) mod resource;
pub(crate) mod session;
pub(crate) mod snapshot;
pub(crate) mod tenant;
pub(crate) mod token;

#[cfg(test)]
mod tests;
