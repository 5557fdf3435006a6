//! The provisioning log as an operator searches it.

pub mod search;
