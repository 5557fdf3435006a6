//! Background jobs (ADR 0047), as operators see them.

pub mod list;
pub mod retry;
