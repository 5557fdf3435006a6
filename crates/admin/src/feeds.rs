//! Feeds as an operator watches them.

pub mod list;
