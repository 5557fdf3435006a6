//! One file a table: its statements, and how its rows become records of `domain`.

pub(crate) mod app;
pub(crate) mod directory;
pub(crate) mod feed;
pub(crate) mod group;
pub(crate) mod identity;
pub(crate) mod keys;
pub(crate) mod lease;
pub mod log;
pub(crate) mod membership;
pub(crate) mod memory;
pub(crate) mod named;
pub(crate) mod names;
pub(crate) mod outbox;
pub(crate) mod read;
pub(crate) mod tenant;
pub(crate) mod token;

#[cfg(test)]
mod tests;
