//! Tenants: the customers' organisations.

pub mod create;
pub mod freeze;
pub mod list;
