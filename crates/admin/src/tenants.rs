//! Tenants: the customers' organisations.

pub mod create;
pub mod list;
