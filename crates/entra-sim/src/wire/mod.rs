//! The HTTP traffic: URLs as Entra joins them, headers as Entra sends (or omits) them, answers as Entra reads
//! them.
//!
//! Knows no directory and no job. Next: [`client`] sends, [`endpoint`] makes URLs, [`answer`] classifies
//! answers.

pub mod answer;
pub mod client;
pub mod endpoint;
pub mod pace;
