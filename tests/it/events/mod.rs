//! The delivery of an event (`docs/architecture.md`): order, completeness and recovery of the feeds, over
//! Redis and over HTTP, with real servers that are stopped, frozen, filled, wiped and cut.
//!
//! One gateway a test, used from outside. Read `world.rs` first.

mod acks;
mod duel;
mod epochs;
mod foreign;
mod groups;
mod http_feed;
mod loss;
mod order;
mod outages;
mod schemas;
pub mod snapshot;
mod telemetry;
mod users;
pub mod world;
