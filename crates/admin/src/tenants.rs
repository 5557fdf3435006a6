//! Customer organisations.

pub mod create;
pub mod list;
