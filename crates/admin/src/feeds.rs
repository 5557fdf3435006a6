//! The feeds, for operators.

pub mod list;
