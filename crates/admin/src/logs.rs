//! The search of the provisioning log, for operators.

pub mod search;
