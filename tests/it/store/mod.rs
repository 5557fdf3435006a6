//! The store on real servers: every test runs on PostgreSQL (as the plain role that row-level security binds) and on
//! SQLite. Start reading at [`world`].

mod audit;
mod concurrency;
mod credential_guard;
mod epochs;
mod faults;
mod feeds;
mod filters;
mod groups;
mod identities;
mod isolation;
mod lists;
mod logs;
mod migrations;
mod oauth;
mod operator;
mod plans;
mod records;
mod roles;
mod sessions;
pub mod world;
