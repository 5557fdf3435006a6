//! Tenants: the customers' organisations.

pub mod create;
pub mod freeze;
pub mod get;
pub mod list;
