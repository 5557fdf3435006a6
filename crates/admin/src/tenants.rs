//! Tenants: the customers' organisations.

pub mod create;
pub mod get;
pub mod list;
